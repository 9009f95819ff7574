/**
 * OpenID Connect (`auth-provider: oidc` of a kubeconfig), as in client-go: the id-token is used until it expires; then the refresh-token is
 * exchanged for a new one at the token endpoint that the issuer publishes. New tokens are written into the kubeconfig, as kubectl does:
 * many issuers accept a refresh-token only once, and with the old one kubectl could not log in any more.
 *
 * Why not openid-client: it checks claims that kubectl does not check, by its own clock.
 */

import { ANY, isValid, jsonAs, map, NON_EMPTY, nullable, optional, STRING, STRINGS } from '#model/schema';
import { InvalidInputError, type KafkaTlsError } from '#reconciler/errors';
import { withDeadline } from '../deadline';
import { type HttpTransport, httpTransport, TransportError, type TransportRequest } from '../http';
import { authorityOf, trustOptions } from '../kubeconfig/cluster';
import { readKubeConfig } from '../kubeconfig/files';
import { saveAuthProvider } from '../kubeconfig/save';
import { networkReason } from '../network-error';
import { agentThrough } from '../proxy/agent-through';
import { isProblem, isThisMachine, proxyFor } from '../proxy/environment';
import type { CredentialContext } from './exec-plugin';
import { type Credential, type CredentialSource, credentialError, type Issued, renewable, whyFailed } from './source';

type OidcConfig = Readonly<Record<string, string>>;

interface OidcTokens {
  readonly 'id-token': string;
  readonly 'refresh-token'?: string;
}

/** As in client-go: a token that is about to expire is not used any more. */
const EXPIRY_MARGIN_MS = 10_000;
const REQUEST_DEADLINE_MS = 30_000;

/** Returns the source of id-tokens. */
export function oidc(context: CredentialContext): CredentialSource {
  let unsaved: Partial<OidcTokens> = {};
  return renewable(context.clock, async (refused) => {
    const login = new Login({ ...savedConfig(context), ...unsaved }, context);
    const known = login.knownToken(refused);
    if (known !== undefined) return known;
    const tokens = await login.refresh();
    unsaved = save(tokens, context) ? {} : tokens;
    return login.issued(tokens['id-token']);
  });
}

/** Returns the provider's configuration as the kubeconfig holds it now: kubectl may have renewed the tokens meanwhile. */
function savedConfig({ chosen: { user, userName, userFile = '' } }: CredentialContext): OidcConfig {
  let saved = user;
  try {
    saved = readKubeConfig(userFile).users.find((u) => u.name === userName)?.entry ?? user;
  } catch {
    // A kubeconfig that was broken or deleted since the run began does not end the run.
  }
  return saved['auth-provider']?.config ?? {};
}

/** Writes new tokens into the kubeconfig; tells whether that was possible. */
function save(tokens: OidcTokens, { chosen: { userName, userFile = '' }, stderr }: CredentialContext): boolean {
  try {
    saveAuthProvider(userFile, userName, { ...tokens });
    return true;
  } catch (error) {
    const warning =
      `kafka-tls: ${userFile}: cannot be written: ${whyFailed(error)}. The issuer gave user ${userName} a new refresh-token, and may not ` +
      'accept the one in this file again. Log in again before the next command.\n';
    // Without a new refresh-token the kubeconfig is as good as before.
    if (tokens['refresh-token'] !== undefined) stderr(warning);
    return false;
  }
}

const CLAIMS = map({ exp: optional(ANY) });
const DISCOVERY = map({ token_endpoint: NON_EMPTY, token_endpoint_auth_methods_supported: nullable(STRINGS) });
const TOKENS = map({ id_token: NON_EMPTY, refresh_token: nullable(STRING) });
const REFUSAL = map({ error: NON_EMPTY, error_description: nullable(STRING) });

/** One login with the configuration of an auth-provider. */
class Login {
  constructor(
    private readonly config: OidcConfig,
    private readonly context: CredentialContext,
  ) {}

  /** Returns the id-token of the kubeconfig while it is valid. One that the API server refused is used again only without a refresh-token. */
  knownToken(refused: Credential | undefined): Issued | undefined {
    const { 'id-token': token, 'refresh-token': refreshToken } = this.config;
    if (token === undefined || (token === refused?.token && refreshToken !== undefined)) return undefined;
    const issued = this.issued(token);
    return this.context.clock.now().getTime() < issued.expiresMs ? issued : undefined;
  }

  /** A token without an expiry counts as expired after its first use. */
  issued(token: string): Required<Issued> {
    const [, payload, signature] = token.split('.');
    const claims = signature === undefined ? undefined : jsonAs(CLAIMS, Buffer.from(payload ?? '', 'base64url').toString());
    if (claims === undefined) throw this.failed('the id-token is not a JSON Web Token');
    const { exp } = claims;
    return { credential: { token }, expiresMs: typeof exp === 'number' ? exp * 1_000 - EXPIRY_MARGIN_MS : 0 };
  }

