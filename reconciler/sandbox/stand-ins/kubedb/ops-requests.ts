/** Which request of a Kafka may run, and which TLS configuration it asks for. Pure. */
import type { Kafka, OpsRequest, Tls } from '../kinds';
import { ALIASES, certificateOf, tlsOf } from './layout';

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

export interface Target {
  readonly operation: 'add' | 'update' | 'rotate' | 'remove' | 'restart';
  /** The configuration afterwards; undefined: TLS is off. */
  readonly tls: Tls | undefined;
  /** Restarted nodes cannot connect to the others until all are restarted. */
  readonly isCutover: boolean;
}

/** Returns the target of a request, or why it must fail. */
export function targetOf({ spec }: OpsRequest, kafka: Kafka): Target | { readonly failure: string } {
  const live = tlsOf(kafka);
  const { rotateCertificates, remove, issuerRef = live?.issuerRef, certificates: changed = [] } = spec.tls ?? {};
  if (spec.type === 'Restart') return { operation: 'restart', tls: live, isCutover: false };
  if (remove === true) return { operation: 'remove', tls: undefined, isCutover: live !== undefined };
  if (rotateCertificates === true && live === undefined) return { failure: 'there are no certificates to rotate: TLS is off' };
  if (rotateCertificates === true) return { operation: 'rotate', tls: live, isCutover: false };
  if (issuerRef === undefined) return { failure: 'issuerRef is missing, and the Kafka has none' };
  // KubeDB's own rule is not public. Here an entry of the request replaces the entry of its alias.
  const kept = (live?.certificates ?? []).filter((c) => !changed.some(({ alias }) => alias === c.alias));
  const merged = { issuerRef, certificates: [...kept, ...changed] };
  const certificates = ALIASES.map((alias) => certificateOf(kafka.metadata.name, merged, alias));
  const isOtherIssuer = live?.issuerRef.kind !== issuerRef.kind || live.issuerRef.name !== issuerRef.name;
  return { operation: live === undefined ? 'add' : 'update', tls: { issuerRef, certificates }, isCutover: isOtherIssuer };
}

/** Returns the fields of the Kafka's spec for a TLS configuration, as a merge patch. */
export function tlsFields(tls: Tls | undefined): { readonly enableSSL: boolean; readonly tls: Tls | null } {
  return tls === undefined ? { enableSSL: false, tls: null } : { enableSSL: true, tls };
}
