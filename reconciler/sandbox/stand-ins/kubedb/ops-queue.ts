/** Which request of a Kafka may run, by KubeDB's rules. Pure. */
import type { OpsRequest } from '../kinds';

export type Turn = { readonly kind: 'run' } | { readonly kind: 'wait' } | { readonly kind: 'skipped'; readonly by: string };

/**
 * Decides about a request that has not started, given all requests of its Kafka. One request runs at a time. Of the waiting requests of one
 * type, only the newest survives. Of the survivors, the oldest runs first.
 */
export function turnOf(request: OpsRequest, requests: readonly OpsRequest[]): Turn {
  if (requests.some((r) => r.status?.phase === 'Progressing')) return { kind: 'wait' };
  const waiting = requests.filter(isWaiting);
  const newestOf = (type: string) => waiting.filter((r) => r.spec.type === type).sort((a, b) => byAge(b, a) || byName(a, b))[0];
  const newest = newestOf(request.spec.type);
  if (newest !== undefined && byName(newest, request) !== 0) return { kind: 'skipped', by: newest.metadata.name };
  const [first] = waiting.filter((r) => newestOf(r.spec.type) === r).sort((a, b) => byAge(a, b) || byName(a, b));
  return first === undefined || byName(first, request) === 0 ? { kind: 'run' } : { kind: 'wait' };
}

/** Tells whether a request has neither started nor ended. */
export function isWaiting({ metadata, status }: OpsRequest): boolean {
  return ['', 'Pending'].includes(status?.phase ?? '') && metadata.deletionTimestamp === undefined;
}

function byAge(a: OpsRequest, b: OpsRequest): number {
  return compare(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '');
}

function byName(a: OpsRequest, b: OpsRequest): number {
  return compare(a.metadata.name, b.metadata.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
