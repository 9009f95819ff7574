/** An API server on this machine that refuses everybody and writes down what it was shown. */
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
          const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 });
          response.writeHead(403, { 'content-type': 'application/json' }).end(body);
        },
      ),
    );
  }

  override forget(): void {
    this.seen.length = 0;
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
