/**
 * The answers to a request that fails, in the words and with the fields of Kubernetes' `Status`.
 * Clients decide by code, reason and causes; people read the message.
 */
import type { KubeObject, ObjectMeta } from '#model/kube-object';
import { type FieldProblem, formatProblem, formatProblems } from './field-problem';
import type { Resource } from './resources';

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field?: string }[];
  readonly retryAfterSeconds?: number;
}

/** Returns a `Status` without a code. */
export function statusOf(result: 'Success' | 'Failure', details?: StatusDetails) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: result, ...(details === undefined ? {} : { details }) } as const;
}

/** A request that the API refuses; it changed nothing. */
export class ApiFailure extends Error {
  readonly status;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiFailure';
    this.status = { ...statusOf('Failure', details), message, reason, code };
  }
}

/** Returns a name as messages qualify it: `pods`, `kafkas.kubedb.com`. */
export function qualified(name: string, group: string): string {
  return group === '' ? name : `${name}.${group}`;
}

type Named = Pick<Resource, 'plural' | 'group'>;

/** Returns the details of a `Status` about an object. */
export function detailsOf({ plural, group }: Named, name: string): StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural };
}

export function notFound(resource: Named, name: string): ApiFailure {
  const message = `${qualified(resource.plural, resource.group)} "${name}" not found`;
  return new ApiFailure(404, 'NotFound', message, detailsOf(resource, name));
}

export function alreadyExists(resource: Resource, name: string): ApiFailure {
  const message = `${qualified(resource.plural, resource.group)} "${name}" already exists`;
  return new ApiFailure(409, 'AlreadyExists', message, detailsOf(resource, name));
}

function conflict(resource: Resource, name: string, why: string): ApiFailure {
  const message = `Operation cannot be fulfilled on ${qualified(resource.plural, resource.group)} "${name}": ${why}`;
  return new ApiFailure(409, 'Conflict', message, detailsOf(resource, name));
}

/** Throws 409 unless the live object has the uid and the resourceVersion that the client expects. */
export function requirePreconditions(resource: Resource, { metadata }: KubeObject, wanted: Preconditions): void {
  const { uid, resourceVersion } = wanted;
  if (uid && uid !== metadata.uid)
    throw conflict(resource, metadata.name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    const why = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(resource, metadata.name, why);
  }
}

export type Preconditions = Pick<ObjectMeta, 'uid' | 'resourceVersion'>;

export function invalid(resource: Resource, name: string, problems: readonly FieldProblem[]): ApiFailure {
  const message = `${qualified(resource.kind, resource.group)} "${name}" is invalid: ${formatProblems(problems)}`;
  const causes = problems.map((problem) => ({ reason: problem.reason, message: formatProblem(problem), field: problem.field }));
  return new ApiFailure(422, 'Invalid', message, { ...detailsOf(resource, name), kind: resource.kind, causes });
}

export function badRequest(message: string): ApiFailure {
  return new ApiFailure(400, 'BadRequest', message);
}

export function forbidden(message: string, resource?: Named, name = ''): ApiFailure {
  return new ApiFailure(403, 'Forbidden', message, resource === undefined ? undefined : detailsOf(resource, name));
}

export function expired(from: number, oldest: number): ApiFailure {
  return new ApiFailure(410, 'Expired', `too old resource version: ${from} (${oldest})`);
}

export function methodNotAllowed(): ApiFailure {
  return new ApiFailure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

export function unsupportedMediaType(accepted: readonly string[]): ApiFailure {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new ApiFailure(415, 'UnsupportedMediaType', message);
}

export function internalError(message: string): ApiFailure {
  return new ApiFailure(500, 'InternalError', `Internal error occurred: ${message}`);
}
