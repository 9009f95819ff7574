/**
 * Tables: how the server prints objects for `kubectl get`. Only the kinds whose state people look at have columns; of the others a client gets
 * the objects, and kubectl prints their name and age.
 */
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { valueAt } from './json';

const READY = ['Ready', 'status.conditions.Ready.status'] as const;
const STATUS = ['Status', 'status.phase'] as const;

/** Columns between name and age, each with the path of its value. */
const COLUMNS: readonly (readonly [Kind, ...(readonly [string, string])[]])[] = [
  [KINDS.Kafka, ['Version', 'spec.version'], STATUS],
  [KINDS.KafkaOpsRequest, ['Type', 'spec.type'], STATUS],
  [KINDS.Pod, READY, STATUS],
  [KINDS.Certificate, READY, ['Secret', 'spec.secretName']],
  [KINDS.CertificateRequest, READY, ['Issuer', 'spec.issuerRef.name']],
  [KINDS.Issuer, READY],
  [KINDS.ClusterIssuer, READY],
  [KINDS.Event, ['Type', 'type'], ['Reason', 'reason'], ['Object', 'involvedObject.name'], ['Message', 'message']],
];

export type Table = (objects: readonly KubeObject[], resourceVersion: string) => object;

/** Returns how a kind is printed, or undefined where the client gets the objects. */
export function tableOf(kind: Kind, accept: string, now: () => Date): Table | undefined {
  const columns = COLUMNS.find(([of]) => of.kind === kind.kind && of.apiVersion === kind.apiVersion)?.slice(1) as
    | readonly (readonly [string, string])[]
    | undefined;
  if (columns === undefined || !accept.includes('as=Table')) return undefined;
  const names = ['Name', ...columns.map(([name]) => name), 'Age'];
  const cellsOf = (object: KubeObject) => columns.map(([, path]) => String(valueAt(object, path) ?? ''));
  return (objects, resourceVersion) => ({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: names.map((name) => ({
      name,
      type: 'string',
      format: name === 'Name' ? 'name' : '',
      description: name,
      priority: 0,
    })),
    rows: objects.map((object) => ({
      cells: [object.metadata.name, ...cellsOf(object), age(object.metadata.creationTimestamp ?? undefined, now())],
      object,
    })),
  });
}

/** Returns how long ago an instant was: `42s`, `5m`, `3h`, `12d`. */
function age(since: string | undefined, now: Date): string {
  if (since === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
