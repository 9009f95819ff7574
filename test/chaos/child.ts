/**
 * `kafka-tls apply` as a process that can be killed: the command, its production client over HTTPS and its dialer, with time that passes
 * faster. One line of JSON on its command line holds the address of the API.
 */
import type https from 'node:https';
import { main } from '#reconciler/cli/main';
import { sandboxAddress, sandboxAdmin, sandboxFacts } from '#reconciler/cli/sandbox-brokers';
import { dnsAddress } from '#reconciler/cluster/address';
import { createDialer } from '#reconciler/cluster/dial';
import { httpTransport } from '#reconciler/cluster/http';
import { kafkaAdmin } from '#reconciler/cluster/kafka-admin';
import { kafkaFacts } from '#reconciler/cluster/kafka-facts';
import { kubeCluster } from '#reconciler/cluster/kube';
import { InterruptedError } from '#reconciler/errors';
import type { Cluster } from '#reconciler/ports';
import { type Mounts, podAddress, withTranslatedPaths } from '../real/kubelet/reached';
import { type Pace, scaledClock } from './scaled-clock';

export interface ChildOptions {
  readonly url: string;
  readonly token: string;
  readonly certificateAuthority: string;
  readonly pace: Pace;
  readonly namespace: string;
  readonly argv: readonly string[];
  /** The pods are real Kafka, with these folders for their mount paths. Absent: they are those of a sandbox. */
  readonly mounts?: Mounts | undefined;
}

const { url, token, certificateAuthority, pace, namespace, argv, mounts }: ChildOptions = JSON.parse(process.argv[2] ?? '{}');
const clock = scaledClock(pace);
const interrupt = new AbortController();
process.once('SIGTERM', () => interrupt.abort(new InterruptedError('SIGTERM')));

const connect = async () => {
  const transport = httpTransport(
    url,
    async () => ({ ca: certificateAuthority, headers: { authorization: `Bearer ${token}` } }) as https.RequestOptions,
  );
  const cluster = kubeCluster(transport, clock);
  return {
    cluster,
    namespace,
    ...(mounts === undefined ? brokersOfSandbox(cluster) : realBrokers(cluster, mounts)),
    random: (bytes: number) => 'x'.repeat(bytes),
    identity: `process-${process.pid}`,
    close: () => transport.close(),
  };
};

function brokersOfSandbox(cluster: Cluster) {
  const options = { clock, addressOf: sandboxAddress(dnsAddress) };
  return {
    dialer: createDialer(clock, options),
    facts: sandboxFacts(cluster, kafkaFacts(cluster, options)),
    admin: sandboxAdmin(cluster, kafkaAdmin(cluster, options)),
  };
}

/** Kafka's time does not pass faster: it has as long to answer as in a cluster. */
function realBrokers(cluster: Cluster, folders: Mounts) {
  const within = (timeoutMs: number) => ({ clock, addressOf: podAddress, timeoutMs: timeoutMs * pace.factor });
  return {
    dialer: createDialer(clock, within(5_000)),
    facts: kafkaFacts(cluster, within(10_000)),
    admin: withTranslatedPaths(kafkaAdmin(cluster, within(10_000)), (pod) => folders[pod] ?? []),
  };
}

void main(
  argv,
  {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdin: async () => '',
    isTty: false,
    columns: undefined,
    env: {},
    cwd: process.cwd(),
    signal: interrupt.signal,
  },
  { clock, connect, startSandbox: () => Promise.reject(new Error('there is one already')), sendTrace: async () => undefined },
).then((exitCode) => {
  process.exitCode = exitCode;
});
