/** What the API server's strict decoding refuses: fields that a kind does not have, and values of another type. */
import { type KubeObject, refOf } from './kube-object';
import { SPEC_SCHEMAS } from './manifest-schemas';
import { conform, type Misfit } from './schema';
import { type Violation, violationsFor } from './violation';

/** Returns an object without the parts of its spec that its kind cannot have, and a violation for each of them. */
export function conformToSchema(object: KubeObject): { readonly object: KubeObject; readonly violations: readonly Violation[] } {
  const schema = SPEC_SCHEMAS[object.kind];
  if (schema === undefined) return { object, violations: [] };
  const { value, misfits } = conform(object.spec, schema);
  return { object: { ...object, spec: value }, violations: misfits.map((misfit) => violationOf(object, misfit)) };
}

function violationOf(object: KubeObject, { path, value, expected, known = [] }: Misfit): Violation {
  const { error, warning } = violationsFor(refOf(object));
  const field = path === '' ? 'spec' : `spec.${path}`;
  if (expected !== undefined) return error(field, value, `${expected} is expected`, `Write ${expected}.`);
  const isKubeDb = object.kind.startsWith('Kafka');
  if (isKubeDb && /^tls\.certificates\[\d+\]\.privateKey\.(algorithm|size)$/.test(path)) {
    const hint = 'KubeDB chooses the kind of key. Under Executor.native() the prop keyAlgorithm chooses it.';
    return error(field, value, "KubeDB's tls.certificates[] has no such field", hint);
  }
  const owner = !isKubeDb ? `cert-manager's ${object.kind}` : path.startsWith('tls.') ? "KubeDB's tls" : `KubeDB's ${object.kind}`;
  const hint = known.length === 0 ? 'Remove it.' : `Remove it, or use one of ${known.join(', ')}.`;
  // A later KubeDB may have further fields, and the escape hatches are for these. What is in `tls` is read here, and has to be known.
  const complain = isKubeDb && !path.startsWith('tls.') ? warning : error;
  return complain(field, value, `${owner} has no such field`, hint);
}
