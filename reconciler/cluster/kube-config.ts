/**
 * The connection to the cluster of a kubeconfig, as its user. kubectl is the reference: with the same kubeconfig the same user is
 * authenticated over the same route, and a kubeconfig that kubectl refuses is refused.
 *
 *     kubeconfig/     files and contexts; what kubectl refuses; how renewed tokens are saved
 *     credentials/    tokens in files, exec plugins, OpenID Connect, impersonation
 *     proxy/          proxy-url, HTTPS_PROXY, NO_PROXY
 *
 * KubeConfig of @kubernetes/client-node puts certificates and credentials into the options of each request; where it differs from kubectl,
 * an authenticator of `credentials/` takes over. Its import is static, so that esbuild leaves out the thousand models that are not used;
 * `cli/runtime.ts` loads this module only when a command needs a cluster.
 */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { InvalidInputError, KafkaTlsError, OVER } from '../errors';
import type { Clock } from '../ports';
import { clientUser, credentialSource, impersonationHeaders, sourceAuthenticator } from './credentials/authenticator';
import { credentialError, whyFailed } from './credentials/source';
import { type HttpTransport, httpTransport } from './http';
import { authorityViolations, clientCluster, proxyTls, serverNameOptions, trustOptions } from './kubeconfig/cluster';
import { type ChosenContext, chooseContext, type KubeConfigSource } from './kubeconfig/files';
import { clusterViolations, userViolations } from './kubeconfig/schema';
import { agentThrough } from './proxy/agent-through';
import { isProblem, isThisMachine, type ProxyServer, proxyFor } from './proxy/environment';
import { systemClock } from './system-clock';

export interface KubeConfigOptions extends Omit<KubeConfigSource, 'env'> {
  /** @default - the environment of this process */
  readonly env?: Env;
  /** @default - real time */
  readonly clock?: Clock;
  /** Receives the standard error of credential plugins, at once, and warnings about credentials. */
  readonly stderr?: (text: string) => void;
  /** Ends a login that a request waits for. */
  readonly signal?: AbortSignal | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

export interface Connection {
  readonly transport: HttpTransport;
  /** The context's namespace, else `default`. */
  readonly namespace: string;
  /** Whether it is the ServiceAccount of the pod that this process runs in. */
  readonly isInPod: boolean;
}

/** Returns the connection that the options and the environment choose; nothing is sent yet. */
export async function loadConnection(options: KubeConfigOptions): Promise<Connection> {
  const { env = process.env, clock = systemClock, stderr = () => undefined, signal } = options;
  const chosen = chooseContext({ ...options, env });
  const { server, proxy } = usable(chosen, env);
  const closed = new AbortController();
  const ends = signal === undefined ? [closed.signal] : [closed.signal, signal];
  const source = credentialSource({ chosen, env, clock, stderr, ends });
  const authenticator = source === undefined ? undefined : sourceAuthenticator(source);
  const config = new KubeConfig();
  if (authenticator !== undefined) config.addAuthenticator(authenticator);
  config.loadFromClusterAndUser(clientCluster(chosen.cluster, server), clientUser(chosen.user, chosen.userName, source));
  const transport = httpTransport(server.href, () => requestOptions(config, chosen), {
    ...(proxy === undefined ? {} : { agent: await agentThrough(proxy, server, proxyTls(chosen.cluster)) }),
    ...(source === undefined ? {} : { logIn: async () => void (await source.current()) }),
    ...(authenticator === undefined ? {} : { renewCredentials: authenticator.renew }),
  });
  const close = () => {
    closed.abort(OVER);
    transport.close();
  };
  return { transport: { ...transport, close }, namespace: chosen.namespace || 'default', isInPod: chosen.isInPod };
}

/** Returns the server and the proxy to it; everything that makes the context unusable is refused at once. */
function usable(
  { cluster, user, userName, source }: ChosenContext,
  env: Env,
): { readonly server: URL; readonly proxy: ProxyServer | undefined } {
  const text = cluster.server ?? '';
  const server = URL.canParse(text) ? new URL(text) : undefined;
  const isServer = server !== undefined && ['https:', 'http:'].includes(server.protocol);
  const isTls = server?.protocol !== 'http:';
  const proxy = isServer ? proxyFor(server, cluster['proxy-url'], env) : undefined;
  const violations = [
    ...clusterViolations(cluster),
    ...unreadable(cluster, ['certificate-authority']),
    ...authorityViolations(cluster),
    ...unreadable(user, ['client-certificate', 'client-key']),
    ...(isServer || text === '' ? [] : [`server "${text}" is not an address such as https://10.0.0.1:6443`]),
    // Without TLS a token would travel in clear text; on one machine nothing is sent over a network.
    ...(isTls || isThisMachine(server)
      ? []
      : [`server ${server.origin} has no TLS: credentials are sent over plain HTTP on this machine only`]),
    ...(isProblem(proxy) ? [proxy.problem] : []),
    ...userViolations(user, isTls).map((violation) => `user ${userName || '(none)'}: ${violation}`),
  ];
  if (violations.length > 0 || server === undefined || isProblem(proxy)) {
    throw new InvalidInputError(violations.map((violation) => `${source}: ${violation}.`));
  }
  return { server, proxy };
}

/** The files are read for every request, since certificates are renewed; a wrong path is reported before the first request. */
function unreadable<T extends object>(entry: T, fields: readonly (keyof T & string)[]): readonly string[] {
  return fields.flatMap((field) => {
    try {
      if (entry[field] !== undefined) readFileSync(String(entry[field]));
      return [];
    } catch (error) {
      return [`${field} ${entry[field]}: cannot be read: ${whyFailed(error)}`];
    }
  });
}

async function requestOptions(config: KubeConfig, { cluster, user, userName }: ChosenContext): Promise<RequestOptions> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    if (cause instanceof KafkaTlsError) throw cause;
    const { path } = cause as NodeJS.ErrnoException;
    throw credentialError(userName, `${path === undefined ? '' : `${path}: `}${whyFailed(cause)}`, { cause });
  }
  // The library's agent does not keep connections open, and keeps the certificates of its first request.
  delete options.agent;
  return Object.assign(options, trustOptions(options.ca as Buffer | undefined), serverNameOptions(cluster), {
    headers: { ...options.headers, ...impersonationHeaders(user) },
  });
}
