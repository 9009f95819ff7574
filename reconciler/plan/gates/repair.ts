/**
 * Pods that serve no client, and that an operation of KubeDB repairs. No gate is asked before such an operation: waiting for the pod to
 * become Ready would be waiting for the operation itself.
 */
import type { Operation } from '../../model/plan';
import { podFindings } from '../checks/pods';
import { secretFindings } from '../checks/secrets';
import type { PlanInput } from '../plan-input';
import { invalidCertificate } from './certificates';
import { downPod } from './pods';

/** Returns what the operation repairs, in a sentence, or undefined. */
export function repairOf(input: PlanInput, operation: Operation): string | undefined {
  const { live, now } = input;
  const outdated = new Set(podFindings(input).map((f) => f.subject.name));
  // A restart loads what the Secrets hold. Every other operation fills the Secrets first.
  const isReissuing = operation !== 'restart';
  const isSecretBroken =
    isReissuing && secretFindings(input).some(({ reason }) => reason === 'SecretMissing' || reason === 'SecretIncomplete');
  for (const pod of live.pods) {
    const invalid = isReissuing ? invalidCertificate(pod, live, now) : undefined;
    if (invalid !== undefined) return `${pod.name}: ${invalid}`;
    if (pod.isReady) continue;
    const problem = downPod(pod)?.problem;
    if (outdated.has(pod.name)) return `${pod.name} ${problem} and is outdated`;
    // Where TLS is turned on, a missing Secret is still to be created and broke no pod.
    if (isSecretBroken && pod.certificateSecret !== undefined) return `${pod.name} ${problem}, and its Secret is incomplete`;
  }
  return undefined;
}
