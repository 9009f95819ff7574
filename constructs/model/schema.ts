/**
 * Structural schemas of custom resources, as far as they are needed to refuse at synth what the API server's strict decoding refuses:
 * unknown fields and values of another type.
 */
import { isMap } from './kube-object';

/** What a value must be. "any" is for what other schemas describe, such as pod templates. */
export type Schema =
  | 'any'
  | 'text'
  | 'whole'
  | 'truth'
  | { readonly oneOf: readonly string[] }
  | { readonly list: Schema }
  /** A map with any keys. */
  | { readonly each: Schema }
  | { readonly fields: Readonly<Record<string, Schema>> };

/** A place in a value that does not follow its schema. */
export interface Misfit {
  /** Path from the value: `certificates[0].privateKey.algorithm`. */
  readonly path: string;
  readonly value: unknown;
  /** What is expected there; absent for a field that the schema does not have. */
  readonly expected?: string;
  /** The fields that the schema has at this place; only for an unknown one. */
  readonly known?: readonly string[];
}

/** Returns a value without the parts that do not follow the schema, and these parts. Null stands for absent, as for the API server. */
export function conform(value: unknown, schema: Schema): { readonly value: unknown; readonly misfits: readonly Misfit[] } {
  if (value === undefined || value === null || schema === 'any') return { value, misfits: [] };
  if (typeof schema === 'string' || 'oneOf' in schema) {
    const expected = expectation(value, schema);
    return expected === undefined ? { value, misfits: [] } : { value: undefined, misfits: [{ path: '', value, expected }] };
  }
  if ('list' in schema) {
    if (!Array.isArray(value)) return { value: undefined, misfits: [{ path: '', value, expected: 'a list' }] };
    const items = value.map((item, i) => below(`[${i}]`, item === undefined || item === null ? absent(item) : conform(item, schema.list)));
    return { value: items.map((i) => i.value).filter((i) => i !== undefined), misfits: items.flatMap((i) => i.misfits) };
  }
  if (!isMap(value)) return { value: undefined, misfits: [{ path: '', value, expected: 'a map' }] };
  const members = Object.entries(value).map(([key, member]) => {
    const inner = 'each' in schema ? schema.each : Object.hasOwn(schema.fields, key) ? schema.fields[key] : undefined;
    if (inner !== undefined) return { key, ...below(key, conform(member, inner)) };
    const known = 'fields' in schema ? Object.keys(schema.fields) : [];
    return { key, value: undefined, misfits: member === undefined ? [] : [{ path: key, value: member, known }] };
  });
  return {
    value: Object.fromEntries(members.filter((m) => m.value !== undefined).map((m) => [m.key, m.value])),
    misfits: members.flatMap((m) => m.misfits),
  };
}

/** Only a field can be absent. An item that is null has no value at all. */
function absent(item: unknown) {
  return { value: undefined, misfits: [{ path: '', value: item, expected: 'a value' }] };
}

function expectation(value: unknown, schema: 'text' | 'whole' | 'truth' | { readonly oneOf: readonly string[] }): string | undefined {
  if (schema === 'text') return typeof value === 'string' ? undefined : 'a text';
  if (schema === 'whole') return Number.isSafeInteger(value) ? undefined : 'a whole number';
  if (schema === 'truth') return typeof value === 'boolean' ? undefined : 'true or false';
  return schema.oneOf.some((one) => one === value) ? undefined : `one of ${schema.oneOf.join(', ')}`;
}

function below(key: string, inner: { readonly value: unknown; readonly misfits: readonly Misfit[] }) {
  const join = (path: string) => (path === '' || path.startsWith('[') ? `${key}${path}` : `${key}.${path}`);
  return { ...inner, misfits: inner.misfits.map((m) => ({ ...m, path: join(m.path) })) };
}
