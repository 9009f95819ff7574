/**
 * The user of a kubeconfig as a user of @kubernetes/client-node, with our own authenticator for credentials that change.
 *
 * Its own authenticators are not used: the one for plugins does not pass the cluster or the terminal, hides what the plugin prints, and
 * does not ask again after a 401; the one for OpenID Connect keeps renewed tokens in memory only, so that a refresh-token that is accepted
 * once is lost; the one for token files knows only the ServiceAccount's; impersonation knows only the user (`test/cluster/client-node.test.ts`).
 */
import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { KubeConfig, User } from '@kubernetes/client-node';
import type { UserEntry } from '../kubeconfig/schema';
import { type CredentialContext, execPlugin } from './exec-plugin';
import { oidc } from './oidc';
import { type Credential, type CredentialSource, tokenFile } from './source';

/** Returns the source of credentials that change; as in client-go, credentials in the kubeconfig itself win over plugins. */
export function credentialSource(context: CredentialContext): CredentialSource | undefined {
  const { user, userName } = context.chosen;
  const { token, tokenFile: file, username, exec, 'auth-provider': provider } = user;
  if (file !== undefined) return tokenFile(file, userName, token);
  if (token !== undefined || username !== undefined) return undefined;
  const hasCertificate = user['client-certificate'] !== undefined || user['client-certificate-data'] !== undefined;
  if (exec !== undefined) return hasCertificate ? undefined : execPlugin(exec, context);
  return provider?.name === 'oidc' ? oidc(context) : undefined;
}

/** The auth-provider that stands for a credential source; the library has none of this name. */
const SOURCE = 'credential-source';

/** Returns the user as the client library knows it. */
export function clientUser(user: UserEntry, name: string, source: CredentialSource | undefined): User {
  const { token, username, password = '' } = user;
  const fields = {
    certFile: user['client-certificate'],
    certData: user['client-certificate-data'],
    keyFile: user['client-key'],
    keyData: user['client-key-data'],
    ...(source === undefined ? { token, username, password } : { authProvider: { name: SOURCE } }),
  };
  return { name, ...(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<User>) };
}

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0];

export interface SourceAuthenticator extends Authenticator {
  /** Replaces the credential that these options hold; tells whether the new one differs. */
  renew(refused: RequestOptions): Promise<boolean>;
}

/** Returns an authenticator that adds the credential of a source to the options of a request. */
export function sourceAuthenticator(source: CredentialSource): SourceAuthenticator {
  const used = new WeakMap<object, Credential>();
  return {
    isAuthProvider: (user) => user.authProvider?.name === SOURCE,
    applyAuthentication: async (_, options) => {
      const credential = await source.current();
      const { token, cert, key } = credential;
      used.set(options, credential);
      if (token !== undefined) options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
      if (cert !== undefined) Object.assign(options, { cert, key });
    },
    renew: async (options) => {
      const refused = used.get(options);
      if (refused === undefined) return false;
      source.refuse(refused);
      const { token, cert } = await source.current();
      return token !== refused.token || cert !== refused.cert;
    },
  };
}

/** Returns the headers of impersonation (`as`, `as-uid`, `as-groups` and `as-user-extra`); none without `as`. */
export function impersonationHeaders(user: UserEntry): OutgoingHttpHeaders {
  const { as, 'as-uid': uid, 'as-groups': groups = [], 'as-user-extra': extra = {} } = user;
  if (as === undefined) return {};
  return {
    'Impersonate-User': bytes(as),
    ...(uid === undefined ? {} : { 'Impersonate-Uid': bytes(uid) }),
    ...(groups.length === 0 ? {} : { 'Impersonate-Group': groups.map(bytes) }),
    ...Object.fromEntries(Object.entries(extra).map(([key, values]) => [`Impersonate-Extra-${escaped(key)}`, values.map(bytes)])),
  };
}

/** A header name allows few characters: the bytes of all others are percent-encoded, and so is the percent sign, as in client-go. */
function escaped(key: string): string {
  const legal = /^[!#$&'*+\-.^_`|~0-9A-Za-z]$/;
  const encode = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return [...Buffer.from(key)].map((b) => (legal.test(String.fromCharCode(b)) ? String.fromCharCode(b) : encode(b))).join('');
}

/** Node writes each character of a header as one byte; Kubernetes reads UTF-8. */
function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
