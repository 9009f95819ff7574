/** The phases of a change of root (`bridge.ts`), and which of them a Secret belongs to. */
import type { Certificate } from '#model/kinds/index';
import type { IssuerRef } from '#model/tls';
import type { CaFacts, SecretFacts } from '../../model/observation';
import type { Obstacle } from '../../model/plan';
import { presentedFrom } from '../chain';

/** The phases that a change leads through, in order. */
export const PHASES = ['bridged', 'anchored', 'new'] as const;
export type Phase = (typeof PHASES)[number];
/** A phase that nodes are led to; on the way back the last one is the old root. */
export type EndPhase = Phase | 'old';

/** A change of root, as far as the cluster shows it. */
export interface Bridge {
  /** The issuer of the new CA. */
  readonly issuer: IssuerRef;
  /** Its CA Certificate at the end: self-signed. */
  readonly certificate: Certificate;
  /** Public key of the new CA; absent before cert-manager has made it. */
  readonly key?: string;
  /** The issuer that signs the bridge. */
  readonly signer: string;
  readonly oldRoot: CaFacts;
  /** The self-signed certificate of the new CA that clients can get, or could if it were published. */
  readonly newRoot?: CaFacts;
  /** Clients can get it now. */
  readonly isPublished: boolean;
  /** What the Secret holds that pods mount. */
  readonly phase: 'old' | Phase;
  /** Some pods serve the phase before or after that one still. */
  readonly isUnderWay: boolean;
  /** The desired state is the old root again. */
  readonly isBack: boolean;
}

/** A change of root, and the phase that certificates are to be issued for. */
export interface BridgePhase extends Bridge {
  readonly target: Phase;
  /** Why the last phase must not begin yet. */
  readonly wait?: Obstacle;
}

/** Returns the phases that a change leads through, in order. */
export function phasesOf({ isBack }: Pick<Bridge, 'isBack'>): readonly EndPhase[] {
  return isBack ? ['bridged', 'old'] : PHASES;
}

/** Returns which phase a Secret belongs to, by the key of the new CA. */
export function phaseOf(secret: SecretFacts, key: string | undefined): 'old' | Phase {
  if (key === undefined || !presentedFrom(secret).signers.includes(key)) return 'old';
  const anchor = secret.ca?.find((c) => c.publicKey === key);
  if (anchor === undefined) return 'bridged';
  return isRoot(anchor) ? 'new' : 'anchored';
}

/** Tells whether a certificate is signed by its own key. */
export function isRoot({ signers, publicKey, subject, issuer }: CaFacts): boolean {
  return subject === issuer && (signers === undefined || signers.includes(publicKey));
}

/** Tells whether a certificate of the new CA comes with the old root or with the bridge. */
export function isBetween(secret: SecretFacts, key: string | undefined): boolean {
  const phase = phaseOf(secret, key);
  return phase === 'bridged' || phase === 'anchored';
}
