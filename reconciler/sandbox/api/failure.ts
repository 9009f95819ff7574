/**
 * The answers to a request that fails, in the words and with the fields of Kubernetes' `Status`.
 * Clients decide by code, reason and causes; people read the message.
 */
import type { KubeObject, ObjectMeta } from '#model/kube-object';
import { isObject } from './json';
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
export function status(result: 'Success' | 'Failure', details?: StatusDetails) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: result, ...(details === undefined ? {} : { details }) } as const;
}

/** A request that the API refuses; it changed nothing. */
export class ApiFailure extends Error {
  readonly status;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiFailure';
    this.status = { ...status('Failure', details), message, reason, code };
  }
}

const TITLES = {
  FieldValueInvalid: 'Invalid value',
  FieldValueTypeInvalid: 'Invalid value',
  FieldValueRequired: 'Required value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueDuplicate: 'Duplicate value',
} as const;

/** A problem of one field, in the words of Kubernetes' field errors. */
export interface FieldProblem {
  readonly reason: keyof typeof TITLES;
  /** Path as a user would write it: `spec.tls.certificates[0].alias`. */
  readonly field: string;
  readonly value?: unknown;
  readonly detail: string;
}

export function invalidValue(field: string, value: unknown, detail: string): FieldProblem {
  return { reason: 'FieldValueInvalid', field, value, detail };
}

/** An invalid value that is secret or too large to be printed. */
export function malformed(field: string, detail: string): FieldProblem {
  return { reason: 'FieldValueInvalid', field, detail };
}

export function tooLong(field: string, maxBytes: number): FieldProblem {
  return malformed(field, `Too long: may not be more than ${maxBytes} bytes`);
}

export function wrongType(field: string, value: unknown, type: string): FieldProblem {
  const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  const detail = `${field} in body must be of type ${type}: "${found}"`;
  return { reason: 'FieldValueTypeInvalid', field, value: isObject(value) ? 'object' : value, detail };
}

export function requiredValue(field: string, detail = ''): FieldProblem {
  return { reason: 'FieldValueRequired', field, detail };
}

export function unsupportedValue(field: string, value: unknown, supported: readonly unknown[]): FieldProblem {
  const list = supported.map((v) => JSON.stringify(v)).join(', ');
  return { reason: 'FieldValueNotSupported', field, value, detail: `supported values: ${list}` };
}

export function forbiddenValue(field: string, detail: string): FieldProblem {
  return { reason: 'FieldValueForbidden', field, detail };
}

export function duplicateValue(field: string, value: unknown): FieldProblem {
  return { reason: 'FieldValueDuplicate', field, value, detail: '' };
}

/** Returns the problems of a list of rules, each written as `isBroken && problem`. */
export function problemsOf(...found: readonly (FieldProblem | false)[]): FieldProblem[] {
  return found.filter((problem) => problem !== false);
}

/** Returns problems as the API server prints them: `spec.replicas: Invalid value: 0: must be greater than 0`. */
export function formatProblems(problems: readonly FieldProblem[]): string {
  const texts = problems.map((problem) => `${problem.field}: ${explain(problem)}`);
  return texts.length === 1 ? String(texts[0]) : `[${texts.join(', ')}]`;
}

function explain({ reason, value, detail }: FieldProblem): string {
  return [TITLES[reason], ...(value === undefined ? [] : [JSON.stringify(value)]), ...(detail === '' ? [] : [detail])].join(': ');
}

/** Returns a name as messages qualify it: `pods`, `kafkas.kubedb.com`. */
export function qualified(name: string, group: string): string {
  return group === '' ? name : `${name}.${group}`;
}

type Named = Pick<Resource, 'plural' | 'group'>;

function detailsOf({ plural, group }: Named, name: string): StatusDetails {
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
  const causes = problems.map((problem) => ({ reason: problem.reason, message: explain(problem), field: problem.field }));
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
