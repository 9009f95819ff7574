/** Which cut-overs have to be acknowledged in Git before they begin. */
import { formatAcknowledgement } from '../../constructs/model/desired';
import { KINDS, ref } from '../../constructs/model/kube-object';
import { isSameTls } from '../../constructs/model/tls';
import type { World } from './checks/world';
import type { Obstacle } from './nouns';
import { isOurs, lastConverging, stateBefore, unfinished } from './requests';
import type { Cut } from './trust';

/**
 * Returns the obstacle of a cut that nobody acknowledged. The reverse of the last operation needs no acknowledgement (a revert must work
 * at any hour), and neither does going on with an operation that was begun.
 */
export function missingAcknowledgement(cut: Cut | undefined, { bundle, live }: World): Obstacle | undefined {
  if (cut === undefined) return undefined;
  const { desired, tls } = bundle;
  const given = desired.acknowledge.some((a) => a.kind === cut.needs.kind && a.issuer === cut.needs.issuer);
  if (given) return undefined;
  const last = lastConverging(live.requests, desired.owner);
  const before = last === undefined ? undefined : stateBefore(last);
  if (before !== undefined && isSameTls(live.name, before, tls)) return undefined;
  const isBegun = unfinished(live.requests).some(
    (r) => isOurs(r, desired.owner) && r.metadata.name.startsWith(bundle.converge.metadata.name),
  );
  if (isBegun) return undefined;
  const wanted = formatAcknowledgement(cut.needs);
  return {
    kind: 'invalid',
    subject: ref(KINDS.Kafka, live.namespace, live.name),
    message: `${cut.because}: ${whoIsAffected(cut)}, and nobody has acknowledged it`,
    hint: `When that is arranged, add acknowledge: [${wanted}] to its Tls and commit.`,
  };
}

function whoIsAffected(cut: Cut): string {
  switch (cut.needs.kind) {
    case 'clientsMoveToTls':
      return 'every client has to connect with TLS from then on';
    case 'clientsLeaveTls':
      return 'every client has to connect without TLS from then on';
    case 'trustRootChangesTo':
      return `every client has to trust the root of issuer ${cut.needs.issuer}`;
  }
}
