/**
 * `kafka-tls apply` as a process that can be killed: the command, its production client over HTTPS and its dialer, with time that passes
 * faster. One line of JSON on its command line holds the address of the API.
 */
import type https from 'node:https';
import { main } from '#reconciler/cli/main';
import { sandboxAddress, sandboxAdmin, sandboxFacts } from '#reconciler/cli/sandbox-brokers';
import { createDialer } from '#reconciler/cluster/dial';
import { httpTransport } from '#reconciler/cluster/http';
import { kafkaAdmin } from '#reconciler/cluster/kafka-admin';
import { kafkaFacts } from '#reconciler/cluster/kafka-facts';
import { kubeCluster } from '#reconciler/cluster/kube';
import { InterruptedError } from '#reconciler/errors';
import { type Pace, scaledClock } from './scaled-clock';

export interface ChildOptions {
  readonly url: string;
  readonly token: string;
  readonly certificateAuthority: string;
  readonly pace: Pace;
  readonly namespace: string;
  readonly argv: readonly string[];
}

const { url, token, certificateAuthority, pace, namespace, argv }: ChildOptions = JSON.parse(process.argv[2] ?? '{}');
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
    dialer: createDialer(clock, { addressOf: sandboxAddress }),
    facts: sandboxFacts(cluster, kafkaFacts(cluster, { clock, addressOf: sandboxAddress })),
    admin: sandboxAdmin(cluster, kafkaAdmin(cluster, { clock, addressOf: sandboxAddress })),
    random: (bytes: number) => 'x'.repeat(bytes),
    identity: `process-${process.pid}`,
    close: () => transport.close(),
  };
};

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
  { clock, connect, startSandbox: () => Promise.reject(new Error('there is one already')) },
).then((exitCode) => {
  process.exitCode = exitCode;
});
