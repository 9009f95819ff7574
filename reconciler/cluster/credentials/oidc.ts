/**
 * OpenID Connect (`auth-provider: oidc` of a kubeconfig), as in client-go: the id-token is shown until it expires; then the refresh-token
 * is exchanged for a new one at the token endpoint that the issuer publishes. New tokens are written back into the kubeconfig, as kubectl
 * does: many issuers accept a refresh-token only once, and with the old one kubectl could not log in any more.
 */
import { KafkaTlsError } from '#reconciler/errors';
import { ANY_TEXT, fits, mapOf, nullable, TEXT, TEXTS } from '#reconciler/input/schema';
import type { Clock } from '#reconciler/ports';
import { withDeadline } from '../deadline';
import { type HttpTransport, TransportError, type TransportRequest } from '../http';
import { networkReason } from '../network-error';
import { type Credential, type CredentialSource, credentialError, type Issued, renewable, whyFailed } from './source';

export type OidcConfig = Readonly<Record<string, string>>;

export interface OidcTokens {
  readonly 'id-token': string;
  readonly 'refresh-token'?: string;
}

export interface OidcContext {
  readonly userName: string;
  readonly clock: Clock;
  /** Returns the provider's configuration as the kubeconfig holds it now: kubectl may have renewed the tokens meanwhile. */
  readonly read: () => OidcConfig;
  /** Writes new tokens into the kubeconfig; tells whether that was possible. */
  readonly save: (tokens: OidcTokens) => boolean;
  /** Returns a transport to the issuer or its token endpoint. */
  readonly transportTo: (server: URL, config: OidcConfig) => Promise<HttpTransport>;
}

/** As in client-go: a token that is about to expire is not shown any more. */
const EXPIRY_MARGIN_MS = 10_000;
const REQUEST_DEADLINE_MS = 30_000;

/** Returns the source of id-tokens. */
export function oidc(context: OidcContext): CredentialSource {
  let unsaved: Partial<OidcTokens> = {};
  return renewable(context.clock, async (refused) => {
    const config: OidcConfig = { ...context.read(), ...unsaved };
    const known = shownUntilExpiry(config, refused, context);
    if (known !== undefined) return known;
    const tokens = await new Refresh(config, context).tokens();
    unsaved = context.save(tokens) ? {} : tokens;
    const token = tokens['id-token'];
    return { credential: { token }, expiresMs: expiryOf(token, context) };
  });
}

/** Returns the id-token of the kubeconfig while it is valid. One that the API server refused is shown again only if there is no way to another. */
function shownUntilExpiry(config: OidcConfig, refused: Credential | undefined, context: OidcContext): Issued | undefined {
  const { 'id-token': token, 'refresh-token': refreshToken } = config;
  if (token === undefined || (token === refused?.token && refreshToken !== undefined)) return undefined;
  const expiresMs = expiryOf(token, context);
  return context.clock.now().getTime() < expiresMs ? { credential: { token }, expiresMs } : undefined;
}

/** Returns when a token is no longer shown; 0 for one that does not state its expiry. */
function expiryOf(token: string, { userName }: OidcContext): number {
  const [, payload, signature] = token.split('.');
  const claims = signature === undefined ? undefined : json(Buffer.from(payload ?? '', 'base64url').toString());
  if (typeof claims !== 'object' || claims === null) throw credentialError(userName, 'the id-token is not a JSON Web Token');
  const { exp } = claims as { readonly exp?: unknown };
  return typeof exp === 'number' ? exp * 1_000 - EXPIRY_MARGIN_MS : 0;
}

const DISCOVERY = mapOf({ token_endpoint: TEXT, token_endpoint_auth_methods_supported: nullable(TEXTS) });
const TOKENS = mapOf({ id_token: TEXT, refresh_token: nullable(ANY_TEXT) });
const REFUSAL = mapOf({ error: TEXT, error_description: nullable(ANY_TEXT) });

