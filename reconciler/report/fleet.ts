/** The TLS of many Kafkas: a table for people, JSON for programs, and the text format of Prometheus. */
import type { FleetStatus, StatusRow } from '../model/fleet';
import { printable, printableJson } from './printable';
import { painterOf, paragraph, type Style } from './style';
import { formatTable } from './table';

const DAY_MS = 86_400_000;

/** Returns the whole days until an instant; negative after it. */
export function daysUntil(instant: string, now: string): number {
  return Math.floor((Date.parse(instant) - Date.parse(now)) / DAY_MS);
}

/** Returns the table, and what it does not show, with a line break at its end. */
export function fleetText(status: FleetStatus, style: Style): string {
  const paint = painterOf(style);
  const blocks = [];
  const rows = status.kafkas.map((row) => cellsOf(row, status).map(printable));
  if (rows.length > 0) {
    const paintCell = (cell: string, column: number, row: number) =>
      row === 0 ? paint.dim(cell) : column === HEADINGS.length - 1 && cell !== '' ? paint.red(cell) : cell;
    blocks.push(formatTable([HEADINGS, ...rows], style, paintCell).join('\n'));
  }
  const unread = status.unread.map(({ what, because }) => paragraph(printable(`${what}: ${because}.`), style));
  if (unread.length > 0) blocks.push(paint.yellow(unread.join('\n')));
  return `${[...blocks, verdictOf(status)].join('\n\n')}\n`;
}

export const HEADINGS = ['KAFKA', 'WANTED', 'STORED', 'SERVED', 'ISSUER', 'ROOT', 'LEAF', 'CA', 'LAST RUN', 'DIFFERS'];

/** Returns the cells of a row, in the order of the headings. */
export function cellsOf(
  { namespace, kafka, wanted, stored, served, leaf, ca, lastRun, drift, unknown }: StatusRow,
  { observedAt }: FleetStatus,
) {
  const days = (notAfter: string | undefined) => (notAfter === undefined ? '' : `${daysUntil(notAfter, observedAt)} d`);
  const [first, ...others] = [...drift, ...unknown.map((text) => `unknown: ${text}`)];
  return [
    `${namespace}/${kafka}`,
    wanted === undefined ? '-' : wanted.tls,
    stored.tls,
    servedCell(served),
    stored.issuer ?? '',
    ca === undefined ? '' : `${/(?:^|, )CN=([^,]+)/.exec(ca.subject)?.[1] ?? ca.subject} ${ca.fingerprint.slice(0, 8)}`.trim(),
    days(leaf?.notAfter),
    days(ca?.notAfter),
    lastRun === undefined ? '' : [lastRun.result, lastRun.at?.replace(/(:\d\d)(\.\d+)?Z$/, 'Z')].join(' ').trim(),
    first === undefined ? '' : `${first}${others.length === 0 ? '' : ` (and ${others.length} more)`}`,
  ];
}

function servedCell({ tls, plaintext, unknown }: StatusRow['served']): string {
  const parts = [tls > 0 ? `${tls} TLS` : '', plaintext > 0 ? `${plaintext} plaintext` : '', unknown > 0 ? `${unknown} unknown` : ''];
  return parts.filter((part) => part !== '').join(', ') || 'nothing';
}

/** Returns the result in one sentence. */
export function verdictOf({ kafkas, namespace }: FleetStatus): string {
  const where = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`;
  const [drifted, unknown] = [kafkas.filter((k) => k.drift.length > 0), kafkas.filter((k) => k.drift.length === 0 && k.unknown.length > 0)];
  const parts = [
    drifted.length > 0 ? `${drifted.length} ${drifted.length === 1 ? 'differs' : 'differ'}` : '',
    unknown.length > 0 ? `${unknown.length} unknown` : '',
  ];
  const found = `${kafkas.length} ${kafkas.length === 1 ? 'Kafka' : 'Kafkas'} ${where}`;
  return `${found}: ${parts.filter((part) => part !== '').join(', ') || 'no difference'}.`;
}

/** Returns the status as one JSON document with a line break at its end. */
export function fleetJson(status: FleetStatus): string {
  return `${printableJson(status, 2)}\n`;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Labels besides namespace and kafka, and values. */
  samples(row: StatusRow): readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

const isOn = (tls: 'on' | 'off') => (tls === 'on' ? 1 : 0);
const seconds = (instant: string) => Math.round(Date.parse(instant) / 1000);

const METRICS: readonly Metric[] = [
  {
    name: 'kafka_tls_wanted',
    help: 'Whether the bundle wants TLS.',
    samples: ({ wanted }) => (wanted === undefined ? [] : [[{}, isOn(wanted.tls)]]),
  },
  { name: 'kafka_tls_stored', help: 'Whether the spec of the Kafka has TLS.', samples: ({ stored }) => [[{}, isOn(stored.tls)]] },
  {
    name: 'kafka_tls_listeners',
    help: 'Listeners of running pods by what they answer.',
    samples: ({ served }) => Object.entries(served).map(([protocol, count]) => [{ protocol }, count] as const),
  },
  {
    name: 'kafka_tls_certificate_not_after_seconds',
    help: 'End of the served leaf and of the CA that end first.',
    samples: ({ leaf, ca }) =>
      Object.entries({ leaf, ca }).flatMap(([certificate, c]) =>
        c === undefined ? [] : [[{ certificate }, seconds(c.notAfter)] as const],
      ),
  },
  { name: 'kafka_tls_differences', help: 'What differs from what is wanted.', samples: ({ drift }) => [[{}, drift.length]] },
  { name: 'kafka_tls_unknown', help: 'What could not be compared.', samples: ({ unknown }) => [[{}, unknown.length]] },
  {
    name: 'kafka_tls_last_run_seconds',
    help: 'Time of the last run, by its result.',
    samples: ({ lastRun }) => (lastRun?.at === undefined ? [] : [[{ result: lastRun.result }, seconds(lastRun.at)]]),
  },
];

/** Returns the status in the text format of Prometheus, for the textfile collector of node_exporter. */
export function fleetMetrics({ kafkas, observedAt }: FleetStatus): string {
  const lines = METRICS.flatMap(({ name, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...kafkas.flatMap((row) =>
      samples(row).map(([labels, value]) => `${name}${labelText({ namespace: row.namespace, kafka: row.kafka, ...labels })} ${value}`),
    ),
  ]);
  const at = ['# HELP kafka_tls_observed_seconds Time of this observation.', '# TYPE kafka_tls_observed_seconds gauge'];
  return `${[...lines, ...at, `kafka_tls_observed_seconds ${seconds(observedAt)}`].join('\n')}\n`;
}

/** Names of Kubernetes need no escaping, and no other text becomes a label. */
function labelText(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}}`;
}
