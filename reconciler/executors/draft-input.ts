/** The input and the result of an executor's draft. */
import type { PodFacts } from '../model/observation';
import type { Obstacle, Operation, Step } from '../model/plan';
import type { Diff } from '../plan/diff';
import type { PlanInput } from '../plan/plan-input';
import type { ReloadDecision } from '../plan/reload';
import type { TrustBundleSteps } from '../plan/trust-bundle-steps';

export interface DraftInput {
  readonly input: PlanInput;
  readonly diff: Diff;
  readonly trust: TrustBundleSteps;
  /** Which nodes load a new certificate while they run; absent where none can. */
  readonly reload: ReloadDecision | undefined;
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
