/** Permissions: the only user may do everything, except what a test denies. */
import { forbidden, qualified } from './failure';
import { isObject, type JsonObject } from './json';
import type { ResourceRoute } from './route';

/** What is refused with 403. */
export interface Denial {
  readonly verb: string;
  /** Plural, with the subresource if there is one: `pods/eviction`. */
  readonly resource: string;
  /** The only object this is about. */
  readonly name?: string;
  /** The only namespace this is about; empty: requests about all of them. */
  readonly namespace?: string;
}

/** The only user. */
const USER = 'sandbox-admin';

function isDenied({ verb, resource, name, namespace = '' }: Denial, denied: readonly Denial[]): boolean {
  const isAbout = (d: Denial) => (d.name === undefined || d.name === name) && (d.namespace === undefined || d.namespace === namespace);
  return denied.some((d) => d.verb === verb && d.resource === resource && isAbout(d));
}

/** Throws 403, in the words of Kubernetes' RBAC, for a denied access. */
export function requireAccess(route: ResourceRoute, denied: readonly Denial[]): void {
  const { verb, namespace, name, subresource } = route;
  const { plural, group } = route.resource;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  if (!isDenied({ verb, resource, name, namespace: namespace ?? '' }, denied)) return;
  const subject = name === '' ? qualified(resource, group) : `${qualified(resource, group)} "${name}"`;
  const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${subject} is forbidden: User "${USER}" cannot ${verb} resource "${resource}" in API group "${group}" ${scope}`;
  throw forbidden(message, { plural: resource, group }, name);
}

export const REVIEW_PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** Answers a SelfSubjectAccessReview. */
export function reviewAccess(review: unknown, denied: readonly Denial[]): JsonObject {
  const spec = isObject(review) && isObject(review.spec) ? review.spec : {};
  const { verb, resource, subresource, name, namespace } = isObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const wanted = {
    verb: String(verb),
    resource: subresource ? `${resource}/${subresource}` : String(resource),
    name: String(name ?? ''),
    namespace: String(namespace ?? ''),
  };
  const status = { allowed: !isDenied(wanted, denied) };
  return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', metadata: {}, spec, status };
}
