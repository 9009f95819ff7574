/**
 * What a drafted plan would run into, found before anything is touched: nothing is begun that would stop half done.
 *
 *     permissions.ts    what whoever runs it may not do
 *     issuer-types.ts   an issuer that can never sign what is wanted of it
 *     issuers.ts        an issuer that certificates are to be issued by is missing or not Ready
 *     kept-keys.ts      a CA whose key cert-manager keeps, though another kind of key is wanted
 *     cas.ts            an issuer signs with a CA that has expired
 *     pods.ts           a pod that is down, beside which no healthy one is restarted
 *     reach.ts          pods that cannot be seen from here
 *     budgets.ts        a PodDisruptionBudget that can never allow the eviction
 *
 * and what stops nothing, but should be known before it begins:
 *
 *     data-loss.ts      partitions that are lost because their brokers keep data no longer than a pod (in `plan/`)
 *     availability.ts   too few controllers or replicas to restart without an outage
 *     expiry.ts         certificates that expire before the run has to be over
 *     cas.ts            CAs that expire before what they sign
 *     unread.ts         Secrets that may not be read, so that nothing is known of them
 */

import type { Draft, Obstacle } from '#reconciler/model/plan';
import { dataLossNotes } from '../data-loss';
import { healthNotes } from '../health';
import type { PlanInput } from '../plan-input';
import { availabilityNotes } from './availability';
import { budgetForbidsEviction } from './budgets';
import { caHasExpired, caNotes } from './cas';
import { expiryNotes } from './expiry';
import { issuerTypeCannotSign, unsuitableIssuerNotes } from './issuer-types';
import { issuerIsNotReady } from './issuers';
import { keptKeyDoesNotFit } from './kept-keys';
import { deniedNotes, permissionIsDenied } from './permissions';
import { downPodNotes, podCannotBeVerified, podIsDown } from './pods';
import { podsAreOutOfReach } from './reach';
import { unreadNotes } from './unread';

export interface Preflight {
  readonly obstacles: readonly Obstacle[];
  readonly notes: readonly string[];
}

/** Returns all that stands in the way of a draft; `isOnlyShown`: somebody else, with other rights, will carry it out. */
export function preflight(input: PlanInput, draft: Draft, isOnlyShown: boolean): Preflight {
  return {
    obstacles: [
      ...(isOnlyShown ? [] : permissionIsDenied(input, draft)), // it would stop where the right is missing
      ...issuerTypeCannotSign(input, draft), // no certificate of it would be worth anything
      ...keptKeyDoesNotFit(input), // a certificate would never be issued again
      ...issuerIsNotReady(input, draft), // a certificate would not be issued
      ...caHasExpired(input, draft), // no certificate of it would be accepted
      ...podIsDown(input, draft), // the gates would stay shut
      ...podCannotBeVerified(input, draft), // success could not be proven
      ...podsAreOutOfReach(input, draft), // no restart could be proven
      ...budgetForbidsEviction(input, draft), // a pod would not be let go
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
      ...(isOnlyShown ? deniedNotes(input, draft) : []),
    ],
  };
}
