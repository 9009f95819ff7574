/** Permissions: the only user may do everything, except what a test denies. */
import { forbidden, qualified } from './failure';
import { isObject, type JsonObject } from './json';

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

/** The only user. */
const USER = 'sandbox-admin';

function isDenied(access: Pick<Access, 'verb' | 'resource' | 'name'>, denied: readonly Denial[]): boolean {
  return denied.some((d) => d.verb === access.verb && d.resource === access.resource && (d.name === undefined || d.name === access.name));
}

/** Throws 403, in the words of Kubernetes' RBAC, for a denied access. */
export function requireAccess(access: Access, denied: readonly Denial[]): void {
  if (!isDenied(access, denied)) return;
  const { verb, group, resource, namespace, name } = access;
  const subject = name === '' ? qualified(resource, group) : `${qualified(resource, group)} "${name}"`;
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${subject} is forbidden: User "${USER}" cannot ${verb} resource "${resource}" in API group "${group}" ${scope}`;
  throw forbidden(message, { plural: resource, group }, name);
}

export const REVIEW_PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** Answers a SelfSubjectAccessReview. */
export function reviewAccess(review: unknown, denied: readonly Denial[]): JsonObject {
  const spec = isObject(review) && isObject(review.spec) ? review.spec : {};
  const { verb, resource, subresource, name } = isObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const wanted = { verb: String(verb), resource: subresource ? `${resource}/${subresource}` : String(resource), name: String(name ?? '') };
  const status = { allowed: !isDenied(wanted, denied) };
  return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', metadata: {}, spec, status };
}
