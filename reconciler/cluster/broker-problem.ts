/** Why a broker did not answer, from the errors of Node and of @platformatic/kafka. */
import { isUnreachable, networkReason } from './network-error';

/** Why a broker did not answer. The message is a clause, and holds nothing that a peer sent. */
export class BrokerProblem extends Error {
  constructor(
    message: string,
    /** Another client certificate may be accepted. */
    readonly isAboutIdentity = false,
  ) {
    super(message);
  }
}

interface Problem {
  /** Node's code or Kafka's error. */
  readonly code: RegExp;
  readonly message: string;
  readonly isAboutIdentity?: boolean;
}

const PROBLEMS: readonly Problem[] = [
  { code: /^SASL_AUTHENTICATION_FAILED$/, message: 'it refuses the user or the password' },
  { code: /^UNSUPPORTED_SASL_MECHANISM$/, message: 'it does not have the SASL mechanism of the client file' },
  {
    code: /SELF_SIGNED|^UNABLE_TO_GET_ISSUER|^UNABLE_TO_VERIFY|^CERT_SIGNATURE_FAILURE$/,
    message: 'its certificate is not signed by a CA in the Secrets of this Kafka',
  },
  { code: /^CERT_HAS_EXPIRED$/, message: 'its certificate has expired' },
  { code: /^ERR_TLS_CERT_ALTNAME_INVALID$/, message: 'its certificate is not valid for its name' },
  { code: /^ERR_SSL_.*ALERT/, message: 'it refuses our certificate', isAboutIdentity: true },
  { code: /^ERR_(SSL|OSSL)_/, message: 'the TLS handshake fails' },
];

/** Returns the failure in our words: messages of a peer or of the library may hold a credential. */
export function problemOf(error: unknown, isTls: boolean): BrokerProblem {
  const all = [...chainOf(error)];
  const codes = all.flatMap(({ apiId, code = '' }) => apiId ?? (code.startsWith('PLT_KFK_') ? [] : code));
  for (const { code, message, isAboutIdentity } of PROBLEMS) {
    const found = codes.find((c) => code.test(c));
    if (found !== undefined) return new BrokerProblem(/^ERR_O?SSL/.test(found) ? `${message} (${found})` : message, isAboutIdentity);
  }
  const apiId = all.map((e) => e.apiId).find((id) => id !== undefined);
  if (apiId !== undefined) return new BrokerProblem(`it answers ${apiId}`);
  const unreachable = all.find(isUnreachable);
  if (unreachable !== undefined) return new BrokerProblem(networkReason({ code: unreachable.code ?? '', message: '' }));
  if (all.some((e) => /timed out/.test(e.message ?? ''))) return new BrokerProblem('no answer in time');
  return new BrokerProblem(`it closes the connection after ${isTls ? 'TLS' : 'plaintext'}`, isTls);
}

interface Cause {
  readonly code?: string;
  readonly apiId?: string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** An error and all of its causes. */
function* chainOf(error: unknown): Generator<Cause> {
  if (typeof error !== 'object' || error === null) return;
  const { cause, errors = [] } = error as Cause;
  yield error as Cause;
  for (const inner of errors) yield* chainOf(inner);
  yield* chainOf(cause);
}
