/**
 * Drafts the steps for a Kafka with pods. This file is the frame that both executors share; each executor drafts its own work.
 *
 *     claim ownership, issuers and application certificates, labels, trust bundle, end of superseded requests
 *     the work of the executor: its request, certificates, configuration, restarts, verification
 *     trust bundle without the previous CA, deletion of what is no longer wanted
 */
import type { ExecutorName } from '#model/desired';
import type { PodFacts } from '../model/observation';
import type { Draft, Obstacle, Operation, Step } from '../model/plan';
import { plannedCutover } from '../plan/cutover';
import type { Diff } from '../plan/diff';
import { brokerLabelSteps, issuerSteps, pruneSteps } from '../plan/issuer-manifests';
import { notesOf } from '../plan/notes';
import { neededOperations } from '../plan/operations';
import type { PlanInput } from '../plan/plan-input';
import { claimOwnershipSteps, finishingSteps, supersedeSteps } from '../plan/steps';
import { type TrustBundleSteps, trustBundleSteps } from '../plan/trust-bundle-steps';
import { draftNative } from './native/draft';
import { draftOpsRequest } from './ops-request/draft';

export interface DraftInput {
  readonly input: PlanInput;
  readonly diff: Diff;
  readonly trust: TrustBundleSteps;
  /** `apply --retry`: failures of earlier runs do not count. */
  readonly retry: boolean;
}

/** What an executor has to do. */
export interface Work {
  readonly operation: Operation;
  readonly steps: readonly Step[];
  /** Pods that restart. */
  readonly pods: readonly PodFacts[];
  /** `begin`: a new request. `continue`: a request of ours. `follow`: the ops-manager is at work, and nothing else is changed meanwhile. */
  readonly mode: 'begin' | 'continue' | 'follow';
  readonly notes?: readonly string[];
}

/** Returns the work; undefined when there is none; an obstacle when it must not be done again. */
export type ExecutorDraft = (input: DraftInput) => Work | Obstacle | undefined;

const DRAFTS: Readonly<Record<ExecutorName, ExecutorDraft>> = { native: draftNative, 'ops-request': draftOpsRequest };

export function draftFor(input: PlanInput, diff: Diff, retry: boolean): Draft {
  const trust = trustBundleSteps(input, diff);
  const work = DRAFTS[input.bundle.desired.executor]({ input, diff, trust, retry });
  const begin = [...claimOwnershipSteps(input), ...issuerSteps(input), ...brokerLabelSteps(input, diff.certificates), ...trust.beforehand];
  if (work === undefined) {
    const steps = [...begin, ...supersedeSteps(input), ...finishingSteps(input, diff), ...pruneSteps(input)];
    return { operation: steps.length === 0 ? 'none' : 'tidy', steps, notes: notesOf(input, 0) };
  }
  if ('message' in work) return { operation: neededOperations(input, diff)[0]?.operation ?? 'none', steps: [], obstacles: [work] };
  const { operation, pods, mode, notes = [] } = work;
  const steps =
    mode === 'follow'
      ? [...trust.beforehand, ...work.steps, ...trust.afterwards]
      : [...begin, ...(mode === 'begin' ? supersedeSteps(input) : []), ...work.steps, ...trust.afterwards, ...pruneSteps(input)];
  return {
    operation,
    steps,
    ...plannedCutover(input, diff.cutoverCause, pods),
    notes: [...notesOf(input, pods.length, mode === 'follow'), ...notes],
  };
}
