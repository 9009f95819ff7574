/**
 * What the API server's strict decoding refuses in the spec of a manifest: fields that a kind does not have, and values of another type.
 * Whether a string has the right form is left to the rules of the kind, which know what to advise.
 */
import { CERTIFICATE_SPEC } from './certificate-fields';
import { ISSUER_SPEC } from './kinds/cert-manager';
import { KAFKA_SPEC, OPS_REQUEST_SPEC } from './kinds/kubedb';
import { type KubeObject, refOf } from './kube-object';
import { isMap } from './plain-data';
import { formatPath, issuesOf, type Keys, type Schema, unknownParts } from './schema';
import { type Violation, violationsFor } from './violation';

const SPECS: Readonly<Record<string, Schema>> = {
  Kafka: KAFKA_SPEC,
  KafkaOpsRequest: OPS_REQUEST_SPEC,
  Certificate: CERTIFICATE_SPEC,
  Issuer: ISSUER_SPEC,
};

/** Returns an object without the parts of its spec that its kind cannot have, and a violation for each of them. */
export function conformToSchema(object: KubeObject): { readonly object: KubeObject; readonly violations: readonly Violation[] } {
  const schema = SPECS[object.kind];
  if (schema === undefined) return { object, violations: [] };
  const spec = withoutNull(object.spec);
  const ofOtherType = issuesOf(schema, spec).filter(
    ({ keys, value, isOfType }) => isOfType && (value !== undefined || isIndex(keys.at(-1))),
  );
  const unknown = unknownParts(schema, spec);
  const violations = [
    ...ofOtherType.map(({ keys, value, expected }) => typeViolation(object, keys, value, expected)),
    ...unknown.map(({ keys, value, known, isField }) => {
      return isField
        ? fieldViolation(object, formatPath(keys), value, known)
        : typeViolation(object, keys, value, `one of ${known.join(', ')}`);
    }),
  ];
  return {
    object: {
      ...object,
      spec: without(
        spec,
        [...ofOtherType, ...unknown].map(({ keys }) => keys),
      ),
    },
    violations,
  };
}

/** The API server takes null for an absent field. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (!isMap(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, withoutNull(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined && member !== null));
}

function without(value: unknown, parts: readonly Keys[]): unknown {
  if (parts.length === 0) return value;
  if (parts.some((keys) => keys.length === 0)) return undefined;
  const below = (key: string | number) => parts.filter(([first]) => first === key).map(([, ...rest]) => rest);
  if (Array.isArray(value)) return value.map((item, i) => without(item, below(i))).filter((item) => item !== undefined);
  if (!isMap(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, without(member, below(key))] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

function isIndex(key: string | number | undefined): boolean {
  return typeof key === 'number';
}

function typeViolation(object: KubeObject, keys: Keys, value: unknown, expected: string): Violation {
  return violationsFor(refOf(object)).error(formatPath(['spec', ...keys]), value, `${expected} is expected`, `Write ${expected}.`);
}

function fieldViolation(object: KubeObject, path: string, value: unknown, known: readonly string[]): Violation {
  const { error, warning } = violationsFor(refOf(object));
  const isKubeDb = object.kind.startsWith('Kafka');
  if (isKubeDb && /^tls\.certificates\[\d+\]\.privateKey\.(algorithm|size)$/.test(path)) {
    const hint = 'KubeDB chooses the kind of key. Under Executor.native() the prop keyAlgorithm chooses it.';
    return error(`spec.${path}`, value, "KubeDB's tls.certificates[] has no such field", hint);
  }
  const owner = !isKubeDb ? `cert-manager's ${object.kind}` : path.startsWith('tls.') ? "KubeDB's tls" : `KubeDB's ${object.kind}`;
  const hint = known.length === 0 ? 'Remove it.' : `Remove it, or use one of ${known.join(', ')}.`;
  // A later KubeDB may have further fields, and the escape hatches are for these. Fields of `tls` are read here, and must be known.
  const severity = isKubeDb && !path.startsWith('tls.') ? warning : error;
  return severity(`spec.${path}`, value, `${owner} has no such field`, hint);
}
