/**
 * Every way in which an API call fails, as an error that says who refused what, why, and what to do. The only place that reads
 * Kubernetes' `Status` objects of failures.
 */

import { groupOf, type Kind, type ObjectRef } from '../../constructs/model/kube-object';
import { INSTALLED_BY } from '../../constructs/model/kubedb';
import { ClusterError, InvalidInputError, type KafkaTlsError } from '../errors';
import { ANY_TEXT, fits, listOf, mapOf, NUMBER, nullable, oneOf, optional } from '../shape';
import { PROXY_FAILED, type TransportError } from './http';

/** What was asked of the API server, in RBAC's words. */
export interface Call {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'update' | 'delete';
  readonly kind: Kind;
  readonly subresource?: 'status' | 'eviction';
  readonly namespace?: string | undefined;
  /** Absent when the call is about many objects. */
  readonly subject?: ObjectRef;
}

/** A failure as the server tells it. */
export interface Failure {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  /** Whether it is about an object that does not exist, not about a resource type. */
  readonly isMissingObject: boolean;
  /** Whether something in front of the API server answered: a web page, or a way to one. */
  readonly isForeign: boolean;
  readonly retryAfterSeconds?: number;
}

/** Returns what a failed answer says; a body that is no `Status` is quoted. */
export function failureOf(status: number, headers: Readonly<Record<string, string>>, body: string): Failure {
  const said = statusObject(body);
  const isPage = /^\s*</.test(body);
  const isRedirect = status >= 300 && status < 400;
  const details = said?.details;
  const seconds = Number(headers['retry-after'] ?? details?.retryAfterSeconds ?? undefined);
  return {
    status,
    reason: said?.reason || DEFAULT_REASONS[status] || 'Unknown',
    message: said?.message || (isRedirect ? redirection(headers.location) : isPage ? pageIn(body) : firstLine(body)) || 'no reason given',
    causes: details?.causes ?? [],
    isMissingObject: status === 404 && Boolean(details?.name),
    isForeign: isPage || isRedirect,
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  };
}

function firstLine(body: string): string | undefined {
  return body.trim().split('\n')[0]?.slice(0, 300);
}

function pageIn(html: string): string {
  const [, title] = /<title[^>]*>([^<]*)</i.exec(html) ?? [];
  return title?.trim() ? `a web page was answered, with the title "${title.trim().slice(0, 100)}"` : 'a web page was answered';
}

/** A path may hold a token. */
function redirection(location: string | undefined): string | undefined {
  return location !== undefined && URL.canParse(location) ? `it leads on to ${new URL(location).origin}` : undefined;
}

/** What to look at where something else than an API server answers. */
export const NO_SERVER = 'Check that the address is that of an API server, and not of a proxy or login page.';

const DEFAULT_REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

interface StatusObject {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly causes?: Failure['causes'] | null;
    readonly retryAfterSeconds?: number | null;
  } | null;
}

const STATUS = mapOf({
  kind: oneOf(['Status']),
  reason: optional(ANY_TEXT),
  message: optional(ANY_TEXT),
  details: nullable(
    mapOf({
      name: optional(ANY_TEXT),
      retryAfterSeconds: nullable(NUMBER),
      causes: nullable(listOf(mapOf({ reason: optional(ANY_TEXT), message: optional(ANY_TEXT), field: optional(ANY_TEXT) }))),
    }),
  ),
});

function statusObject(body: string): StatusObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return fits(STATUS, value) ? (value as StatusObject) : undefined;
  } catch {
    return undefined;
  }
}

/** Tells whether the same request may be answered otherwise a little later. */
export function isTransient(status: number): boolean {
  return status === 429 || status >= 500;
}

/** Returns the error of a failed answer. */
export function apiError(call: Call, failure: Failure): KafkaTlsError {
  const { status, reason, message } = failure;
  const said = `${call.verb} failed: ${status} ${reason}: ${withoutDot(message)}`;
  if (failure.isForeign) return clusterError(call, failure, said, NO_SERVER);
  if (status === 401)
    return clusterError(
      call,
      failure,
      'the API server does not accept these credentials',
      'Log in again, or check the token or certificate that the kubeconfig names.',
    );
  if (status === 403) return forbidden(call, failure);
  if (status === 404 && !failure.isMissingObject && isOptionalApi(call.kind)) return notInstalled(call, failure);
  if (status === 409 && failure.causes.some((c) => c.reason === 'FieldManagerConflict')) return ownedByOther(call, failure);
  if (status === 400 || status === 413 || status === 422) return refused(call, failure);
  return clusterError(call, failure, said);
}

/** Returns the error of a call that got no answer. */
export function unreachable(server: string, error: TransportError): ClusterError {
  if (isCredentialProblem(error.code)) {
    return new ClusterError(
      `API server ${server}: cannot be asked: a certificate, key or token cannot be used (${withoutDot(error.message)}).`,
      {
        status: 0,
        reason: error.code,
        hint: 'Check what the user and the cluster in the kubeconfig hold.',
        cause: error,
      },
    );
  }
  return new ClusterError(`API server ${server}: cannot be reached: ${wordsFor(error)}.`, {
    status: 0,
    reason: error.code || 'NoAnswer',
    retryable: !isCertificateProblem(error.code),
    hint: hintFor(error.code),
    cause: error,
  });
}

