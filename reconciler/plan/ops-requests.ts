/** Plans the requests that KubeDB's ops-manager carries out: one at a time, each followed to its end and then verified. */
import type { KubeObject } from '../../constructs/model/kube-object';
import { continueStep, submitStep, wantedCandidates } from './candidates';
import type { World } from './checks/world';
import { type Comparison, operationOf } from './comparison';
import { issuingSteps, leftOverSteps, retrySteps } from './issuing';
import { notesOf } from './notes';
import type { Draft, Step } from './nouns';
import { isNative, isOurs, unfinished } from './requests';
import { cutoverOf, finishingSteps, kafkaRef, opsManagerSteps, ownSteps, resumeSteps, supersedeSteps } from './steps';
import { lateTrustNotes, trustSteps } from './trust-steps';

/** Returns the requests that bring the live state to the desired one. */
export function planOpsRequests(world: World, found: Comparison, retry: boolean): Draft {
  const { live, bundle } = world;
  const running = unfinished(live.requests).find((r) => isOurs(r, bundle.desired.owner) && !isNative(r));
  if (running !== undefined) return follow(world, found, running);

  const operation = operationOf(world, found);
  const wanted = wantedCandidates(world, found);
  const trust = trustSteps(world, found);
  const steps: Step[] = [...ownSteps(world), ...issuingSteps(world), ...trust.beforehand, ...supersedeSteps(world)];
  if (wanted.length === 0) {
    steps.push(...finishingSteps(world, found), ...leftOverSteps(world));
    return { operation: steps.length === 0 ? 'none' : 'tidy', steps, notes: notesOf(world, 0) };
  }
  steps.push(...resumeSteps(world), ...retrySteps(world, found.inIssuance));
  for (const candidate of wanted) {
    const submit = submitStep(world, candidate, candidate.kind === 'converge' ? operation : candidate.kind, retry);
    if ('obstacle' in submit) return { operation, steps: [], obstacles: [submit.obstacle] };
    steps.push(submit, ...opsManagerSteps(live.pods, live, found, candidate.findings));
    steps.push({ kind: 'verify', subject: kafkaRef(live), findings: [], request: submit.subject.name });
  }
  steps.push(...trust.afterwards, ...leftOverSteps(world));
  const notes = [...notesOf(world, live.pods.length), ...lateTrustNotes(world, found)];
  return { operation, steps, ...cutoverOf(world, found, live.pods), notes };
}

/** A request of ours is under way: it is followed to its end, whatever the desired state has become; then all is planned anew. */
function follow(world: World, found: Comparison, running: KubeObject): Draft {
  const { live } = world;
  const conditions: readonly { type: string; status: string }[] = running.status?.conditions ?? [];
  const isDone = (pod: string) => conditions.some((c) => c.type === `CheckPodRunning--${pod}` && c.status === 'True');
  const submit = continueStep(running, running.spec?.type === 'Restart' ? 'restart' : 'update');
  const trust = trustSteps(world, found);
  const pods = live.pods.filter((p) => !isDone(p.name));
  return {
    operation: submit.operation,
    steps: [
      ...trust.beforehand,
      submit,
      ...opsManagerSteps(pods, live, found, submit.findings),
      { kind: 'verify', subject: kafkaRef(live), findings: [], request: running.metadata.name },
      ...trust.afterwards,
    ],
    ...cutoverOf(world, found, pods),
    notes: notesOf(world, pods.length, true),
  };
}
