/**
 * Who carries out an operation: the reconciler itself (`native/`) or KubeDB's ops-manager (`ops-request/`).
 *
 *     capabilities.ts   what each executor can do; the rest of the program asks only this
 *     drafts.ts         how each executor plans its steps; pure
 *     index.ts          how each executor carries its steps out
 */
import type { ExecutorName } from '#model/desired';
import type { StepResult } from '../execute/context';
import type { Run } from '../execute/execute';
import type { StepCases } from '../model/plan';
import { native } from './native/execute';
import { opsRequest } from './ops-request/execute';

/** One plan that an executor carries out. */
export interface Execution {
  readonly steps: Partial<StepCases<Promise<StepResult>>>;
  /** Called when the plan ends before its last step. The error that ended it, if there is one, is thrown after this. */
  readonly leave: (error: unknown) => Promise<void>;
}

export const EXECUTORS: Readonly<Record<ExecutorName, (run: Run) => Execution>> = { native, 'ops-request': opsRequest };
