/** The defaults and checks that Kubernetes has for its own kinds, as far as controllers notice them. */
import { isEqual, KINDS, type KubeObject } from '#model/kube-object';
import { type FieldProblem, invalidValue, malformed, problemsOf, requiredValue, tooLong } from './field-problem';
import { type Draft, isObject, valueAt } from './json';
import type { Resource } from './resources';

const MAX_BYTES = 1_048_576;

/** Fills in the fields of a draft that its kind has by default. */
export function completeBuiltIn(resource: Resource, draft: Draft, old: KubeObject | undefined): void {
  if (resource.isCustom) return;
  if (resource.kind === KINDS.Secret.kind) completeSecret(draft);
  if (resource.kind === KINDS.Namespace.kind && old === undefined) {
    draft.status = { phase: 'Active' };
    draft.metadata.labels = { ...draft.metadata.labels, 'kubernetes.io/metadata.name': draft.metadata.name };
  }
  if (resource.kind === KINDS.Pod.kind && old === undefined) draft.status = { phase: 'Pending' };
}

function completeSecret(draft: Draft): void {
  draft.type ??= 'Opaque';
  if (!isObject(draft.stringData)) return;
  const encoded = Object.entries(draft.stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  draft.data = { ...(isObject(draft.data) ? draft.data : {}), ...Object.fromEntries(encoded) };
  delete draft.stringData;
}

/** Returns the problems of an object of Kubernetes' own kinds. */
export function kindProblems(resource: Resource, draft: Draft, old: KubeObject | undefined): FieldProblem[] {
  switch (resource.kind) {
    case KINDS.Secret.kind:
      return secretProblems(draft, old);
    case KINDS.ConfigMap.kind:
      return configProblems(draft);
    case KINDS.Job.kind: {
      const isChanged = old !== undefined && !isEqual(valueAt(draft, 'spec.template'), valueAt(old, 'spec.template'));
      return problemsOf(isChanged && invalidValue('spec.template', 'object', 'field is immutable'));
    }
    default:
      return [];
  }
}

function secretProblems(secret: Draft, old: KubeObject | undefined): FieldProblem[] {
  const data = isObject(secret.data) ? secret.data : {};
  const isBase64 = (value: unknown) => typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
  const bytes = Object.values(data).reduce<number>((sum, value) => sum + Math.floor((String(value).length * 3) / 4), 0);
  const required = secret.type === 'kubernetes.io/tls' ? ['tls.crt', 'tls.key'] : [];
  return problemsOf(
    ...Object.entries(data).map(([key, value]) => !isBase64(value) && malformed(`data[${key}]`, 'illegal base64 data')),
    old !== undefined && old.type !== secret.type && invalidValue('type', secret.type, 'field is immutable'),
    bytes > MAX_BYTES && tooLong('data', MAX_BYTES),
    ...required.map((key) => data[key] === undefined && requiredValue(`data[${key}]`)),
  );
}

function configProblems(configMap: Draft): FieldProblem[] {
  const entries = Object.entries(isObject(configMap.data) ? configMap.data : {});
  const bytes = entries.reduce((sum, [, value]) => sum + Buffer.byteLength(String(value)), 0);
  return problemsOf(
    ...entries.map(([key, value]) => typeof value !== 'string' && invalidValue(`data[${key}]`, value, 'must be a string')),
    bytes > MAX_BYTES && tooLong('', MAX_BYTES),
  );
}
