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
import { flawsOf } from '#reconciler/input/schema';
import { parseYaml } from '#reconciler/input/yaml';
import { type ClusterEntry, type ContextEntry, KUBECONFIG, type UserEntry, withoutEmpty } from './schema';

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

interface KubeConfigFile {
  readonly clusters: readonly Named<ClusterEntry>[];
  readonly users: readonly Named<UserEntry>[];
  readonly contexts: readonly Named<ContextEntry>[];
  readonly currentContext: string | undefined;
}

/** A file as it is written, once its form is checked. */
type RawEntry = { readonly name: string } & Readonly<Record<string, unknown>>;
interface RawFile {
  readonly clusters?: readonly RawEntry[] | null;
  readonly users?: readonly RawEntry[] | null;
  readonly contexts?: readonly RawEntry[] | null;
  readonly 'current-context'?: string | null;
}

/** Returns the entries of a file; everything that is wrong in it is refused at once. */
export function readKubeConfig(file: string): KubeConfigFile {
  const raw = parsed(file, textOf(file));
  const absolute = <T extends object>(entry: T, fields: readonly (keyof T)[]): T => {
    const paths = fields.flatMap((field) => (typeof entry[field] === 'string' ? [[field, resolve(dirname(file), entry[field])]] : []));
    return { ...entry, ...Object.fromEntries(paths) };
  };
  const entries = <T extends object>(list: readonly RawEntry[] | null | undefined, key: string, complete: (entry: T) => T) =>
    (list ?? []).map((e) => ({ name: e.name, file, entry: complete(withoutEmpty((e[key] ?? {}) as Record<string, unknown>) as T) }));
  return {
    clusters: entries<ClusterEntry>(raw.clusters, 'cluster', (cluster) => absolute(cluster, ['certificate-authority'])),
    users: entries<UserEntry>(raw.users, 'user', (user) => {
      const { exec } = user;
      const complete = absolute(user, ['client-certificate', 'client-key', 'tokenFile']);
      // A command without a separator is looked up in PATH.
      return exec?.command.includes(sep) ? { ...complete, exec: absolute(exec, ['command']) } : complete;
    }),
    contexts: entries<ContextEntry>(raw.contexts, 'context', (context) => context),
    currentContext: raw['current-context'] || undefined,
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

function parsed(file: string, text: string): RawFile {
  const yaml = parseYaml(text);
  const violations = 'problem' in yaml ? [yaml.problem] : violationsIn(yaml.values);
  if (violations.length > 0) throw new InvalidInputError(violations.map((v) => `${file}: is not a kubeconfig: ${v}.`));
  return (('values' in yaml ? yaml.values[0] : undefined) ?? {}) as RawFile;
}

function violationsIn(documents: readonly unknown[]): readonly string[] {
  if (documents.length > 1) return [`holds ${documents.length} documents instead of one`];
  // KUBECONFIG may name files that are still empty.
  if (documents.length === 0) return [];
  const flaws = flawsOf(KUBECONFIG, documents[0]);
  if (flaws.length > 0) return flaws;
  return (['clusters', 'users', 'contexts'] as const).flatMap((list) => {
    const names = ((documents[0] as RawFile)[list] ?? []).map((e) => e.name);
    const duplicates = new Set(names.filter((name, i) => names.indexOf(name) !== i));
    return [...duplicates].map((name) => `${list}: has several entries named ${name}`);
  });
}