interface Discovery {
  readonly token_endpoint: string;
  readonly token_endpoint_auth_methods_supported?: readonly string[] | null;
}

/** One exchange of a refresh-token. */
class Refresh {
  private readonly issuer: string;

  constructor(
    private readonly config: OidcConfig,
    private readonly context: OidcContext,
  ) {
    const missing = ['idp-issuer-url', 'client-id', 'refresh-token'].filter((field) => config[field] === undefined);
    if (missing.length > 0) throw this.failed(`the id-token has expired, and without ${missing.join(' and ')} there is no new one`);
    this.issuer = (config['idp-issuer-url'] ?? '').replace(/\/$/, '');
  }

  async tokens(): Promise<OidcTokens> {
    const discovery = await this.ask(`${this.issuer}/.well-known/openid-configuration`, { method: 'GET' });
    if (!fits(DISCOVERY, discovery.value)) throw this.failed(`${this.issuer} does not publish a token endpoint: ${discovery.answer}`);
    const { token_endpoint, token_endpoint_auth_methods_supported: methods } = discovery.value as Discovery;
    const { value, answer } = await this.ask(token_endpoint, this.exchange(methods ?? ['client_secret_basic']));
    if (!fits(TOKENS, value)) throw this.failed(`${this.issuer} did not renew the id-token: ${refusalIn(value) ?? answer}`);
    const { id_token, refresh_token } = value as { readonly id_token: string; readonly refresh_token?: string | null };
    return { 'id-token': id_token, ...(refresh_token ? { 'refresh-token': refresh_token } : {}) };
  }

  private exchange(methods: readonly string[]) {
    const { 'client-id': id = '', 'client-secret': secret, 'refresh-token': token = '' } = this.config;
    const isBasic = secret !== undefined && methods.includes('client_secret_basic');
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
    if (!isBasic) form.set('client_id', id);
    if (!isBasic && secret !== undefined) form.set('client_secret', secret);
    const basic = `${encodeURIComponent(id)}:${encodeURIComponent(secret ?? '')}`;
    return {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(isBasic ? { authorization: `Basic ${Buffer.from(basic).toString('base64')}` } : {}),
      },
      body: form.toString(),
    } as const;
  }

  /** Returns the answer as JSON, and in words that hold nothing of its body. */
  private async ask(
    address: string,
    request: Omit<TransportRequest, 'path'>,
  ): Promise<{ readonly value: unknown; readonly answer: string }> {
    if (!URL.canParse(address)) throw this.failed(`${address} is not an address`);
    const url = new URL(address);
    const transport = await this.context.transportTo(new URL(url.origin), this.config).catch((error) => {
      throw error instanceof KafkaTlsError ? error : this.failed(`idp-certificate-authority: cannot be read: ${whyFailed(error)}`, error);
    });
    const onExpiry = () => new TransportError(`no answer within ${REQUEST_DEADLINE_MS / 1_000} s`, { code: 'ETIMEDOUT', wasSent: true });
    try {
      const { status, body } = await withDeadline({ clock: this.context.clock, ms: REQUEST_DEADLINE_MS, onExpiry }, (signal) =>
        transport.request({
          ...request,
          path: url.pathname,
          query: Object.fromEntries(url.searchParams),
          headers: { accept: 'application/json', ...request.headers },
          signal,
        }),
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

  private failed(why: string, cause?: unknown) {
    return credentialError(this.context.userName, why, { hint: 'Log in again, as for kubectl.', cause });
  }
}

/** RFC 6749: `invalid_grant` for a refresh-token that is used, revoked or expired. */
function refusalIn(value: unknown): string | undefined {
  if (!fits(REFUSAL, value)) return undefined;
  const { error, error_description: description } = value as { readonly error: string; readonly error_description?: string | null };
  return description ? `${error}: ${description.replace(/\.$/, '')}` : error;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