  /** Exchanges the refresh-token. */
  async refresh(): Promise<OidcTokens> {
    const missing = ['idp-issuer-url', 'client-id', 'refresh-token'].filter((field) => this.config[field] === undefined);
    if (missing.length > 0) throw this.failed(`the id-token has expired, and without ${missing.join(' and ')} there is no new one`);
    const issuer = (this.config['idp-issuer-url'] ?? '').replace(/\/$/, '');
    const discovery = await this.ask(`${issuer}/.well-known/openid-configuration`, { method: 'GET' });
    if (!isValid(DISCOVERY, discovery.value)) throw this.failed(`${issuer} does not publish a token endpoint: ${discovery.answer}`);
    const { token_endpoint, token_endpoint_auth_methods_supported: methods } = discovery.value;
    const { value, answer } = await this.ask(token_endpoint, this.exchange(methods ?? ['client_secret_basic']));
    if (!isValid(TOKENS, value)) throw this.failed(`${issuer} did not renew the id-token: ${refusalIn(value) ?? answer}`);
    return { 'id-token': value.id_token, ...(value.refresh_token ? { 'refresh-token': value.refresh_token } : {}) };
  }

  private exchange(methods: readonly string[]) {
    const { 'client-id': id = '', 'client-secret': secret, 'refresh-token': token = '' } = this.config;
    const isBasic = secret !== undefined && methods.includes('client_secret_basic');
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
    if (!isBasic) form.set('client_id', id);
    if (!isBasic && secret !== undefined) form.set('client_secret', secret);
    const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret ?? '')}`).toString('base64');
    return {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...(isBasic ? { authorization: `Basic ${basic}` } : {}) },
      body: form.toString(),
    } as const;
  }

  /** Returns the answer as JSON, and a description of it that repeats nothing of its body. */
  private async ask(
    address: string,
    request: Omit<TransportRequest, 'path'>,
  ): Promise<{ readonly value: unknown; readonly answer: string }> {
    if (!URL.canParse(address)) throw this.failed(`${address} is not an address`);
    const url = new URL(address);
    const { pathname: path, searchParams } = url;
    const transport = await this.transportTo(new URL(url.origin));
    const onExpiry = () => new TransportError(`no answer within ${REQUEST_DEADLINE_MS / 1_000} s`, { code: 'ETIMEDOUT', wasSent: true });
    try {
      const headers = { accept: 'application/json', ...request.headers };
      const { status, body } = await withDeadline({ clock: this.context.clock, ms: REQUEST_DEADLINE_MS, onExpiry }, (signal) =>
        transport.request({ ...request, path, query: Object.fromEntries(searchParams), headers, signal }),
      );
      const value = status < 300 || status === 400 || status === 401 ? json(String(body)) : undefined;
      return { value, answer: status < 300 ? 'its answer lacks what the standard demands' : `it answered with HTTP status ${status}` };
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      throw this.failed(`the id-token has expired, and ${url.origin} cannot be reached: ${networkReason(error)}`, error);
    } finally {
      transport.close();
    }
  }

  /** Like kubectl, through the proxies of the environment, and with the issuer's own certificate authority. */
  private async transportTo(server: URL): Promise<HttpTransport> {
    if (server.protocol !== 'https:' && !isThisMachine(server)) {
      throw new InvalidInputError(`${server.origin}: has no TLS: tokens are sent over plain HTTP on this machine only.`);
    }
    const proxy = proxyFor(server, undefined, this.context.env);
    if (isProblem(proxy)) throw new InvalidInputError(`${proxy.problem}.`);
    try {
      const { 'idp-certificate-authority': file, 'idp-certificate-authority-data': data } = this.config;
      const tls = trustOptions(authorityOf(file, data));
      return httpTransport(server.href, async () => tls, proxy === undefined ? {} : { agent: await agentThrough(proxy, server, {}) });
    } catch (error) {
      throw this.failed(`idp-certificate-authority: cannot be read: ${whyFailed(error)}`, error);
    }
  }

  private failed(why: string, cause?: unknown): KafkaTlsError {
    return credentialError(this.context.chosen.userName, why, { hint: 'Log in again, as for kubectl.', cause });
  }
}

/** RFC 6749: `invalid_grant` for a refresh-token that is used, revoked or expired. */
function refusalIn(value: unknown): string | undefined {
  if (!isValid(REFUSAL, value)) return undefined;
  const { error, error_description: description } = value;
  return description ? `${error}: ${description.replace(/\.$/, '')}` : error;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