function hintFor(code: string): string {
  if (code === PROXY_FAILED)
    return 'Check the proxy. Hosts in NO_PROXY are reached without HTTPS_PROXY; proxy-url of the kubeconfig wins over both.';
  return isCertificateProblem(code)
    ? "Check certificate-authority-data of the cluster in the kubeconfig, and the server's name."
    : 'Check that the cluster runs and that the context is the one you mean.';
}

/** Tells whether a connection failed over a certificate, which no repetition cures. */
export function isCertificateProblem(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(code);
}

/** Tells whether a connection could not even be begun with what it was given. */
function isCredentialProblem(code: string): boolean {
  return /^ERR_(OSSL|INVALID_CHAR|CRYPTO)/.test(code);
}

/** Returns why no answer came. */
export function wordsFor({ code, message }: Pick<TransportError, 'code' | 'message'>): string {
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'the connection was cut',
    ENOTFOUND: 'its name is not known',
    EAI_AGAIN: 'its name cannot be looked up',
    EHOSTUNREACH: 'no route to it',
    ENETUNREACH: 'no network',
    ETIMEDOUT: 'no answer in time',
  };
  if (known[code] !== undefined) return known[code];
  const said = withoutDot((message.split('\n')[0] ?? '').replace(/; if the root CA is installed locally, try running Node\.js.*/, ''));
  return isCertificateProblem(code) ? `its certificate is not accepted (${said})` : said || code;
}

function clusterError(call: Call, failure: Failure, why: string, hint?: string): ClusterError {
  return new ClusterError(`${prefix(call)}${why}.`, {
    ...(call.subject === undefined ? {} : { subject: call.subject }),
    status: failure.status,
    reason: failure.reason,
    retryable: isTransient(failure.status),
    ...(failure.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: failure.retryAfterSeconds }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Errors with a subject begin with it; those about many objects begin with their kind and namespace. */
function prefix(call: Call): string {
  return call.subject === undefined ? `${[call.kind.kind, call.namespace].filter(Boolean).join('/')}: ` : '';
}

function forbidden(call: Call, failure: Failure): KafkaTlsError {
  const message = withoutDot(failure.message);
  // Admission, quota and RBAC share the status; only the words differ.
  if (/denied the request/.test(message)) return refused(call, failure);
  if (!/ cannot /.test(message)) return clusterError(call, failure, `${call.verb} failed: 403 ${failure.reason}: ${message}`);
  const verb = call.subresource === 'eviction' ? 'create' : call.verb;
  const resource = [call.kind.plural, call.subresource].filter(Boolean).join('/');
  const group = groupOf(call.kind.apiVersion);
  const where = call.namespace === undefined ? 'in the whole cluster' : `in namespace ${call.namespace}`;
  const role = call.namespace === undefined ? 'a ClusterRole' : `a Role of namespace ${call.namespace}`;
  return clusterError(
    call,
    failure,
    `may not ${verb} ${resource}${group === '' ? '' : `.${group}`} ${where}: 403 ${failure.reason}: ${message}`,
    `Bind ${role} with the rule {apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]} to that user.`,
  );
}

function isOptionalApi(kind: Kind): boolean {
  return kind.apiVersion.includes('.');
}

function notInstalled(call: Call, failure: Failure): ClusterError {
  const { kind } = call;
  const operator = INSTALLED_BY.find((i) => i.kind.kind === kind.kind && i.kind.apiVersion === kind.apiVersion)?.operator;
  return new ClusterError(
    `${prefix(call)}${kind.plural}.${groupOf(kind.apiVersion)} (${kind.apiVersion}) is not installed in this cluster.`,
    {
      ...(call.subject === undefined ? {} : { subject: call.subject }),
      status: failure.status,
      reason: 'NotInstalled',
      hint: operator === undefined ? 'Install the operator that brings it.' : `Install ${operator}.`,
    },
  );
}

function ownedByOther(call: Call, failure: Failure): ClusterError {
  const managers = [...new Set(failure.causes.flatMap((c) => /conflict with "([^"]*)"/.exec(c.message ?? '')?.[1] ?? []))];
  const fields = failure.causes.flatMap((c) => (c.field === undefined ? [] : [c.field.replace(/^\./, '')]));
  const whose = managers.length === 0 ? 'another field manager' : managers.map((m) => `field manager "${m}"`).join(' and ');
  return clusterError(
    call,
    failure,
    `${fields.length === 0 ? 'some of its fields' : fields.join(', ')} ${fields.length === 1 ? 'belongs' : 'belong'} to ${whose}: ${failure.status} ${failure.reason}`,
    `Take these fields out of what ${whose} applies, or take them out here.`,
  );
}

/** Schema, validation or an admission webhook said no: what was sent is wrong. */
function refused(call: Call, failure: Failure): InvalidInputError {
  const causes = failure.causes
    .filter((c) => c.message !== undefined)
    .map((c) => `${c.field ? `${c.field}: ` : ''}${withoutDot(c.message ?? '')}.`);
  const head = `${prefix(call)}${call.verb} was refused: ${failure.status} ${failure.reason}`;
  const options = call.subject === undefined ? {} : { subject: call.subject };
  if (causes.length === 0) return new InvalidInputError(`${head}: ${withoutDot(failure.message)}.`, options);
  return new InvalidInputError(causes.length === 1 ? `${head}: ${causes[0]}` : [`${head}:`, ...causes], options);
}

function withoutDot(text: string): string {
  return text.trim().replace(/\.$/, '');
}
