/**
 * Pods that serve nobody and that an operation of KubeDB's repairs. Gates protect what is whole: to wait for such a pod before asking for
 * the operation would be to wait for the operation itself.
 */

import type { PodFacts } from '../model/observation';
import type { Operation } from '../model/plan';
import { podFindings } from './checks/pods';
import { secretFindings } from './checks/secrets';
import type { PlanInput } from './plan-input';
import { invalidCertificates } from './restart';

/** Returns what is to be repaired, in a sentence, or undefined. */
export function repairOf(input: PlanInput, operation: Operation): string | undefined {
  const { live, now } = input;
  const stale = new Set(podFindings(input).map((f) => f.subject.name));
  // A restart loads what the Secrets hold; every other operation has them filled anew.
  const isReissuing = operation !== 'restart';
  const invalid = isReissuing ? invalidCertificates(live, now) : new Map<string, string>();
  const isSecretBroken =
    isReissuing && secretFindings(input).some(({ reason }) => reason === 'SecretMissing' || reason === 'SecretIncomplete');
  // A Secret that is still to be made, as where TLS is turned on, has broken no pod.
  const isBroken = (p: PodFacts) => stale.has(p.name) || (isSecretBroken && p.certificateSecret !== undefined);
  const pod = live.pods.find((p) => invalid.has(p.name) || (!p.isReady && isBroken(p)));
  if (pod === undefined) return undefined;
  if (invalid.has(pod.name)) return `${pod.name}: ${invalid.get(pod.name)}`;
  return `${pod.name} is ${pod.stuck ?? 'not Ready'}${stale.has(pod.name) ? ' and outdated' : ', and its Secret is not whole'}`;
}
