/** Plans the requests that KubeDB's ops-manager carries out: one at a time, each followed to its end and then verified. */
import type { KubeObject } from '#model/kube-object';
import type { Draft, Step } from '../model/plan';
import { continueStep, submitStep, wantedCandidates } from './candidates';
import { type Diff, operationOf } from './diff';
import { issuingSteps, pruneSteps, retrySteps } from './issuer-manifests';
import { notesOf } from './notes';
import type { PlanInput } from './plan-input';
import { isNative, isOurs, unfinished } from './requests';
import { claimOwnershipSteps, cutoverOf, finishingSteps, kafkaRef, opsManagerSteps, resumeSteps, supersedeSteps } from './steps';
import { lateTrustNotes, trustSteps } from './trust-bundle-steps';

/** Returns the requests that bring the live state to the desired one. */
export function planOpsRequests(input: PlanInput, diff: Diff, retry: boolean): Draft {
  const { live, bundle } = input;
  const running = unfinished(live.requests).find((r) => isOurs(r, bundle.desired.owner) && !isNative(r));
  if (running !== undefined) return follow(input, diff, running);

  const operation = operationOf(input, diff);
  const wanted = wantedCandidates(input, diff);
  const trust = trustSteps(input, diff);
  const steps: Step[] = [...claimOwnershipSteps(input), ...issuingSteps(input), ...trust.beforehand, ...supersedeSteps(input)];
  if (wanted.length === 0) {
    steps.push(...finishingSteps(input, diff), ...pruneSteps(input));
    return { operation: steps.length === 0 ? 'none' : 'tidy', steps, notes: notesOf(input, 0) };
  }
  steps.push(...resumeSteps(input), ...retrySteps(input, diff.issuanceInProgress));
  for (const candidate of wanted) {
    const submit = submitStep(input, candidate, candidate.kind === 'converge' ? operation : candidate.kind, retry);
    if ('obstacle' in submit) return { operation, steps: [], obstacles: [submit.obstacle] };
    steps.push(submit, ...opsManagerSteps(live.pods, live, diff, candidate.findings));
    steps.push({ kind: 'verify', subject: kafkaRef(live), findings: [], request: submit.subject.name });
  }
  steps.push(...trust.afterwards, ...pruneSteps(input));
  const notes = [...notesOf(input, live.pods.length), ...lateTrustNotes(input, diff)];
  return { operation, steps, ...cutoverOf(input, diff, live.pods), notes };
}

/** A request of ours is under way: it is followed to its end, whatever the desired state has become; then all is planned anew. */
function follow(input: PlanInput, diff: Diff, running: KubeObject): Draft {
  const { live } = input;
  const conditions: readonly { type: string; status: string }[] = running.status?.conditions ?? [];
  const isDone = (pod: string) => conditions.some((c) => c.type === `CheckPodRunning--${pod}` && c.status === 'True');
  const submit = continueStep(running, running.spec?.type === 'Restart' ? 'restart' : 'update');
  const trust = trustSteps(input, diff);
  const pods = live.pods.filter((p) => !isDone(p.name));
  return {
    operation: submit.operation,
    steps: [
      ...trust.beforehand,
      submit,
      ...opsManagerSteps(pods, live, diff, submit.findings),
      { kind: 'verify', subject: kafkaRef(live), findings: [], request: running.metadata.name },
      ...trust.afterwards,
    ],
    ...cutoverOf(input, diff, pods),
    notes: notesOf(input, pods.length, true),
  };
}
