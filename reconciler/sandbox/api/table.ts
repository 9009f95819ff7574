/**
 * Tables: how the server prints objects for `kubectl get`. Kinds with a status get one column for it between name and age. Of the other kinds a
 * client gets the objects, and kubectl prints their name and age.
 */
import type { KubeObject } from '#model/kube-object';
import { valueAt } from './json';
import type { Resource } from './resources';

export type Table = (objects: readonly KubeObject[], resourceVersion: string) => object;

/** Returns how a kind is printed, or undefined if the client gets the objects. */
export function tableOf(resource: Resource, accept: string, now: () => Date): Table | undefined {
  if (!resource.hasStatus || !accept.includes('as=Table')) return undefined;
  return (objects, resourceVersion) => ({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: [
      { name: 'Name', type: 'string', format: 'name', priority: 0 },
      { name: 'Status', type: 'string', priority: 0 },
      { name: 'Age', type: 'string', priority: 0 },
    ],
    rows: objects.map((object) => ({
      cells: [object.metadata.name, stateOf(object), age(object.metadata.creationTimestamp, now())],
      object,
    })),
  });
}

/** Returns the phase of an object, or Ready, or the reason why the object is not ready. */
function stateOf(object: KubeObject): string {
  const isReady = valueAt(object, 'status.conditions.Ready.status') === 'True';
  return String(valueAt(object, 'status.phase') ?? (isReady ? 'Ready' : (valueAt(object, 'status.conditions.Ready.reason') ?? '')));
}

/** Returns how long ago an instant was: `42s`, `5m`, `3h`, `12d`. */
function age(since: string | null | undefined, now: Date): string {
  if (typeof since !== 'string') return '<unknown>';
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
