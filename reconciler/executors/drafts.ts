/**
 * Drafts the steps for a Kafka with pods. This file is the frame that both executors share; each executor drafts its own work.
 *
 *     claim ownership, issuers and application certificates, labels, trust bundle, end of superseded requests
 *     the work of the executor: its request, certificates, configuration, restarts, verification
 *     trust bundle without the previous CA, deletion of what is no longer wanted
 */
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';

import type { Draft, Obstacle } from '../model/plan';
import { issuingSteps } from '../plan/bridge/steps';
import { cutoverNotes, plannedCutover } from '../plan/cutover';
import type { Diff } from '../plan/diff';
import { wideningSteps } from '../plan/dual/steps';
import { brokerLabelSteps, pruneSteps } from '../plan/issuer-manifests';
import { notesOf } from '../plan/notes';
import { neededOperations } from '../plan/operations';
import type { PlanInput } from '../plan/plan-input';
import { decideReload, futileRotation, reloadIsImpossible, withoutFutileRotation } from '../plan/reload';
import { claimOwnershipSteps, finishingSteps, supersedeSteps } from '../plan/steps';
import { trustBundleSteps } from '../plan/trust-bundle-steps';
import type { DraftInput, ExecutorDraft, Work } from './draft-input';
import { draftNative } from './native/draft';
import { draftOpsRequest } from './ops-request/draft';

const DRAFTS: Readonly<Record<ExecutorName, ExecutorDraft>> = { native: draftNative, 'ops-request': draftOpsRequest };

export interface DraftOptions {
  readonly retry?: boolean;
  readonly isPreview?: boolean;
}

export function draftFor(input: PlanInput, given: Diff, { retry = false, isPreview = false }: DraftOptions): Draft {
  const diff = withoutFutileRotation(input, given, retry);
  const trust = trustBundleSteps(input, diff);
  const work = reloadOrDraft(
    { input, diff, trust, retry, reload: decideReload(input, diff, isPreview) },
    diff === given ? undefined : given,
  );
  const begin = [...claimOwnershipSteps(input), ...issuingSteps(input), ...brokerLabelSteps(input, diff.certificates), ...trust.beforehand];
  if (work === undefined) {
    const widening = wideningSteps(input, diff.reissued);
    const steps = [...begin, ...supersedeSteps(input), ...widening, ...finishingSteps(input, diff), ...pruneSteps(input)];
    return { operation: steps.length === 0 ? 'none' : 'tidy', steps, notes: notesOf(input, 0) };
  }
  if ('message' in work) return { operation: neededOperations(input, diff)[0]?.operation ?? 'none', steps: [], obstacles: [work] };
  const { operation, pods, mode, notes = [] } = work;
  const steps =
    mode === 'follow'
      ? [...trust.beforehand, ...work.steps, ...trust.afterwards]
      : [...begin, ...(mode === 'begin' ? supersedeSteps(input) : []), ...work.steps, ...trust.afterwards, ...pruneSteps(input)];
  const cutover = plannedCutover(input, diff.cutoverCause, pods);
  const warnings = mode === 'follow' ? [] : cutoverNotes(cutover, capabilitiesOf(input.bundle.desired));
  return { operation, steps, ...cutover, notes: [...warnings, ...notesOf(input, pods.length, mode === 'follow'), ...notes] };
}

/** A certificate that is due again at once stops the run only when every node has loaded it. */
function reloadOrDraft(draft: DraftInput, futile: Diff | undefined): Work | Obstacle | undefined {
  const { input, diff, reload } = draft;
  if (futile !== undefined && diff.pods.length === 0) return futileRotation(input, futile);
  return reloadIsImpossible(input, reload) ?? DRAFTS[input.bundle.desired.executor](draft);
}
