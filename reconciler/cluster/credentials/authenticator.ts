/** Credentials of a kubeconfig's user, in the order in which kubectl prefers them, and as an authenticator of the client library. */
import type { RequestOptions } from 'node:https';
import type { KubeConfig, User } from '@kubernetes/client-node';
import type { UserEntry } from '../kubeconfig/schema';
import type { CredentialContext } from './context';
import { execPlugin } from './exec-plugin';
import { oidc } from './oidc';
import type { Credential, CredentialSource } from './source';
import { tokenFile } from './token-file';

/** Returns where a user's credentials come from, if they change: as in client-go, what the kubeconfig itself holds wins over plugins. */
export function credentialSource(user: UserEntry, context: CredentialContext): CredentialSource | undefined {
  const { token, tokenFile: file, username, exec, 'auth-provider': provider } = user;
  if (file !== undefined) return tokenFile(file, context.userName, token);
  if (token !== undefined || username !== undefined) return undefined;
  if (exec !== undefined) return hasCertificate(user) ? undefined : execPlugin(exec, context);
  return provider?.name === 'oidc' ? oidc(context) : undefined;
}

function hasCertificate(user: UserEntry): boolean {
  return user['client-certificate'] !== undefined || user['client-certificate-data'] !== undefined;
}

/** Name of the provider that stands for a source; none of the client library's own has it. */
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
  /** Replaces the credential that these options showed; tells whether the new one differs. */
  renew(refused: RequestOptions): Promise<boolean>;
}

/** Returns an authenticator that shows what the source has. */
export function sourceAuthenticator(source: CredentialSource): SourceAuthenticator {
  const shown = new WeakMap<object, Credential>();
  return {
    isAuthProvider: (user) => user.authProvider?.name === SOURCE,
    applyAuthentication: async (_, options) => {
      const credential = await source.current();
      const { token, cert, key } = credential;
      shown.set(options, credential);
      if (token !== undefined) options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
      if (cert !== undefined) Object.assign(options, { cert, key });
    },
    renew: async (options) => {
      const refused = shown.get(options);
      if (refused === undefined) return false;
      source.refuse(refused);
      const { token, cert } = await source.current();
      return token !== refused.token || cert !== refused.cert;
    },
  };
}
