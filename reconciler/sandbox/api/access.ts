/** Who may do what: everybody everything, except what a test denies. */
import { ApiFailure } from './failure';
import { isTree, type Tree } from './json';

/** What is refused with 403. */
export interface Denial {
  readonly verb: string;
  /** Plural, with the subresource if there is one: `pods/eviction`. */
  readonly resource: string;
  /** The only object this is about. */
  readonly name?: string;
}

export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The only user there is. */
export const USER = 'sandbox-admin';

function isDenied(access: Pick<Access, 'verb' | 'resource' | 'name'>, denied: readonly Denial[]): boolean {
  return denied.some((d) => d.verb === access.verb && d.resource === access.resource && (d.name === undefined || d.name === access.name));
}

/** Throws 403, in the words of Kubernetes' RBAC, for what is denied. */
export function requireAccess(access: Access, denied: readonly Denial[]): void {
  if (!isDenied(access, denied)) return;
  const { verb, group, resource, namespace, name } = access;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const subject = name === '' ? qualified : `${qualified} "${name}"`;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${subject} is forbidden: User "${USER}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  throw new ApiFailure(403, 'Forbidden', message, { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource });
}

export const RULES_REVIEW_PATH = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';

/** Answers a SelfSubjectRulesReview: everything, and the answer is incomplete where something is denied. */
export function reviewRules(review: unknown, denied: readonly Denial[]): Tree {
  const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    metadata: {},
    spec: isTree(review) ? (review.spec ?? {}) : {},
    status: { resourceRules: [all], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }], incomplete: denied.length > 0 },
  };
}

export const REVIEW_PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** Answers a SelfSubjectAccessReview. */
export function reviewAccess(review: unknown, denied: readonly Denial[]): Tree {
  const spec: Tree = isTree(review) ? (review.spec ?? {}) : {};
  const { verb, resource, subresource, name } = (spec.resourceAttributes ?? {}) as Tree;
  const wanted = { verb: String(verb), resource: subresource ? `${resource}/${subresource}` : String(resource), name: String(name ?? '') };
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: {},
    spec,
    status: { allowed: !isDenied(wanted, denied) },
  };
}
