/**
 * Health expressions in CEL as Flux evaluates them: an object whose generation was not observed is in progress; then `inProgress`, `failed`
 * and `current` are evaluated, and the first that is true decides. An object for which none is true is in progress, and so is one that an
 * expression cannot be evaluated for, such as one without a status.
 */

import { parse } from '@marcbachmann/cel-js';
import type { KubeObject } from '#model/kube-object';
import { untyped } from './untyped';

/** An item of a Kustomization's `healthCheckExprs`. */
export interface HealthExpressions {
  readonly apiVersion: string;
  readonly kind: string;
  readonly inProgress?: string;
  readonly failed?: string;
  readonly current?: string;
}

export type CelHealth = 'InProgress' | 'Failed' | 'Current';

/** Returns what evaluates the expressions, which must be valid CEL. */
export function celCheck({ inProgress, failed, current }: HealthExpressions): (object: KubeObject) => CelHealth {
  const inOrder = [
    ['InProgress', inProgress],
    ['Failed', failed],
    ['Current', current],
  ] as const;
  const programs = inOrder.flatMap(([health, text]) => (text === undefined ? [] : [{ health, isSo: parse(text) }]));
  return (object) => {
    const observed = untyped(object.status)?.observedGeneration;
    if (observed !== undefined && observed !== object.metadata.generation) return 'InProgress';
    try {
      return programs.find(({ isSo }) => isSo(object) === true)?.health ?? 'InProgress';
    } catch {
      return 'InProgress';
    }
  };
}
