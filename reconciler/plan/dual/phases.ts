/** The phases of a change of root in which nodes trust two roots (`dual.ts`), and what shows that a node has loaded both. */
import type { Bundle } from '#model/bundle';
import type { IssuerRef } from '#model/tls';
import type { CaFacts, PodFacts, SecretFacts } from '../../model/observation';
import type { Obstacle } from '../../model/plan';

/** The phases that a change leads through, in order. */
export const DUAL_PHASES = ['both', 'issued', 'new'] as const;
export type DualPhaseName = (typeof DUAL_PHASES)[number];

/** A certificate that is written into Secrets. */
export type Root = CaFacts & { readonly pem: string };

/** A change of root, as far as the cluster shows it. */
export interface Dual {
  /** The issuer of the new root. */
  readonly issuer: IssuerRef;
  /** The issuer of the old root, as it is printed. */
  readonly from: string;
  readonly oldRoot: CaFacts;
  /** Absent while only a certificate request can show it. */
  readonly newRoot?: CaFacts;
  /** What nodes are to trust until all of them serve the new root; what signs the next certificates comes first. */
  readonly roots: readonly Root[];
  /** What the Secret holds that pods mount. */
  readonly phase: 'old' | 'both' | 'issued';
  /** Some pods have not loaded that yet. */
  readonly isUnderWay: boolean;
}

/** A change of root, and the phase that comes next. */
export interface DualPhase extends Dual {
  readonly target: DualPhaseName;
  /** The desired state, also while the plan asks for the present one. */
  readonly wanted: Bundle;
  /** Why certificates of the new root must not be issued yet. */
  readonly wait?: Obstacle;
}

/** A kubelet may give a new pod the Secret as it was this long ago: its watch of the Secret can be behind. */
export const BEHIND_MS = 10_000;

/** Tells whether the certificates beside the leaf are still those that were added. An issuance brings the issuer's root alone. */
export function isWidened({ addedTrust, ca = [] }: SecretFacts): boolean {
  return addedTrust !== undefined && addedTrust.roots.length > 1 && addedTrust.roots.every((root) => isAmong(root, ca));
}

/** Tells whether ca.crt and the trust store of a Secret hold all of these. */
export function holds({ addedTrust, ca = [] }: SecretFacts, roots: readonly Pick<CaFacts, 'fingerprint'>[]): boolean {
  return roots.every((root) => isAmong(root, ca) && addedTrust?.stored?.includes(root.fingerprint) === true);
}

/** Tells whether a pod was created after the trust store of its Secret was written. A node shows what it serves, and not what it trusts. */
export function hasLoadedTrust({ createdAt = '' }: Pick<PodFacts, 'createdAt'>, { addedTrust }: SecretFacts): boolean {
  return Date.parse(createdAt) >= Date.parse(addedTrust?.writtenAt ?? '') + BEHIND_MS;
}

export function isAmong({ fingerprint }: Pick<CaFacts, 'fingerprint'>, some: readonly Pick<CaFacts, 'fingerprint'>[]): boolean {
  return some.some((c) => c.fingerprint === fingerprint);
}
