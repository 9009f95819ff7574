import type { StepResult } from '../execute/context';
import type { StepCases } from '../model/plan';

/** One plan that an executor carries out. */
export interface Execution {
  readonly steps: Partial<StepCases<Promise<StepResult>>>;
  /** Called when the plan ends before its last step. The error that ended it, if there is one, is thrown after this. */
  readonly leave: (error: unknown) => Promise<void>;
}
