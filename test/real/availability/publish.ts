/** The published result: a Markdown page with the verdict and the figures, and an HTML page with the verdict and the drawings. */
import { cpus, totalmem } from 'node:os';
import { element } from '../load/chart/markup';
import { list, page, table } from '../load/chart/page';
import { markdownTable, tableOf } from '../load/chart/table';
import { ACTORS, OPERATIONS } from './operations';
import { type RunBy, summaryOf } from './summary';

/** A measured run with the machine's load, for the reader of its absolute times. */
export interface PublishedRun extends RunBy {
  readonly date: string;
  /** Load average of the machine at the end. */
  readonly load: number;
}

const GIB = 2 ** 30;
const WIDTH = 100;
const TITLE = 'What clients see while the TLS of a Kafka changes';
const HOW_TO_READ =
  '"0.3 s of 57 s": the operation took 57 s, and the longest time in which no message was acknowledged was 0.3 s. Estimates are those of the plan. Where the name does not say stop, pods restart one by one. ' +
  'native and ops-request are executors of this project; KubeDB alone is a KafkaOpsRequest written by hand, without the reconciler.';
const HOW_MEASURED = [
  'Three controllers and three brokers are real Kafka processes, with SASL on every listener. etcd, kube-apiserver and cert-manager are real; ' +
    "KubeDB's operators and kubelets are stand-ins. The stand-in for the ops-manager restarts pods in the documented order and takes a step every " +
    '5 s. The reconciler runs with the Role that the constructs emit.',
  'While an operation runs, an idempotent producer with acks=all sends 300 numbered messages a second to 12 partitions (three replicas, two in ' +
    'sync), a consumer group reads them, and a reader of everything looks for what is missing at the end. Where the protocol changes there is one ' +
    'producer for each protocol; the sends of the one that cannot connect fail.',
  'Pods have a grace period of 30 s. A broker without an active controller uses it up.',
] as const;
const OVERHEAD =
  "Overhead is the time in which no pod was down, between the first pod's stop and the last pod's readiness; in brackets its share of the pods' own " +
  'down time and the median between two pods.';

/** No name of the machine. */
export function machine(): string {
  return `${cpus().length} processors, ${Math.round(totalmem() / GIB)} GiB of memory`;
}

/** By operation, for each by release, the newest first, and for each by actor. */
export function inOrder(runs: readonly PublishedRun[]): readonly PublishedRun[] {
  const placeOf = ({ operation }: PublishedRun) => OPERATIONS.findIndex((o) => o.name === operation);
  return [...runs].sort(
    (a, b) => placeOf(a) - placeOf(b) || b.kafka.localeCompare(a.kafka) || ACTORS.indexOf(a.executor) - ACTORS.indexOf(b.executor),
  );
}

export function html(runs: readonly PublishedRun[]): string {
  const { verdict, notKept, columns, rows } = summaryOf(runs);
  const paragraph = (text: string) => element('p', {}, text);
  const heading = (text: string) => element('h2', {}, text);
  const unkept = notKept.length === 0 ? [] : [heading('Promises that are not kept'), list(notKept)];
  return page(inOrder(runs), {
    title: TITLE,
    before: [list(verdict), table(columns, rows), paragraph(HOW_TO_READ), ...unkept],
    after: [heading('How it was measured'), ...HOW_MEASURED.map(paragraph), paragraph(placeOf(runs))],
  });
}

export function markdown(runs: readonly PublishedRun[]): string {
  const { verdict, notKept, columns, rows } = summaryOf(runs);
  const unkept = notKept.length === 0 ? [] : ['## Promises that are not kept', bullets(notKept)];
  return [
    `# ${TITLE}`,
    bullets(verdict),
    tableOf(columns, rows),
    HOW_TO_READ,
    '[availability.html](availability.html) draws each operation: acknowledgements a second, the pods, and which certificate each listener served.',
    ...unkept,
    '## All figures',
    OVERHEAD,
    markdownTable(inOrder(runs)).trimEnd(),
    '## How it was measured',
    ...HOW_MEASURED,
    `Written by \`npm run availability\`. ${placeOf(runs)}`,
  ]
    .map((text) => (text.startsWith('|') ? text : wrapped(text)))
    .join('\n\n')
    .concat('\n');
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

/** Lines as long as in the other pages. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    let written = '';
    for (const word of line.split(' ')) {
      const longer = written === '' ? word : `${written} ${word}`;
      if (longer.length <= WIDTH) written = longer;
      else {
        lines.push(written);
        written = line.startsWith('- ') ? `  ${word}` : word;
      }
    }
    lines.push(written);
  }
  return lines.join('\n');
}

/** When, where, and on which versions. */
function placeOf(runs: readonly PublishedRun[]): string {
  const dates = [...new Set(runs.map((r) => r.date))].sort();
  const kafkas = [...new Set(runs.map((r) => `Kafka ${r.kafka}`))].sort().reverse();
  const loads = runs.map((r) => r.load);
  const load = `${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  return (
    `${[...new Set([dates[0], dates.at(-1)])].join(' to ')}, ${[...kafkas, 'Kubernetes 1.37'].join(', ')}, ${machine()}. Load average when an ` +
    `operation had ended: ${load}; operations that were measured beside other work took longer for it.`
  );
}
