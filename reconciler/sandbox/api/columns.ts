/** The columns that `kubectl get` prints for each kind. */
import { KINDS, type Kind } from '../../../constructs/model/kube-object';
import { isTree, type Tree, valueAt } from './json';

export type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  /** 0 is always printed, 1 only with `-o wide`. */
  readonly priority: number;
  readonly cell: (object: Tree, now: Date) => Cell;
}

const column = (name: string, cell: Column['cell'], priority = 0, type: Column['type'] = 'string'): Column => ({
  name,
  type,
  priority,
  cell,
});
const field = (name: string, path: string, priority = 0): Column => column(name, (o) => text(valueAt(o, path)), priority);
const wide = (name: string, path: string): Column => field(name, path, 1);

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function condition(name: string, type: string, member: 'status' | 'message', priority = 0): Column {
  return column(name, (o) => text(list(o.status?.conditions).find((c) => c.type === type)?.[member]), priority);
}

function list(value: unknown): readonly Tree[] {
  return Array.isArray(value) ? value.filter(isTree) : [];
}

export const AGE: Column = column('Age', (o, now) => age(o.metadata.creationTimestamp, now), 0, 'date');

/** Returns how long ago an instant was, as kubectl prints it: `42s`, `5m10s`, `3h`, `12d`. */
export function age(since: unknown, now: Date): string {
  const instant = typeof since === 'string' ? Date.parse(since) : Number.NaN;
  if (Number.isNaN(instant)) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now.getTime() - instant) / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const pair = (a: number, unit: string, b: number, smaller: string) => (b === 0 ? `${a}${unit}` : `${a}${unit}${b}${smaller}`);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  return hours < 192 ? pair(Math.floor(hours / 24), 'd', hours % 24, 'h') : `${Math.floor(hours / 24)}d`;
}

function podStatus(pod: Tree): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const waiting = list(pod.status?.containerStatuses).find((c) => c.state?.waiting?.reason !== undefined);
  return waiting?.state.waiting.reason ?? pod.status?.reason ?? pod.status?.phase ?? 'Unknown';
}

const podColumns: readonly Column[] = [
  column('Ready', (o) => `${list(o.status?.containerStatuses).filter((c) => c.ready === true).length}/${list(o.spec?.containers).length}`),
  column('Status', podStatus),
  column('Restarts', (o) => String(list(o.status?.containerStatuses).reduce((sum, c) => sum + (c.restartCount ?? 0), 0))),
  AGE,
  column('IP', (o) => text(o.status?.podIP) || '<none>', 1),
  column('Node', (o) => text(o.spec?.nodeName) || '<none>', 1),
];

function servicePorts(service: Tree): string {
  return (
    list(service.spec?.ports)
      .map((p) => `${p.port}/${p.protocol ?? 'TCP'}`)
      .join(',') || '<none>'
  );
}

function jobStatus(job: Tree): string {
  const finished = list(job.status?.conditions).find((c) => c.status === 'True' && (c.type === 'Complete' || c.type === 'Failed'));
  // Without a Job controller a Job never starts, and must not look as if it ran.
  const isStarted = job.status?.startTime !== undefined || (job.status?.active ?? 0) > 0;
  return finished?.type ?? (isStarted ? 'Running' : 'Not run');
}

const count = (value: unknown): number => (isTree(value) ? Object.keys(value).length : 0);
const orNone = (name: string, path: string, none: string): Column => column(name, (o) => text(valueAt(o, path)) || none);

const readyIssuer: readonly Column[] = [condition('Ready', 'Ready', 'status'), condition('Status', 'Ready', 'message', 1), AGE];

const COLUMNS: readonly (readonly [Kind, readonly Column[]])[] = [
  [KINDS.ConfigMap, [column('Data', (o) => count(o.data) + count(o.binaryData)), AGE]],
  [KINDS.Secret, [field('Type', 'type'), column('Data', (o) => count(o.data)), AGE]],
  [KINDS.Namespace, [field('Status', 'status.phase'), AGE]],
  [KINDS.Pod, podColumns],
  [
    KINDS.Event,
    [
      column('Last Seen', (o, now) => age(o.lastTimestamp ?? o.eventTime ?? o.metadata.creationTimestamp, now)),
      field('Type', 'type'),
      field('Reason', 'reason'),
      column('Object', (o) => `${text(o.involvedObject?.kind).toLowerCase()}/${text(o.involvedObject?.name)}`),
      field('Message', 'message'),
    ],
  ],
  [
    KINDS.Service,
    [
      column('Type', (o) => o.spec?.type ?? 'ClusterIP'),
      orNone('Cluster-IP', 'spec.clusterIP', '<none>'),
      column('External-IP', () => '<none>'),
      column('Port(s)', servicePorts),
      AGE,
    ],
  ],
  [KINDS.Job, [column('Status', jobStatus), column('Completions', (o) => `${o.status?.succeeded ?? 0}/${o.spec?.completions ?? 1}`), AGE]],
  [KINDS.CronJob, [field('Schedule', 'spec.schedule'), column('Suspend', (o) => text(o.spec?.suspend ?? false)), AGE]],
  [KINDS.Lease, [field('Holder', 'spec.holderIdentity'), AGE]],
  [
    KINDS.PodDisruptionBudget,
    [
      orNone('Min Available', 'spec.minAvailable', 'N/A'),
      orNone('Max Unavailable', 'spec.maxUnavailable', 'N/A'),
      column('Allowed Disruptions', (o) => o.status?.disruptionsAllowed ?? 0, 0, 'integer'),
      AGE,
    ],
  ],
  [
    KINDS.Certificate,
    [
      condition('Ready', 'Ready', 'status'),
      field('Secret', 'spec.secretName'),
      wide('Issuer', 'spec.issuerRef.name'),
      condition('Status', 'Ready', 'message', 1),
      AGE,
    ],
  ],
  [
    KINDS.CertificateRequest,
    [
      condition('Approved', 'Approved', 'status'),
      condition('Denied', 'Denied', 'status'),
      condition('Ready', 'Ready', 'status'),
      field('Issuer', 'spec.issuerRef.name'),
      field('Requester', 'spec.username'),
      condition('Status', 'Ready', 'message', 1),
      AGE,
    ],
  ],
  [KINDS.Issuer, readyIssuer],
  [KINDS.ClusterIssuer, readyIssuer],
  [KINDS.Kafka, [field('Version', 'spec.version'), field('Status', 'status.phase'), AGE]],
  [KINDS.KafkaOpsRequest, [field('Type', 'spec.type'), field('Status', 'status.phase'), AGE]],
  [KINDS.KafkaVersion, [field('Version', 'spec.version'), field('DB_IMAGE', 'spec.db.image'), field('Deprecated', 'spec.deprecated'), AGE]],
];

/** Returns the columns of a kind after its name, or undefined where it has only an age. */
export function columnsOf(kind: Kind): readonly Column[] | undefined {
  return COLUMNS.find(([k]) => k.kind === kind.kind && k.apiVersion === kind.apiVersion)?.[1];
}
