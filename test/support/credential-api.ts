/** An API server on this machine that lets no request through, and writes down which credentials it was shown. */
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Issued } from './certificate-factory';
import { LoopbackServer } from './loopback-server';

export interface Shown {
  readonly authorization: string | undefined;
  /** Headers of impersonation, one a value, in order. */
  readonly impersonation: readonly string[];
  /** Common name of the client certificate. */
  readonly client: string | undefined;
  readonly servername: string | undefined;
}

export class CredentialApi extends LoopbackServer {
  readonly seen: Shown[] = [];
  /** Tokens that it does not know (401). All others may do nothing (403). */
  readonly unknown = new Set<string>();

  constructor(serving: Issued, clientCa: string) {
    super(
      'https',
      https.createServer(
        { cert: serving.cert, key: serving.key, ca: clientCa, requestCert: true, rejectUnauthorized: false },
        (request, response) => {
          const socket = request.socket as TLSSocket & { readonly servername?: string | false };
          this.seen.push({
            authorization: request.headers.authorization,
            impersonation: impersonationIn(request.rawHeaders),
            client: socket.getPeerCertificate().subject?.CN?.toString(),
            servername: socket.servername || undefined,
          });
          const isUnknown = this.unknown.has(request.headers.authorization?.replace('Bearer ', '') ?? '');
          const [code, reason] = isUnknown ? [401, 'Unauthorized'] : [403, 'Forbidden'];
          const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
          response.writeHead(code, { 'content-type': 'application/json' }).end(body);
        },
      ),
    );
  }

  override forget(): void {
    this.seen.length = 0;
    this.unknown.clear();
  }
}

/** A header that was sent several times counts several times. */
function impersonationIn(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders
    .flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1] ?? ''] as const] : []))
    .filter(([name]) => name.startsWith('impersonate-'))
    .map(([name, value]) => `${name}: ${Buffer.from(value, 'latin1').toString()}`)
    .sort();
}
