/**
 * Preflight checks report every blocker of a drafted plan before the first change, so that no run stops half done.
 *
 *     permissions.ts    a permission is missing, or a Secret may not be read
 *     issuer-types.ts   an issuer of a type that can never sign the wanted certificates
 *     kept-keys.ts      a CA whose key cert-manager keeps, although another kind of key is wanted
 *     issuers.ts        an issuer of wanted certificates is missing or not Ready
 *     cas.ts            an issuer signs with an expired CA, or with one that expires before the certificates it signs
 *     pods.ts           a pod is down
 *     reach.ts          no pod can be observed from here
 *     expiry.ts         a certificate expires before the deadlines of the run
 *
 * Gates of the scope `wholeOperation` that can never open are blockers, too (`gates/disruption-budget.ts`). Outages and losses of data that
 * no gate prevents are notes (`gates/quorum.ts`, `gates/partitions.ts`, `data-loss.ts`).
 */
import type { Draft, Obstacle } from '#reconciler/model/plan';
import { dataLossNotes } from '../data-loss';
import { budgetForbidsEviction } from '../gates/disruption-budget';
import { topicNotes } from '../gates/partitions';
import { quorumNotes } from '../gates/quorum';
import { healthNotes } from '../health';
import { type PlanInput, restartedPods } from '../plan-input';
import { caHasExpired, caNotes } from './cas';
import { expiryNotes } from './expiry';
import { issuerTypeCannotSign, unsuitableIssuerNotes } from './issuer-types';
import { issuerIsNotReady } from './issuers';
import { keptKeyDoesNotFit } from './kept-keys';
import { deniedNotes, permissionIsDenied, unreadNotes } from './permissions';
import { downPodNotes, podCannotBeVerified, podIsDown } from './pods';
import { podsAreOutOfReach } from './reach';

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
