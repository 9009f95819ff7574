/**
 * Every failure of an API call as an error that names the call, the reason and what to do. The only place that reads the `Status` objects
 * of failures.
 */
import { groupOf, type Kind, type ObjectRef } from '#model/kube-object';
import { INSTALLED_BY } from '#model/kubedb';
import { type Infer, jsonAs, list, map, NUMBER, nullable, oneOf, optional, optionals, STRING } from '#model/schema';
import { ClusterError, InvalidInputError, type KafkaTlsError } from '../errors';
import { PROXY_FAILED, type TransportError } from './http';
import { isCertificateProblem, networkReason } from './network-error';

/** A request to the API server, in RBAC's words. */
export interface Call {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'update' | 'delete';
  readonly kind: Kind;
  readonly subresource?: 'status' | 'eviction' | undefined;
  readonly namespace?: string | undefined;
  /** Absent when the call is about many objects. */
  readonly subject?: ObjectRef;
}

/** A failure as the server reports it. */
export interface Failure {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  /** Whether an object does not exist, as opposed to a resource type. */
  readonly isMissingObject: boolean;
  /** Whether something in front of the API server answered: with a web page or a redirect. */
  readonly isForeign: boolean;
  readonly retryAfterSeconds?: number;
}

/** Returns the failure in an answer; a body that is not a `Status` is quoted. */
export function failureOf(status: number, headers: Readonly<Record<string, string>>, body: string): Failure {
  const { reason, message, details }: Partial<Infer<typeof STATUS>> = jsonAs(STATUS, body) ?? {};
  const isPage = /^\s*</.test(body);
  const isRedirect = status >= 300 && status < 400;
  const text = isRedirect ? redirect(headers.location) : isPage ? pageTitle(body) : body.trim().split('\n')[0]?.slice(0, 300);
  const seconds = Number(headers['retry-after'] ?? details?.retryAfterSeconds ?? undefined);
  return {
    status,
    reason: reason || DEFAULT_REASONS[status] || 'Unknown',
    message: message || text || 'no reason given',
    causes: details?.causes ?? [],
    isMissingObject: status === 404 && Boolean(details?.name),
    isForeign: isPage || isRedirect,
    ...(seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  };
}

function pageTitle(html: string): string {
  const title = /<title[^>]*>([^<]*)</i.exec(html)?.[1]?.trim().slice(0, 100);
  return title ? `the answer is a web page with the title "${title}"` : 'the answer is a web page';
}

/** Without the path, which may hold a token. */
function redirect(location = ''): string | undefined {
  return URL.canParse(location) ? `the answer redirects to ${new URL(location).origin}` : undefined;
}

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

const STATUS = map({
  kind: oneOf(['Status']),
  reason: optional(STRING),
  message: optional(STRING),
  details: nullable(
    map({
      name: optional(STRING),
      retryAfterSeconds: nullable(NUMBER),
      causes: nullable(list(map(optionals({ reason: STRING, message: STRING, field: STRING })))),
    }),
  ),
});

/** Tells whether the same request may get another answer a little later. */
export function isTransient(status: number): boolean {
  return status === 429 || status >= 500;
}

/** Hint for answers that do not come from an API server. */
export const NO_SERVER = 'Check that the address is that of an API server, and not of a proxy or login page.';

/** Returns the error of a failed answer. */
export function apiError(call: Call, failure: Failure): KafkaTlsError {
  const { status, reason, message } = failure;
  const why = `${call.verb} failed: ${status} ${reason}: ${withoutDot(message)}`;
  if (failure.isForeign) return clusterError(call, failure, why, NO_SERVER);
  if (status === 401) {
    const hint = 'Log in again, or check the token or certificate that the kubeconfig names.';
    return clusterError(call, failure, 'the API server does not accept these credentials', hint);
  }
  if (status === 403) return forbidden(call, failure, why);
  const isOptionalApi = call.kind.apiVersion.includes('.');
  if (status === 404 && !failure.isMissingObject && isOptionalApi) return notInstalled(call, failure);
  if (status === 409 && failure.causes.some((c) => c.reason === 'FieldManagerConflict')) return ownedByOther(call, failure);
  if (status === 400 || status === 413 || status === 422) return refused(call, failure);
  return clusterError(call, failure, why);
}

function clusterError(call: Call, failure: Failure, why: string, hint?: string): ClusterError {
  const { status, reason, retryAfterSeconds } = failure;
  return new ClusterError(`${prefix(call)}${why}.`, {
    ...subjectOf(call),
    status,
    reason,
    retryable: isTransient(status),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(hint === undefined ? {} : { hint }),
  });
}

function subjectOf({ subject }: Call): { readonly subject?: ObjectRef } {
  return subject === undefined ? {} : { subject };
}

/** Errors with a subject begin with it; those about many objects begin with their kind and namespace. */
export function prefix({ subject, kind, namespace }: Call): string {
  return subject === undefined ? `${[kind.kind, namespace].filter(Boolean).join('/')}: ` : '';
}

function forbidden(call: Call, failure: Failure, why: string): KafkaTlsError {
  const { kind, namespace, subresource } = call;
  const message = withoutDot(failure.message);
  // Admission, quota and RBAC share the status; only the messages differ.
  if (/denied the request/.test(message)) return refused(call, failure);
  if (!/ cannot /.test(message)) return clusterError(call, failure, why);
  const verb = subresource === 'eviction' ? 'create' : call.verb;
  const resource = [kind.plural, subresource].filter(Boolean).join('/');
  const group = groupOf(kind.apiVersion);
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
  const role = namespace === undefined ? 'a ClusterRole' : `a Role of namespace ${namespace}`;
  return clusterError(
    call,
    failure,
    `may not ${verb} ${[resource, group].filter(Boolean).join('.')} ${where}: 403 ${failure.reason}: ${message}`,
    `Bind ${role} with the rule {apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]} to that user.`,
  );
}

function notInstalled(call: Call, { status }: Failure): ClusterError {
  const { kind, apiVersion, plural } = call.kind;
  const operator = INSTALLED_BY.find((i) => i.kind.kind === kind && i.kind.apiVersion === apiVersion)?.operator;
  return new ClusterError(`${prefix(call)}${plural}.${groupOf(apiVersion)} (${apiVersion}) is not installed in this cluster.`, {
    ...subjectOf(call),
    status,
    reason: 'NotInstalled',
    hint: operator === undefined ? 'Install the operator that defines it.' : `Install ${operator}.`,
  });
}

function ownedByOther(call: Call, failure: Failure): ClusterError {
  const managers = [...new Set(failure.causes.flatMap((c) => /conflict with "([^"]*)"/.exec(c.message ?? '')?.[1] ?? []))];
  const fields = failure.causes.flatMap((c) => (c.field === undefined ? [] : [c.field.replace(/^\./, '')]));
  const owner = managers.length === 0 ? 'another field manager' : managers.map((m) => `field manager "${m}"`).join(' and ');
  const owned = fields.length === 0 ? 'some of its fields belong' : `${fields.join(', ')} ${fields.length === 1 ? 'belongs' : 'belong'}`;
  return clusterError(
    call,
    failure,
    `${owned} to ${owner}: ${failure.status} ${failure.reason}`,
    `Remove these fields from the manifest that ${owner} applies, or remove them here.`,
  );
}

/** The schema, a validation or an admission webhook refused the object: the input is wrong. */
function refused(call: Call, failure: Failure): InvalidInputError {
  const causes = failure.causes
    .filter((c) => c.message !== undefined)
    .map((c) => `${c.field ? `${c.field}: ` : ''}${withoutDot(c.message ?? '')}.`);
  const head = `${prefix(call)}${call.verb} was refused: ${failure.status} ${failure.reason}`;
  if (causes.length > 1) return new InvalidInputError([`${head}:`, ...causes], subjectOf(call));
  return new InvalidInputError(`${head}: ${causes[0] ?? `${withoutDot(failure.message)}.`}`, subjectOf(call));
}

/** Returns the error of a call without an answer. */
export function unreachable(server: string, error: TransportError): ClusterError {
  const { code, message } = error;
  // Node refuses unusable keys, certificates and headers before it connects.
  if (/^ERR_(OSSL|INVALID_CHAR|CRYPTO)/.test(code)) {
    const why = `a certificate, key or token cannot be used (${withoutDot(message)})`;
    const hint = 'Check the certificates, keys and tokens of the user and the cluster in the kubeconfig.';
    return new ClusterError(`API server ${server}: no request can be sent: ${why}.`, { status: 0, reason: code, hint, cause: error });
  }
  return new ClusterError(`API server ${server}: cannot be reached: ${networkReason(error)}.`, {
    status: 0,
    reason: code || 'NoAnswer',
    retryable: !isCertificateProblem(code),
    hint: hintFor(code),
    cause: error,
  });
}

function hintFor(code: string): string {
  if (code === PROXY_FAILED)
    return 'Check the proxy. Hosts in NO_PROXY are reached without HTTPS_PROXY; proxy-url of the kubeconfig wins over both.';
  return isCertificateProblem(code)
    ? "Check certificate-authority-data of the cluster in the kubeconfig, and the server's name."
    : 'Check that the cluster runs and that the context is the intended one.';
}

function withoutDot(text: string): string {
  return text.trim().replace(/\.$/, '');
}
