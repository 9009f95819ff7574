/** Shared by the commands: the bundle, the connection to the cluster, the time limit. */
import type { Bundle } from '#model/bundle';
import { KINDS, type KubeObject, type ObjectRef, ref } from '#model/kube-object';
import { RENAMED } from '../bundle/changed';
import { bundleFromConfigMap } from '../bundle/documents';
import { type BundleSource, chooseBundle, chooseBundles, readBundles } from '../bundle/files';
import { ClusterError, InvalidInputError, OperationFailedError, TimeoutError } from '../errors';
import { formatAge } from '../report/progress';
import { awaitApiServer } from './api-server';
import { type ClusterFlags, DEFAULT_FILE, type NamedObject, type SourceFlags } from './flags';
import type { Connection, Session } from './io';

/** Runs `use` with a connection and closes it afterwards. */
export async function withConnection<T>(
  session: Session,
  flags: ClusterFlags,
  use: (connection: Connection, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { runtime, io } = session;
  io.signal.throwIfAborted();
  return withTimeout(session, flags.timeout, async (signal) => {
    const { kubeconfig, context, namespace, reach } = flags;
    const connection = await runtime.connect({ kubeconfig, context, namespace, reach, signal });
    try {
      await awaitApiServer(connection, session, signal);
      return await use(connection, signal);
    } finally {
      connection.close();
    }
  });
}

async function withTimeout<T>(
  { io, runtime }: Session,
  timeoutMs: number | undefined,
  use: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return use(io.signal);
  const late = new AbortController();
  const done = new AbortController();
  runtime.clock.sleep(timeoutMs, done.signal).then(
    () =>
      late.abort(
        new TimeoutError(`kafka-tls: not done after ${formatAge(Math.round(timeoutMs / 1_000))}: --timeout ended the run`, {
          hint: 'Run the same command again: it continues where this run stopped.',
        }),
      ),
    () => {}, // done in time
  );
  try {
    return await use(AbortSignal.any([io.signal, late.signal]));
  } finally {
    done.abort();
  }
}

/** Returns the bundles in files that the flags select. */
export async function bundlesInFiles(
  { io }: Session,
  flags: SourceFlags,
  options: Pick<BundleSource, 'withJobs'> = {},
): Promise<readonly Bundle[]> {
  const bundles = await readBundles({ file: flags.file ?? DEFAULT_FILE, cwd: io.cwd, stdin: io.stdin, ...options });
  return chooseBundles(bundles, flags);
}

/** Returns a function that reads the one selected bundle. It reads a ConfigMap at each call, and a file once. Files need no connection. */
export async function bundleSource(session: Session, flags: SourceFlags, connection?: Connection): Promise<() => Promise<Bundle>> {
  const { configMap } = flags;
  if (configMap !== undefined && connection !== undefined) return () => bundleInCluster(connection, configMap);
  const bundle = chooseBundle(await bundlesInFiles(session, flags), flags);
  return async () => bundle;
}

/** Reads the bundle of a ConfigMap in the cluster. */
export async function bundleInCluster({ cluster, namespace }: Connection, named: NamedObject): Promise<Bundle> {
  const subject = ref(KINDS.ConfigMap, named.namespace ?? namespace, named.name);
  const configMap: KubeObject | undefined = await cluster.get(subject).catch((error: unknown) => {
    throw wasRenamed(subject, error) ?? error;
  });
  if (configMap !== undefined) return bundleFromConfigMap({ ...configMap, apiVersion: 'v1', kind: 'ConfigMap' });
  throw new InvalidInputError('does not exist', {
    subject,
    hint: `Apply the output of the synth first, or name another ConfigMap with --config-map. If it has another name in the cluster: ${RENAMED}.`,
  });
}

/**
 * Returns the error of a Job whose ConfigMap was renamed after the synth. Its Role was renamed, too, and does not allow the Job to read the
 * name in its arguments. The answer of the API server shows it: it names the renamed ServiceAccount.
 */
function wasRenamed(subject: ObjectRef, error: unknown): InvalidInputError | undefined {
  if (!(error instanceof ClusterError) || error.status !== 403) return undefined;
  const [, account = ''] = /"system:serviceaccount:[^:"]*:([^:"]+)"/.exec(error.message) ?? [];
  if (account === subject.name || !account.includes(subject.name)) return undefined;
  const why = `the Job runs as ServiceAccount ${account} and was synthesised for ${subject.name}: ${RENAMED}`;
  return new InvalidInputError(`is not the name that its ConfigMap has in the cluster: ${why}`, { subject, cause: error });
}

/** Returns the Kafka that `--kafka` names. */
export function namedKafka(named: NamedObject, connection: Connection): { readonly namespace: string; readonly kafka: string } {
  return { namespace: named.namespace ?? connection.namespace, kafka: named.name };
}

/** Returns the error of a command whose Kafka does not exist. */
export function kafkaMissing(namespace: string, kafka: string): OperationFailedError {
  return new OperationFailedError('does not exist', {
    subject: ref(KINDS.Kafka, namespace, kafka),
    hint: 'Name another one with --kafka or -n, or create it with "kafka-tls apply".',
  });
}
