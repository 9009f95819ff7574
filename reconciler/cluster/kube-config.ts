/**
 * Which cluster, as whom: --kubeconfig, else the files of KUBECONFIG, else ~/.kube/config, else the ServiceAccount of the pod this runs in.
 *
 * @kubernetes/client-node reads the files and gets the credentials (certificates, tokens, exec plugins, OIDC); nothing else of it is used,
 * since its models drop fields they do not know. It is loaded only here and only when a cluster is needed: that takes half a second.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Agent, RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { ClusterError, InvalidInputError } from '../errors';
import { ANY_TEXT, flawsOf, listOf, mapOf, NAME, nullable, optional, type Rule, TEXT, TEXTS, TRUTH, unseen } from '../shape';
import { parseYaml } from '../yaml-text';
import { type HttpTransport, httpTransport } from './http';

export interface KubeConfigOptions {
  /** File; without it the environment decides. */
  readonly kubeconfig?: string | undefined;
  /** Default: the file's current context. */
  readonly context?: string | undefined;
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Connection {
  readonly transport: HttpTransport;
  /** The context's namespace, else `default`. */
  readonly namespace: string;
  /** Whether it is the ServiceAccount of the pod that this process runs in. */
  readonly isInPod: boolean;
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

const IN_POD = 'ServiceAccount of this pod';

/** Returns the connection that the options and the environment choose; nothing is sent yet. */
export async function loadConnection(options: KubeConfigOptions): Promise<Connection> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  const source = load(config, (file) => loadFile(client, file), options);
  chooseContext(config, options.context, source);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new InvalidInputError(`${source}: context ${config.getCurrentContext()}: names a cluster that the file does not have.`);
  const url = serverUrl(cluster.server, source);
  if (url.protocol === 'http:') allowLoopback(config, url, source);
  return {
    transport: httpTransport(cluster.server, () => requestOptions(config, cluster.proxyUrl !== undefined)),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace || 'default',
    isInPod: source === IN_POD,
  };
}

/** Fills the configuration and returns where it came from. */
function load(config: KubeConfig, loadOne: LoadOne, { kubeconfig, env = process.env }: KubeConfigOptions): string {
  if (kubeconfig !== undefined) return loadFiles(config, loadOne, [kubeconfig]);
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) {
    // Like kubectl: a file of the list may be missing, but not all of them.
    const present = named.filter((file) => existsSync(file));
    return loadFiles(config, loadOne, present.length === 0 ? named.slice(0, 1) : present);
  }
  const usual = join(env.HOME ?? homedir(), '.kube', 'config');
  if (existsSync(usual)) return loadFiles(config, loadOne, [usual]);
  if (env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(SERVICE_ACCOUNT_TOKEN)) {
    config.loadFromCluster();
    return IN_POD;
  }
  throw new InvalidInputError(
    `kubeconfig: no cluster is configured: KUBECONFIG is not set, ${usual} does not exist, and this is not a pod of a cluster.`,
    {
      hint: 'Name a file with --kubeconfig, or try "kafka-tls sandbox", which needs no cluster.',
    },
  );
}

/** The first file that names a cluster, user or context wins, as with kubectl. */
function loadFiles(config: KubeConfig, loadOne: LoadOne, files: readonly string[]): string {
  const parts = files.map(loadOne);
  const first = <T extends { readonly name: string }>(all: readonly T[]) =>
    all.filter((x, i) => all.findIndex((y) => y.name === x.name) === i);
  config.loadFromOptions({
    clusters: first(parts.flatMap((p) => p.clusters)),
    users: first(parts.flatMap((p) => p.users)),
    contexts: first(parts.flatMap((p) => p.contexts)),
    currentContext: parts.map((p) => p.currentContext).find((c) => c) ?? '',
  });
  return files.join(delimiter);
}

type LoadOne = (file: string) => KubeConfig;

function loadFile(client: typeof import('@kubernetes/client-node'), file: string): KubeConfig {
  const violations: string[] = [];
  try {
    violations.push(...flawsIn(readFileSync(file, 'utf8')));
    if (violations.length === 0) {
      const config = new client.KubeConfig();
      config.loadFromFile(file);
      return config;
    }
  } catch (cause) {
    const { code, path = file } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new InvalidInputError(`${path}: cannot be read: there is no such file.`, { cause });
    if (code !== undefined) throw new InvalidInputError(`${path}: cannot be read: ${code}.`, { cause });
    throw new InvalidInputError(`${file}: is not a kubeconfig: ${firstLine(cause)}.`, { cause });
  }
  throw new InvalidInputError(violations.map((v) => `${file}: is not a kubeconfig: ${v}.`));
}

