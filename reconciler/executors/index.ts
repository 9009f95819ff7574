/**
 * Who carries out an operation: the reconciler itself (`native/`) or KubeDB's ops-manager (`ops-request/`).
 *
 *     capabilities.ts   what each executor can do; the rest of the program asks only this
 *     drafts.ts         how each executor plans its steps; pure
 *     index.ts          how each executor carries its steps out
 */
import type { ExecutorName } from '#model/desired';
import type { Execution, Run } from '../execute/context';
import { native } from './native/execute';
import { opsRequest } from './ops-request/execute';

export const EXECUTORS: Readonly<Record<ExecutorName, (run: Run) => Execution>> = { native, 'ops-request': opsRequest };
