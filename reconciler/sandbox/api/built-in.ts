/** What Kubernetes does with its own kinds on the way in, as far as controllers come to feel it. */
import { isEqual, KINDS, type KubeObject } from '../../../constructs/model/kube-object';
import { type FieldProblem, forbiddenValue, invalidValue } from './field-problem';
import { isTree, type Tree } from './json';
import type { Resource } from './resources';

/** Completes a draft the way its kind does by itself. */
export function completeBuiltIn(resource: Resource, draft: Tree, old: KubeObject | undefined): void {
  if (resource.isCustom) return;
  if (resource.kind === KINDS.Secret.kind) completeSecret(draft);
  if (resource.kind === KINDS.Namespace.kind && old === undefined) {
    draft.status = { phase: 'Active' };
    draft.metadata.labels = { ...draft.metadata.labels, 'kubernetes.io/metadata.name': draft.metadata.name };
  }
  if (resource.kind === KINDS.Pod.kind && old === undefined) draft.status = { phase: 'Pending' };
}

function completeSecret(draft: Tree): void {
  draft.type ??= 'Opaque';
  if (draft.stringData === undefined) return;
  const encoded = Object.entries(draft.stringData).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  draft.data = { ...draft.data, ...Object.fromEntries(encoded) };
  delete draft.stringData;
}

/** Returns what is wrong with an object of Kubernetes' own kinds. */
export function kindProblems(resource: Resource, draft: Tree, old: KubeObject | undefined): FieldProblem[] {
  if (resource.kind === KINDS.Secret.kind) return secretProblems(draft, old);
  if (resource.kind === KINDS.ConfigMap.kind) return textProblems('data', draft.data);
  if (old === undefined) return [];
  if (resource.kind === KINDS.Job.kind && !isEqual(draft.spec?.template, old.spec?.template)) {
    return [invalidValue('spec.template', 'object', 'field is immutable')];
  }
  if (resource.kind === KINDS.Pod.kind && !isEqual(fixedPart(draft.spec), fixedPart(old.spec))) {
    return [forbiddenValue('spec', 'pod updates may not change fields other than `spec.containers[*].image`')];
  }
  return [];
}

function secretProblems(secret: Tree, old: KubeObject | undefined): FieldProblem[] {
  const problems = Object.entries(isTree(secret.data) ? secret.data : {}).flatMap(([key, value]): FieldProblem[] => {
    const isBase64 = typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
    return isBase64 ? [] : [{ reason: 'FieldValueInvalid', field: `data[${key}]`, detail: 'illegal base64 data' }];
  });
  if (old !== undefined && old.type !== secret.type) problems.push(invalidValue('type', secret.type, 'field is immutable'));
  const size = Object.values(isTree(secret.data) ? secret.data : {}).reduce<number>(
    (sum, value) => sum + Math.floor((String(value).length * 3) / 4),
    0,
  );
  if (size > 1_048_576)
    problems.push({ reason: 'FieldValueInvalid', field: 'data', detail: 'Too long: may not be more than 1048576 bytes' });
  const required = secret.type === 'kubernetes.io/tls' ? ['tls.crt', 'tls.key'] : [];
  for (const key of required)
    if (secret.data?.[key] === undefined) problems.push({ reason: 'FieldValueRequired', field: `data[${key}]`, detail: '' });
  return problems;
}

function textProblems(field: string, data: unknown): FieldProblem[] {
  const entries = Object.entries(isTree(data) ? data : {});
  const problems = entries
    .filter(([, value]) => typeof value !== 'string')
    .map(([key, value]) => invalidValue(`${field}[${key}]`, value, 'must be a string'));
  const size = entries.reduce((sum, [, value]) => sum + Buffer.byteLength(String(value)), 0);
  return size > 1_048_576
    ? [...problems, { reason: 'FieldValueInvalid', field: '', detail: 'Too long: may not be more than 1048576 bytes' }]
    : problems;
}

/** The part of a pod's spec that no update may change. */
function fixedPart(spec: Tree | undefined): Tree {
  const {
    containers = [],
    initContainers = [],
    activeDeadlineSeconds: _a,
    tolerations: _t,
    terminationGracePeriodSeconds: _g,
    ...rest
  } = spec ?? {};
  const withoutImage = (list: readonly Tree[]) => list.map(({ image: _image, ...container }) => container);
  return { ...rest, containers: withoutImage(containers), initContainers: withoutImage(initContainers) };
}
