/** What sources of credentials need to know of the chosen context, and how they reach files and issuers. */
import { InvalidInputError } from '#reconciler/errors';
import { type HttpTransport, httpTransport } from '../http';
import { authorityOf, execCluster, trustOptions } from '../kubeconfig/cluster';
import { type ChosenContext, readKubeConfig } from '../kubeconfig/files';
import { saveAuthProvider } from '../kubeconfig/save';
import { agentThrough, isProblem, isThisMachine, proxyFor } from '../proxy/environment';
import type { ExecPluginContext } from './exec-plugin';
import type { OidcConfig, OidcContext } from './oidc';
import { whyFailed } from './source';

export type CredentialContext = ExecPluginContext & OidcContext;

type Surroundings = Pick<ExecPluginContext, 'env' | 'clock' | 'stderr' | 'ends'>;

/** Returns the context of the chosen user's credentials. */
export function credentialContext(chosen: ChosenContext, surroundings: Surroundings): CredentialContext {
  const { cluster, user, userName, userFile = '' } = chosen;
  const { env, stderr } = surroundings;
  return {
    ...surroundings,
    userName,
    cluster: () => execCluster(cluster),
    read: () => (userIn(userFile, userName) ?? user)['auth-provider']?.config ?? {},
    save: (tokens) => {
      try {
        saveAuthProvider(userFile, userName, { ...tokens });
        return true;
      } catch (error) {
        // With the refresh-token that it has, the kubeconfig is as good as before.
        if (tokens['refresh-token'] !== undefined) stderr(unsavedWarning(userFile, userName, error));
        return false;
      }
    },
    transportTo: (server, config) => issuerTransport(server, config, env),
  };
}

/** A kubeconfig that was broken or removed since the run began does not end the run. */
function userIn(file: string, name: string): ChosenContext['user'] | undefined {
  try {
    return readKubeConfig(file).users.find((u) => u.name === name)?.entry;
  } catch {
    return undefined;
  }
}

function unsavedWarning(file: string, userName: string, error: unknown): string {
  return (
    `kafka-tls: ${file}: cannot be written: ${whyFailed(error)}. The issuer gave user ${userName} a new refresh-token, and may not accept ` +
    'the one in this file again. Log in again before the next command.\n'
  );
}

/** Returns a transport to an issuer; like kubectl, through the proxies of the environment, and with the issuer's own certificate authority. */
async function issuerTransport(server: URL, config: OidcConfig, env: ExecPluginContext['env']): Promise<HttpTransport> {
  if (server.protocol !== 'https:' && !isThisMachine(server)) {
    throw new InvalidInputError(`${server.origin}: has no TLS: tokens are sent over plain HTTP on this machine only.`);
  }
  const authority = authorityOf(config['idp-certificate-authority'], config['idp-certificate-authority-data']);
  const tlsOptions = trustOptions(authority);
  const proxy = proxyFor(server, undefined, env);
  if (isProblem(proxy)) throw new InvalidInputError(`${proxy.problem}.`);
  const agent = proxy === undefined ? {} : { agent: await agentThrough(proxy, server, {}) };
  return httpTransport(server.href, async () => tlsOptions, agent);
}
