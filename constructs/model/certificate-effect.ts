/**
 * Comparison of two specs of a cert-manager Certificate, however they are written. The table in `certificate-fields.ts` says for each field
 * what a value comes to, and whether cert-manager issues again when that changes.
 */
import { CERTIFICATE_ROWS } from './certificate-fields';
import { keyKindOf } from './key-kind';
import type { KubeObject } from './kube-object';
import { type Fields, isEqual, isMap, mapIn } from './plain-data';

/** Returns every field of the spec as it takes effect. */
function effectOf(spec: Fields): Fields {
  return { ...spec, ...Object.fromEntries(CERTIFICATE_ROWS.map(([name, { effect }]) => [name, effect?.(spec[name], spec) ?? spec[name]])) };
}

/** How much a live spec may differ from a wanted one. */
export interface Comparison {
  /** A live list may hold more than the wanted one. Default: false. */
  readonly mayHoldMore?: boolean;
}

/**
 * Returns the fields of the wanted spec that the live spec does not have in effect, such as `dnsNames` or `privateKey.encoding`. Only fields
 * that the wanted spec writes down are compared: other fields belong to other writers. An empty list, map or string is the same as an absent
 * field.
 */
export function differingFields(wanted: unknown, live: unknown, { mayHoldMore = false }: Comparison = {}): readonly string[] {
  return below(mapIn(wanted), effectOf(mapIn(wanted)), effectOf(mapIn(live)), mayHoldMore);
}

function below(written: Fields, wanted: Fields, live: Fields, mayHoldMore: boolean, path = ''): readonly string[] {
  return Object.keys(written).flatMap((key) => {
    const [text, a, b] = [written[key], wanted[key], live[key]];
    if (text === undefined) return [];
    if (isMap(text)) return below(text, mapIn(a), mapIn(b), mayHoldMore, `${path}${key}.`);
    const holds = mayHoldMore && Array.isArray(a) ? a.every((item) => Array.isArray(b) && b.includes(item)) : isEqual(a ?? [], b ?? []);
    return holds ? [] : [`${path}${key}`];
  });
}

/**
 * Returns the wanted spec with every field that the live one has in effect as the live one writes it. Sent like this it takes no field from
 * another writer, and cert-manager, which compares names as texts, issues nothing for a spelling.
 */
export function inLiveSpelling(wanted: Fields, live: unknown): Fields {
  const different = differingFields(wanted, live).map((field) => field.split('.')[0]);
  const has = mapIn(live);
  return Object.fromEntries(
    Object.entries(wanted).map(([field, value]) => [field, different.includes(field) ? value : (has[field] ?? value)]),
  );
}

/** Returns the fields of a Certificate's spec for whose change from `has` to `wants` cert-manager issues again. */
export function reissuingFields(has: unknown, wants: unknown): readonly string[] {
  const [before, after] = [mapIn(has), mapIn(wants)];
  return CERTIFICATE_ROWS.filter(([name, { effect, reissues }]) => {
    if (reissues === undefined) return false;
    const compared = reissues === true ? effect : reissues;
    const [a, b] = [compared?.(before[name], before), compared?.(after[name], after)];
    return a !== undefined && b !== undefined && !isEqual(a, b);
  }).map(([name]) => name);
}

/**
 * Returns a Certificate with its kind of key written down where the live one has its own written down. Server-side apply would not take a
 * field away that another manager has set, and what is not written is not compared.
 */
export function withKeyKind<O extends KubeObject>(wanted: O, live: KubeObject | undefined): O {
  const has = mapIn(mapIn(live?.spec).privateKey);
  if (has.algorithm === undefined && has.size === undefined) return wanted;
  const spec = mapIn(wanted.spec);
  return { ...wanted, spec: { ...spec, privateKey: { ...mapIn(spec.privateKey), ...keyKindOf(spec.privateKey) } } };
}
