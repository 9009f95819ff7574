/** Which of a Kafka's requests may run. Pure; KubeDB's rules. */
import type { KubeObject } from '#model/kube-object';

export type Turn = { readonly kind: 'run' } | { readonly kind: 'wait' } | { readonly kind: 'skipped'; readonly by: string };

/**
 * Returns what becomes of a request that does not run yet, given all requests of its Kafka. One runs at a time. Of those that wait, only the
 * newest of a type survives; among the types, the oldest survivor goes first.
 */
export function turnOf(request: KubeObject, requests: readonly KubeObject[]): Turn {
  if (requests.some((r) => r.status?.phase === 'Progressing')) return { kind: 'wait' };
  const waiting = requests.filter(isWaiting);
  const newest = newestOf(waiting.filter((r) => r.spec.type === request.spec.type));
  if (newest !== undefined && newest.metadata.name !== request.metadata.name) return { kind: 'skipped', by: newest.metadata.name };
  const survivors = waiting.filter((r) => newestOf(waiting.filter((o) => o.spec.type === r.spec.type)) === r);
  const first = [...survivors].sort((a, b) =>
    createdAt(a) < createdAt(b) || (createdAt(a) === createdAt(b) && a.metadata.name < b.metadata.name) ? -1 : 1,
  )[0];
  return first === undefined || first.metadata.name === request.metadata.name ? { kind: 'run' } : { kind: 'wait' };
}

/** Tells whether a request was neither begun nor ended. */
export function isWaiting(request: KubeObject): boolean {
  return ['', 'Pending'].includes(request.status?.phase ?? '') && request.metadata.deletionTimestamp === undefined;
}

/** Of two that were created in the same second, the smaller name counts as newer. */
function newestOf(requests: readonly KubeObject[]): KubeObject | undefined {
  return [...requests].sort((a, b) =>
    createdAt(a) > createdAt(b) || (createdAt(a) === createdAt(b) && a.metadata.name < b.metadata.name) ? -1 : 1,
  )[0];
}

function createdAt({ metadata }: KubeObject): string {
  return metadata.creationTimestamp ?? '';
}