const FLAG = optional(TRUTH);
const TEXTUAL = nullable(ANY_TEXT);
/** An empty one is the default, too. */
const NAMESPACE: Rule = (value) => (value === '' ? [] : nullable(NAME)(value));

/** The parts that the client takes for granted. Of what a user is, nothing is repeated. */
const KUBECONFIG = mapOf({
  clusters: nullable(
    listOf(
      mapOf({
        name: TEXT,
        cluster: mapOf({
          server: TEXT,
          'certificate-authority': TEXTUAL,
          'certificate-authority-data': TEXTUAL,
          'insecure-skip-tls-verify': FLAG,
          'tls-server-name': TEXTUAL,
          'proxy-url': TEXTUAL,
        }),
      }),
    ),
  ),
  users: nullable(
    listOf(
      mapOf({
        name: TEXT,
        user: unseen(
          nullable(
            mapOf({
              token: TEXTUAL,
              'token-file': TEXTUAL,
              tokenFile: TEXTUAL,
              username: TEXTUAL,
              password: TEXTUAL,
              as: TEXTUAL,
              'client-certificate': TEXTUAL,
              'client-certificate-data': TEXTUAL,
              'client-key': TEXTUAL,
              'client-key-data': TEXTUAL,
              exec: nullable(
                mapOf({
                  command: TEXT,
                  args: nullable(TEXTS),
                  env: nullable(listOf(mapOf({ name: TEXT, value: ANY_TEXT }))),
                }),
              ),
              'auth-provider': nullable(mapOf({ name: TEXT, config: nullable(mapOf({})) })),
            }),
          ),
        ),
      }),
    ),
  ),
  contexts: nullable(listOf(mapOf({ name: TEXT, context: mapOf({ cluster: TEXT, user: TEXTUAL, namespace: NAMESPACE }) }))),
  'current-context': TEXTUAL,
});

/** Checked before the client reads it, which would stumble over what is wrong instead of naming it. */
function flawsIn(text: string): readonly string[] {
  const parsed = parseYaml(text);
  if ('problem' in parsed) return [parsed.problem];
  return parsed.values.length === 1 ? flawsOf(KUBECONFIG, parsed.values[0]) : [`holds ${parsed.values.length} documents instead of one`];
}

function chooseContext(config: KubeConfig, wanted: string | undefined, source: string): void {
  const names = config.getContexts().map((c) => c.name);
  if (wanted !== undefined) config.setCurrentContext(wanted);
  const current = config.getCurrentContext();
  if (names.includes(current)) return;
  const hint = names.length === 0 ? 'It has no contexts.' : `It has: ${names.join(', ')}. Choose one with --context.`;
  if (!current) throw new InvalidInputError(`${source}: no context is current.`, { hint });
  throw new InvalidInputError(`${source}: there is no context ${current}.`, { hint });
}

function serverUrl(server: string, source: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url !== undefined && ['https:', 'http:'].includes(url.protocol)) return url;
  throw new InvalidInputError(`${source}: server "${server}" is not an address such as https://10.0.0.1:6443.`);
}

/** Without TLS a token would travel in the clear; on one machine that is nobody's business. */
function allowLoopback(config: KubeConfig, url: URL, source: string): void {
  if (!/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) {
    throw new InvalidInputError(`${source}: server ${url.origin} has no TLS: credentials are sent over plain HTTP on this machine only.`);
  }
  config.loadFromOptions({ ...config, clusters: config.clusters.map((c) => ({ ...c, skipTLSVerify: true })) });
}

async function requestOptions(config: KubeConfig, hasProxy: boolean): Promise<RequestOptions> {
  const options: RequestOptions & { agent?: Agent } = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw new ClusterError(`credentials of user ${config.getCurrentUser()?.name ?? ''}: cannot be had: ${firstLine(cause)}.`, {
      status: 0,
      reason: 'Credentials',
      hint: 'Log in again, or check the exec plugin and files that the kubeconfig names.',
      cause,
    });
  }
  // Its agent opens a connection for every request; only the one that goes through a proxy is kept.
  if (!hasProxy) delete options.agent;
  return options;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').replace(/\.$/, '');
}
