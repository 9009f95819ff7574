/** Selects the writes of a run by their kind: verb and resource. */
import type { TransportRequest } from '#reconciler/cluster/http';
import type { Aim } from '../chaos/program';
import { askedBy } from './asked';

/** Aims at the first write of each kind. */
export function firstOfEachKind(): { readonly kinds: readonly string[]; readonly aim: Aim } {
  const kinds: string[] = [];
  const aim: Aim = ({ method, path }) => {
    const { verb, resource } = askedBy({ method: method as TransportRequest['method'], path: path.replace(/\?.*/, '') }) ?? {};
    const kind = `${verb} ${resource}`;
    if (kinds.includes(kind)) return false;
    kinds.push(kind);
    return true;
  };
  return { kinds, aim };
}
