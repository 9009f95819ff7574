/** Why a connection failed, by Node's error codes. Codes never hold a secret; messages of Node may repeat a value that it was given. */

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no network',
  ETIMEDOUT: 'no answer in time',
};

/** Tells whether no connection was opened at all. */
export function isUnreachable({ code }: { readonly code?: string | undefined }): boolean {
  return code !== undefined && UNREACHABLE[code] !== undefined;
}

/** Tells whether a connection failed because of a certificate, which a retry does not change. */
export function isCertificateProblem(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(code);
}

/** Returns the reason in a few words. */
export function networkReason({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === 'ECONNRESET') return 'the connection was cut';
  const known = UNREACHABLE[code];
  if (known !== undefined) return known;
  // Node adds advice for people who develop with it.
  const [line = ''] = message.replace(/; if the root CA is installed locally, try running Node\.js.*/, '').split('\n');
  const text = line.trim().replace(/\.$/, '');
  return isCertificateProblem(code) ? `its certificate is not accepted (${text})` : text || code;
}
