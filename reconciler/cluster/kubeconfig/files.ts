/**
 * The chosen context: --kubeconfig, else the files of KUBECONFIG, else ~/.kube/config, else the ServiceAccount of this pod. Files are read
 * and merged as kubectl does: the first file that has an entry of a name wins, and relative paths start at the folder of their file.
 *
 * Why not KubeConfig of @kubernetes/client-node: it refuses several files with the same entry, and drops fields that decide which user is
 * authenticated (`test/cluster/client-node.test.ts`).
 */
import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { InvalidInputError } from '#reconciler/errors';
import { parseYaml } from '#reconciler/input/yaml';
import { type ClusterEntry, type KubeConfigFile, parseKubeConfig, type UserEntry } from './schema';

export interface KubeConfigSource {
  /** A file; without it the environment decides. */
  readonly kubeconfig?: string | undefined;
  /** @default - the current context of the file */
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the pod's ServiceAccount. */
  readonly serviceAccount?: string | undefined;
}

/** One context with the cluster and the user that it names. */
export interface ChosenContext {
  /** Where it was read, for messages. */
  readonly source: string;
  readonly isInPod: boolean;
  readonly namespace: string | undefined;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
  readonly userName: string;
  /** The kubeconfig that holds the user. */
  readonly userFile: string | undefined;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Returns the context that the options and the environment choose. */
export function chooseContext(options: KubeConfigSource): ChosenContext {
  const { env, kubeconfig, context, serviceAccount = SERVICE_ACCOUNT } = options;
  if (kubeconfig !== undefined) return contextOf([kubeconfig], context);
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  // Like kubectl: a file of the list may be missing, but not all of them.
  const present = listed.filter((file) => existsSync(file));
  if (listed.length > 0) return contextOf(present.length === 0 ? listed.slice(0, 1) : present, context);
  const usual = join(env.HOME ?? homedir(), '.kube', 'config');
  if (existsSync(usual)) return contextOf([usual], context);
  if (env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(join(serviceAccount, 'token'))) return inPod(serviceAccount, env);
  throw new InvalidInputError(
    `kubeconfig: no cluster is configured: KUBECONFIG is not set, ${usual} does not exist, and this is not a pod of a cluster.`,
    { hint: 'Name a file with --kubeconfig, or try "kafka-tls sandbox", which needs no cluster.' },
  );
}

function inPod(serviceAccount: string, env: KubeConfigSource['env']): ChosenContext {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const namespaceFile = join(serviceAccount, 'namespace');
  return {
    source: 'ServiceAccount of this pod',
    isInPod: true,
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : undefined,
    cluster: { server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`, 'certificate-authority': join(serviceAccount, 'ca.crt') },
    user: { tokenFile: join(serviceAccount, 'token') },
    userName: 'ServiceAccount',
    userFile: undefined,
  };
}

function contextOf(files: readonly string[], wanted: string | undefined): ChosenContext {
  const source = files.join(delimiter);
  const parts = files.map(readKubeConfig);
  const contexts = parts.flatMap((p) => p.contexts);
  const current = wanted ?? parts.map((p) => p.currentContext).find((c) => c !== undefined);
  const context = contexts.find((c) => c.name === current);
  if (context === undefined) throw noContext(source, current, [...new Set(contexts.map((c) => c.name))]);
  const { cluster: clusterName, user: userName, namespace } = context.entry;
  const cluster = parts.flatMap((p) => p.clusters).find((c) => c.name === clusterName);
  const user = parts.flatMap((p) => p.users).find((u) => u.name === userName);
  const isMissing = (kind: string) => `${source}: context ${context.name}: names a ${kind} that the file does not have.`;
  const violations = [
    ...(cluster === undefined ? [isMissing('cluster')] : []),
    ...(user === undefined && userName !== undefined ? [isMissing('user')] : []),
  ];
  if (cluster === undefined || violations.length > 0) throw new InvalidInputError(violations);
  return {
    source,
    isInPod: false,
    namespace,
    cluster: cluster.entry,
    user: user?.entry ?? {},
    userName: user?.name ?? '',
    userFile: user?.file,
  };
}

function noContext(source: string, current: string | undefined, names: readonly string[]): InvalidInputError {
  const hint = names.length === 0 ? 'It has no contexts.' : `It has: ${names.join(', ')}. Choose one with --context.`;
  return new InvalidInputError(`${source}: ${current ? `there is no context ${current}` : 'no context is current'}.`, { hint });
}

interface Named<T> {
  readonly name: string;
  readonly file: string;
  readonly entry: T;
}

/** Returns the entries of a file; everything that is wrong in it is refused at once. */
export function readKubeConfig(file: string) {
  const yaml = parseYaml(textOf(file));
  const content = 'problem' in yaml ? { violations: [yaml.problem] } : parseKubeConfig(yaml.values);
  if (!('violations' in content)) return entriesOf(file, content);
  throw new InvalidInputError(content.violations.map((violation) => `${file}: is not a kubeconfig: ${violation}.`));
}

function entriesOf(file: string, { clusters = [], users = [], contexts = [], 'current-context': currentContext }: KubeConfigFile) {
  const absolute = <T extends object>(entry: T, fields: readonly (keyof T)[]): T => {
    const paths = fields.flatMap((field) => (typeof entry[field] === 'string' ? [[field, resolve(dirname(file), entry[field])]] : []));
    return { ...entry, ...Object.fromEntries(paths) };
  };
  const userOf = (user: UserEntry): UserEntry => {
    const { exec } = user;
    const entry = absolute(user, ['client-certificate', 'client-key', 'tokenFile']);
    // A command without a separator is looked up in PATH.
    return exec?.command.includes(sep) ? { ...entry, exec: absolute(exec, ['command']) } : entry;
  };
  return {
    clusters: clusters.map(({ name, cluster = {} }): Named<ClusterEntry> => {
      return { name, file, entry: absolute(cluster, ['certificate-authority']) };
    }),
    users: users.map(({ name, user = {} }): Named<UserEntry> => ({ name, file, entry: userOf(user) })),
    contexts: contexts.map(({ name, context = {} }) => ({ name, file, entry: context })),
    currentContext,
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new InvalidInputError(`${file}: cannot be read: ${code === 'ENOENT' ? 'there is no such file' : code}.`, { cause });
  }
}
