/**
 * Preflight checks report every blocker of a drafted plan before the first change, so that no run stops half done.
 *
 *     permissions.ts    a permission is missing, or a Secret may not be read
 *     issuers.ts        an issuer is missing or not Ready, or is of a type that can never sign the wanted certificates; or a CA keeps its key
 *     expiry.ts         an issuer signs with an expired CA; a certificate expires before the deadlines of the run
 *     client-certificates.ts   certificates of clients that the old root has signed (notes)
 *     pods.ts           a pod is down, or no pod can be observed from here
 *
 * Gates of the scope `wholeOperation` that can never open are blockers, too (`gates/disruption-budget.ts`). Outages and losses of data that
 * no gate prevents are notes (`gates/kafka-health.ts`, `data-loss.ts`).
 */
import type { Draft, Obstacle } from '#reconciler/model/plan';
import { dataLossNotes } from '../data-loss';
import { budgetForbidsEviction } from '../gates/disruption-budget';
import { quorumNotes, topicNotes } from '../gates/kafka-health';
import { healthNotes } from '../health';
import { type PlanInput, restartedPods } from '../plan-input';
import { clientCertificateNotes } from './client-certificates';
import { caHasExpired, caNotes, expiryNotes } from './expiry';
import { issuerIsNotReady, issuerTypeCannotSign, keptKeyDoesNotFit, keptKeyHasOtherSubject, unsuitableIssuerNotes } from './issuers';
import { deniedNotes, permissionIsDenied, unreadNotes } from './permissions';
import { downPodNotes, podCannotBeVerified, podIsDown, podsAreOutOfReach } from './pods';

export interface Preflight {
  readonly obstacles: readonly Obstacle[];
  readonly notes: readonly string[];
}

/** Returns all blockers of a draft, and notes. A preview needs no rights: the account that applies the plan may have others. */
export function preflight(input: PlanInput, draft: Draft, isPreview: boolean): Preflight {
  return {
    obstacles: [
      ...(isPreview ? [] : permissionIsDenied(input, draft)), // the run would stop at the first denied call
      ...issuerTypeCannotSign(input, draft), // its certificates would be useless
      ...keptKeyDoesNotFit(input), // a certificate would never be issued again
      ...keptKeyHasOtherSubject(input), // restarted and not yet restarted nodes would refuse each other
      ...issuerIsNotReady(input, draft), // a certificate would not be issued
      ...caHasExpired(input, draft), // its certificates would be refused
      ...podIsDown(input, draft), // the gates would refuse every restart
      ...podCannotBeVerified(input, draft), // success could not be proven
      ...podsAreOutOfReach(input, draft), // no restart could be proven
      ...budgetForbidsEviction(input, draft), // a pod would never be evicted
    ],
    notes: [
      ...unreadNotes(input),
      ...(draft.steps.length > 0 ? healthNotes(input) : []),
      ...dataLossNotes(input, draft),
      ...availabilityNotes(input, draft),
      ...downPodNotes(input, draft),
      ...expiryNotes(input, draft),
      ...caNotes(input, draft),
      ...clientCertificateNotes(input, draft),
      ...unsuitableIssuerNotes(input, draft),
      ...(isPreview ? deniedNotes(input, draft) : []),
    ],
  };
}

/** Returns what clients will notice of gated restarts. The note of a cut-over reports a worse outage. */
function availabilityNotes({ live }: PlanInput, { steps, cutover }: Draft): readonly string[] {
  if (cutover !== undefined) return [];
  const restarted = restartedPods(live, steps);
  return [...quorumNotes(live, restarted), ...topicNotes(live, restarted)];
}
