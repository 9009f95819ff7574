/** The published result: a Markdown page with the figures and what was promised, and an HTML page with the drawings. */
import { cpus, totalmem } from 'node:os';
import { page } from '../load/chart/page';
import type { Measured, MeasuredRun } from '../load/chart/run';
import { markdownTable } from '../load/chart/table';
import { barsOf } from './bars';
import { ACTORS, type Actor, OPERATIONS } from './operations';

/** A measured run with the machine's load, for the reader of its absolute times. */
export interface PublishedRun extends MeasuredRun {
  readonly executor: Actor;
  readonly date: string;
  /** Load average of the machine at the end. */
  readonly load: number;
}

const GIB = 2 ** 30;

/** No name of the machine. */
export function machine(): string {
  return `${cpus().length} processors, ${Math.round(totalmem() / GIB)} GiB of memory`;
}

/** By operation, and for each by actor. */
export function inOrder(runs: readonly PublishedRun[]): readonly PublishedRun[] {
  const place = ({ operation, executor, kafka }: PublishedRun) =>
    [OPERATIONS.findIndex((o) => o.name === operation), ACTORS.indexOf(executor), kafka === '' ? 0 : 1] as const;
  return [...runs].sort((a, b) => place(a)[0] - place(b)[0] || a.kafka.localeCompare(b.kafka) * -1 || place(a)[1] - place(b)[1]);
}

export function html(runs: readonly PublishedRun[]): string {
  return page(inOrder(runs), measuredOf(runs));
}

export function markdown(runs: readonly PublishedRun[]): string {
  const { date, machine: where, versions } = measuredOf(runs);
  const loads = runs.map((r) => r.load);
  const load = `${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  return [
    '# What clients see',
    `Written by \`npm run availability\`, ${date}. ${where}, load average ${load}. ${versions.join(', ')}.`,
    'Three controllers and three brokers are real Kafka processes, with SASL on every listener. etcd, kube-apiserver and cert-manager are real; ' +
      "KubeDB's operators and kubelets are stand-ins. The reconciler runs with the Role that the constructs emit. While an operation runs, an " +
      'idempotent producer with `acks=all` sends 300 numbered messages a second to 12 partitions (three replicas, two in sync), a consumer group ' +
      'reads them, and a reader of everything looks for what is missing at the end. Where the protocol changes there is one producer for each ' +
      'protocol. [availability.html](availability.html) draws each operation: acknowledgements a second, the pods, and which certificate each ' +
      'listener served.',
    '- **native**, **ops-request**: an executor of this project. For `ops-request` a stand-in for the ops-manager restarts pods in the documented\n' +
      '  order and takes a step every 5 s.\n' +
      '- **KubeDB alone**: a KafkaOpsRequest written by hand, carried out by the same stand-in, without the reconciler.\n' +
      "- **overhead**: time in which no pod was down, between the first pod's stop and the last pod's readiness; in brackets its share of the pods'\n" +
      '  own down time and the median between two pods.\n' +
      '- **longest gap**: the longest time without an acknowledgement; for `create`, the time until the first one.\n' +
      '- Pods have a grace period of 30 s. A broker without an active controller uses it up.\n' +
      '- Some operations were measured beside other work, as the load average shows; their times are longer for it.',
    markdownTable(inOrder(runs)).trimEnd(),
    '## Promises',
    promises(runs),
  ]
    .join('\n\n')
    .concat('\n');
}

function promises(runs: readonly PublishedRun[]): string {
  const rows = inOrder(runs).flatMap((run) => {
    const operation = OPERATIONS.find((o) => o.name === run.operation);
    const bars = operation === undefined || run.executor === 'KubeDB alone' ? [] : barsOf(operation, run);
    return bars.map(
      (b) => `| ${run.operation} | ${run.executor} | ${run.kafka} | ${b.promise} | ${b.measured} | ${b.isKept ? 'yes' : '**no**'} |`,
    );
  });
  return ['| operation | executor | Kafka | promise | measured | kept |', '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function measuredOf(runs: readonly PublishedRun[]): Measured {
  const dates = runs.map((r) => r.date).sort();
  const kafkas = [...new Set(runs.map((r) => r.kafka))].sort().reverse();
  return { date: dates.at(-1) ?? '', machine: machine(), versions: [...kafkas.map((v) => `Kafka ${v}`), 'Kubernetes 1.37'] };
}
