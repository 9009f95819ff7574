/**
 * The answers that are not a success, in the words and with the fields of Kubernetes' `Status`.
 * Clients decide by code, reason and causes; people read the message.
 */
import { type FieldProblem, formatFieldProblem } from './field-problem';
import type { Resource } from './resources';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** Kubernetes' `Status`, as a failure carries it. */
export interface FailureStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
  readonly code: number;
}

/** A request that cannot be carried out; nothing was changed. */
export class ApiFailure extends Error {
  readonly status: FailureStatus;

  constructor(code: number, reason: string, message: string, details?: FailureStatus['details']) {
    super(message);
    this.name = 'ApiFailure';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** Returns a resource as messages name it: `pods`, `kafkas.kubedb.com`. */
export function qualifiedPlural(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function detailsOf(resource: Resource, name: string): NonNullable<FailureStatus['details']> {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural };
}

export function notFound(resource: Resource, name: string): ApiFailure {
  return new ApiFailure(404, 'NotFound', `${qualifiedPlural(resource)} "${name}" not found`, detailsOf(resource, name));
}

export function alreadyExists(resource: Resource, name: string): ApiFailure {
  return new ApiFailure(409, 'AlreadyExists', `${qualifiedPlural(resource)} "${name}" already exists`, detailsOf(resource, name));
}

export function conflict(resource: Resource, name: string, why: string): ApiFailure {
  const message = `Operation cannot be fulfilled on ${qualifiedPlural(resource)} "${name}": ${why}`;
  return new ApiFailure(409, 'Conflict', message, detailsOf(resource, name));
}

export function staleResourceVersion(resource: Resource, name: string): ApiFailure {
  return conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again');
}

export function uidMismatch(resource: Resource, name: string, wanted: string, found: string): ApiFailure {
  return conflict(resource, name, `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`);
}

export function invalid(resource: Resource, name: string, problems: readonly FieldProblem[]): ApiFailure {
  const texts = problems.map(formatFieldProblem);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const qualifiedKind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  return new ApiFailure(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${list}`, {
    ...detailsOf(resource, name),
    kind: resource.kind,
    causes: problems.map((p) => ({
      reason: p.reason,
      message: formatFieldProblem(p).slice(p.field.length + 2),
      field: p.field,
    })),
  });
}

export function badRequest(message: string): ApiFailure {
  return new ApiFailure(400, 'BadRequest', message);
}

export function forbidden(message: string, resource?: Resource, name = ''): ApiFailure {
  return new ApiFailure(403, 'Forbidden', message, resource === undefined ? undefined : detailsOf(resource, name));
}

export function expired(from: number, oldest: number): ApiFailure {
  return new ApiFailure(410, 'Expired', `too old resource version: ${from} (${oldest})`);
}

export function methodNotAllowed(): ApiFailure {
  return new ApiFailure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

export function unsupportedMediaType(accepted: readonly string[]): ApiFailure {
  return new ApiFailure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

export function internalError(message: string): ApiFailure {
  return new ApiFailure(500, 'InternalError', `Internal error occurred: ${message}`);
}
