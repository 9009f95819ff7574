/**
 * The operations that are measured, as data: what each asks for in the state that it finds. They are chained on one living cluster, so that the
 * cluster is started as rarely as possible.
 */
import { Acknowledgement, Cutover, type KafkaTlsProps, Rotation, Tls, TlsIssuer } from '#constructs/index';
import { LEAVE, MOVE, on, onWithNewRoot } from '../../support/desired-states';

/** What carries operations out. `KubeDB alone`: a KafkaOpsRequest written by hand, and no reconciler. */
export const ACTORS = ['native', 'ops-request', 'KubeDB alone'] as const;
export type Actor = (typeof ACTORS)[number];

/** The CA that the first certificates come from, a second Issuer of the same CA, and another CA. */
export const ISSUERS = { first: 'orders-ca', sameRoot: 'orders-ca-again', otherRoot: 'orders-ca-2' } as const;

/** The TLS settings of the cluster at a moment. */
export interface Setting {
  /** Absent: TLS is off. */
  readonly issuer?: (typeof ISSUERS)[keyof typeof ISSUERS];
  readonly dnsNames: readonly string[];
  /** Certificates that were issued before are issued again. */
  readonly issuedAfter?: string;
  /** Nodes load new certificates while they run. Absent: their pods restart. */
  readonly isByReload?: true;
  readonly cutover: 'rolling' | 'stop';
}

/** No Kafka yet. */
export const NOTHING: Setting = { dnsNames: [], cutover: 'rolling' };

export interface Operation {
  readonly name: string;
  /** What the operation needs: no Kafka at all, or clients with this protocol. */
  readonly from: 'nothing' | 'tls' | 'plaintext';
  readonly to: 'tls' | 'plaintext';
  /** Pods that restarted cannot talk to the others. */
  readonly isCutover: boolean;
  readonly by: readonly Actor[];
  /** No pod restarts. */
  readonly isWithoutRestart?: true;
  /** The commit is reverted when the second pod has restarted. */
  readonly isReverted?: true;
  /** Certificates are issued between two restarts. */
  readonly issuesBetween?: true;
  change(before: Setting, now: Date): Setting;
}

const EXTRA_NAME = 'kafka.example.org';
const roll = { from: 'tls', to: 'tls', isCutover: false } as const;
const add = { from: 'plaintext', to: 'tls', isCutover: true } as const;
const remove = { from: 'tls', to: 'plaintext', isCutover: true } as const;
const BY_RECONCILER: readonly Actor[] = ['native', 'ops-request'];

function off(cutover: Setting['cutover']): Setting {
  return { dnsNames: [], cutover };
}

/** In an order in which each finds what it needs. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: 'create',
    from: 'nothing',
    to: 'tls',
    isCutover: false,
    by: BY_RECONCILER,
    change: () => ({ issuer: ISSUERS.first, dnsNames: [], cutover: 'rolling' }),
  },
  {
    ...roll,
    name: 'rotate by reload',
    by: BY_RECONCILER,
    isWithoutRestart: true,
    change: (s, now) => ({ ...s, issuedAfter: now.toISOString(), isByReload: true }),
  },
  { ...roll, name: 'rotate', by: ACTORS, change: ({ isByReload: _, ...s }, now) => ({ ...s, issuedAfter: now.toISOString() }) },
  { ...roll, name: 'update names', by: ACTORS, change: (s) => ({ ...s, dnsNames: [EXTRA_NAME] }) },
  {
    ...roll,
    name: 'revert names',
    by: BY_RECONCILER,
    isReverted: true,
    issuesBetween: true,
    change: (s) => ({ ...s, dnsNames: [...s.dnsNames, `2.${EXTRA_NAME}`] }),
  },
  { ...roll, name: 'update issuer, same root', by: ACTORS, change: (s) => ({ ...s, issuer: ISSUERS.sameRoot }) },
  // The reconciler restarts every pod three times, KubeDB once.
  { ...roll, name: 'update issuer, other root', by: ACTORS, issuesBetween: true, change: (s) => ({ ...s, issuer: ISSUERS.otherRoot }) },
  { ...remove, name: 'remove, rolling', by: ACTORS, change: () => off('rolling') },
  { ...add, name: 'add, rolling', by: ACTORS, change: () => ({ issuer: ISSUERS.first, dnsNames: [], cutover: 'rolling' }) },
  { ...remove, name: 'remove, stop', by: ['native'], change: () => off('stop') },
  { ...add, name: 'add, stop', by: ['native'], change: () => ({ issuer: ISSUERS.first, dnsNames: [], cutover: 'stop' }) },
];

/** The desired TLS of a KafkaTls with these settings. */
export function tlsOf({ issuer, dnsNames, issuedAfter, isByReload }: Setting): Tls {
  if (issuer === undefined) return Tls.off({ acknowledge: LEAVE });
  const rotation = isByReload === true ? Rotation.reload() : Rotation.restart();
  const fields = { server: { dnsNames }, rotation, ...(issuedAfter === undefined ? {} : { issuedAfter }) };
  if (issuer === ISSUERS.otherRoot) return onWithNewRoot(fields);
  const acknowledge = [...MOVE, Acknowledgement.trustRootChangesTo(ISSUERS.first)];
  return on({ issuer: issuer === ISSUERS.first ? TlsIssuer.selfSignedCa() : TlsIssuer.issuer(issuer), acknowledge, ...fields });
}

/** Restarts one by one are the default. */
export function restartOf({ cutover }: Setting): Pick<KafkaTlsProps, 'restart'> {
  return cutover === 'stop' ? { restart: { cutover: Cutover.STOP } } : {};
}
