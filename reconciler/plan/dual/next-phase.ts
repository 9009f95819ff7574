/**
 * Which phase of a change of root with two trusted roots comes next (`dual.ts`), and whether it may begin. `issued` needs an acknowledgement,
 * because from then on clients must trust the new root. That the published bundle has held it for `trustFor` stands for one.
 */
import { formatIssuerRef, tlsStateOf } from '#model/tls';
import { type Approval, approvalOf } from '../acknowledgement';
import { presentBundle, trustedFrom } from '../bridge/next-phase';
import type { RootChange } from '../cutover';
import type { PlanInput } from '../plan-input';
import { findDual } from './dual';
import type { Dual, DualPhase } from './phases';

/** Returns the input with the change of root. Until `issued`, the TLS state that counts is the present one. */
export function withDual(input: PlanInput): PlanInput {
  const dual = findDual(input);
  if (dual === undefined || !isCommitted(input, dual)) return input;
  const next = nextPhase(input, dual);
  return {
    ...input,
    dual: { ...dual, ...next, wanted: input.bundle },
    ...(next.target === 'both' ? { bundle: presentBundle(input) } : {}),
  };
}

/** Another issuer is named in Git. If an issuer has another root under its old name, nodes must not trust that before it is acknowledged. */
function isCommitted(input: PlanInput, dual: Dual): boolean {
  return dual.phase === 'issued' || dual.from !== formatIssuerRef(dual.issuer) || issuedApproval(input, dual).obstacles.length === 0;
}

function nextPhase(input: PlanInput, dual: Dual): Pick<DualPhase, 'target' | 'wait'> {
  const { phase, isUnderWay } = dual;
  if (phase === 'issued') return { target: isUnderWay ? 'issued' : 'new' };
  if (phase === 'old' || isUnderWay) return { target: 'both' };
  const [missing] = issuedApproval(input, dual).obstacles;
  return missing === undefined ? { target: 'issued' } : { target: 'both', wait: { ...missing, kind: 'blocked' } };
}

/** Returns whether certificates of the new root may be issued, as far as it is known now. */
export function issuedApproval(input: PlanInput, dual: Dual, loss?: string): Approval {
  return approvalOf(input, issuedChange(input, dual), loss);
}

/** Returns what an acknowledgement of `issued` must approve. */
function issuedChange(input: PlanInput, dual: Dual): RootChange {
  const { issuer, from, oldRoot, newRoot } = dual;
  const to = formatIssuerRef(issuer);
  const until = dualTrustedFrom(input, dual);
  return {
    kind: 'root',
    because: `every node trusts both roots, and certificates of ${to} are to replace those of ${from}`,
    issuer,
    isOtherIssuer: to !== from,
    isLed: true,
    from: { tls: tlsStateOf(input.live.kafka?.spec), root: oldRoot.publicKey },
    ...(newRoot === undefined ? {} : { root: newRoot }),
    ...(until !== undefined && Date.parse(until) <= input.now.getTime() ? { isTrusted: true } : {}),
  };
}

/** Returns when clients have had the new root for as long as the desired state demands. */
export function dualTrustedFrom(input: PlanInput, { newRoot }: Dual): string | undefined {
  const isPublished = input.live.trust?.ca.some((c) => c.publicKey === newRoot?.publicKey) === true;
  return trustedFrom(input, { isPublished });
}
