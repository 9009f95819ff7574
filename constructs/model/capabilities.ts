/**
 * What each executor can do. Everything else asks for a capability, never for the name of an executor.
 *
 * A new executor needs a row here, a draft (`drafts.ts` of `reconciler/executors`) and its execution (`index.ts`).
 */
import type { ExecutorName } from './desired';

export interface Capabilities {
  /** The reconciler writes the broker Certificates and decides when pods may use what was issued. Otherwise KubeDB does. */
  readonly ownsCertificates: boolean;
  /** The reconciler writes PetSets and configuration Secrets. Otherwise KubeDB does, in a form that is not public. */
  readonly ownsConfiguration: boolean;
  /** The reconciler chooses each next pod and asks its gates. Otherwise all gates are asked once, before the first restart. */
  readonly gatesBetweenPods: boolean;
  /** All pods can restart at the same time. */
  readonly canStopAll: boolean;
  /** KubeDB's ops-manager carries out the KafkaOpsRequests. Otherwise the reconciler does, where no ops-manager runs. */
  readonly needsOpsManager: boolean;
}

const CAPABILITIES: Readonly<Record<ExecutorName, Capabilities>> = {
  native: { ownsCertificates: true, ownsConfiguration: true, gatesBetweenPods: true, canStopAll: true, needsOpsManager: false },
  'ops-request': { ownsCertificates: false, ownsConfiguration: false, gatesBetweenPods: false, canStopAll: false, needsOpsManager: true },
};

export function capabilitiesOf({ executor }: { readonly executor: ExecutorName }): Capabilities {
  return CAPABILITIES[executor];
}

/** Tells whether the reconciler carries out a KafkaOpsRequest whose executor annotation has this value. */
export function isCarriedOutByReconciler(executor: string | undefined): boolean {
  return executor !== undefined && executor in CAPABILITIES && !CAPABILITIES[executor as ExecutorName].needsOpsManager;
}
