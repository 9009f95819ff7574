/** An OpenID Connect issuer on this machine: each refresh-token is accepted once and exchanged for an id-token and the next one. */
import http from 'node:http';
import https from 'node:https';
import type { Issued } from './certificate-factory';
import { LoopbackServer } from './loopback-server';

/** Returns a token that expires then, in seconds since 1970. It is not signed: only an API server would check that. */
export function idToken(exp: number, subject = 'jane'): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part({ sub: subject, exp })}.c2ln`;
}

export class FakeIssuer extends LoopbackServer {
  /** What was asked, in order: the form of a token request, decoded, after the way the client named itself. */
  readonly asked: string[] = [];
  readonly issued: string[] = [];
  /** Seconds since 1970 at which new tokens expire. */
  expires = 4_102_444_800;
  methods: readonly string[] | undefined;
  /** Answers instead of the issuer. */
  answer: ((request: http.IncomingMessage, response: http.ServerResponse) => boolean) | undefined;
  private accepted = '';

  constructor(serving?: Issued) {
    const handler = (request: http.IncomingMessage, response: http.ServerResponse) => void this.handle(request, response);
    const server =
      serving === undefined ? http.createServer(handler) : https.createServer({ cert: serving.cert, key: serving.key }, handler);
    super(serving === undefined ? 'http' : 'https', server);
  }

  get latest(): string {
    return this.issued.at(-1) ?? 'none';
  }

  /** Makes this the refresh-token that is accepted next. */
  accept(refreshToken: string): void {
    this.accepted = refreshToken;
  }

  override forget(): void {
    this.asked.length = 0;
    this.issued.length = 0;
    this.methods = undefined;
    this.answer = undefined;
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { authorization } = request.headers;
    this.asked.push(
      request.method === 'GET' ? `GET ${request.url}` : `POST ${request.url} ${authorization ?? '-'} ${decodeURIComponent(body)}`,
    );
    if (this.answer?.(request, response) === true) return;
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/openid-configuration') {
      const methods = this.methods === undefined ? {} : { token_endpoint_auth_methods_supported: this.methods };
      return void response.end(JSON.stringify({ issuer: this.url, token_endpoint: `${this.url}/token`, ...methods }));
    }
    if (new URLSearchParams(body).get('refresh_token') !== this.accepted) {
      const refusal = { error: 'invalid_grant', error_description: 'refresh token is used or expired' };
      return void response.writeHead(400).end(JSON.stringify(refusal));
    }
    this.issued.push(idToken(this.expires, `jane-${this.issued.length + 1}`));
    this.accepted = `${this.accepted}+`;
    response.end(JSON.stringify({ access_token: 'a', id_token: this.latest, refresh_token: this.accepted, token_type: 'Bearer' }));
  }
}
