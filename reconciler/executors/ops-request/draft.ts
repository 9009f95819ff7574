/** Drafts the requests that KubeDB's ops-manager carries out: one at a time, each followed to its end and then verified. */
import { rotatesByReload } from '#model/desired';
import type { KafkaOpsRequest } from '#model/kinds/index';
import { hasTrueCondition } from '#model/kube-object';
import type { PodFacts } from '../../model/observation';
import type { Obstacle, PlannedRestart, Step } from '../../model/plan';
import { continueStep, submitStep } from '../../plan/attempts';
import { retrySteps } from '../../plan/issuer-manifests';
import { neededOperations } from '../../plan/operations';
import { kafkaRef } from '../../plan/plan-input';
import { withRefusals } from '../../plan/reload';
import { decidedInCluster, wholeRestartNotes } from '../../plan/reload-notes';
import { reloadWork, rotationAfterwards } from '../../plan/reload-steps';
import { isByReconciler, isOurs, unfinished } from '../../plan/requests';
import { plannedRestarts, resumeSteps } from '../../plan/steps';
import { lateTrustNotes } from '../../plan/trust-bundle-steps';
import type { DraftInput, Work } from '../draft-input';

export function draftOpsRequest(draft: DraftInput): Work | Obstacle | undefined {
  const { input, diff, retry } = draft;
  const { live, bundle } = input;
  const running = unfinished(live.requests).find((r) => isOurs(r, bundle.desired.owner) && !isByReconciler(r));
  if (running !== undefined) return follow(draft, running);
  const { reload } = draft;
  if (reload !== undefined && reload.restarts.length === 0) return reloadWork(draft, reload);
  const needed = neededOperations(input, diff);
  const [first] = needed;
  if (first === undefined) return undefined;
  const steps: Step[] = [...resumeSteps(input), ...retrySteps(input, diff.issuanceInProgress)];
  const later: string[] = [];
  for (const operation of needed) {
    if (operation !== first && operation.operation === 'rotate' && rotatesByReload(bundle.desired)) {
      steps.push(...rotationAfterwards(draft));
      later.push(`${decidedInCluster(bundle.desired)} when the operation before is done.`);
      continue;
    }
    const submit = submitStep(input, operation, retry);
    if ('message' in submit) return submit;
    steps.push(
      { ...submit, pods: withRefusals(inOrderOfKubeDb(live.pods, draft, operation.findings), reload) },
      verifyStep(draft, submit.subject.name),
    );
  }
  return {
    operation: first.operation,
    steps,
    pods: live.pods,
    mode: 'begin',
    notes: [...lateTrustNotes(input, diff), ...wholeRestartNotes(reload), ...later],
  };
}

/** A request of ours is under way: it is followed to its end, whatever the desired state has become. Then everything is planned again. */
function follow(draft: DraftInput, running: KafkaOpsRequest): Work {
  const isDone = (pod: string) => hasTrueCondition(running, `CheckPodRunning--${pod}`);
  const submit = continueStep(running, running.spec.type === 'Restart' ? 'restart' : 'update');
  const pods = draft.input.live.pods.filter((p) => !isDone(p.name));
  const steps: readonly Step[] = [
    { ...submit, pods: inOrderOfKubeDb(pods, draft, submit.findings) },
    verifyStep(draft, running.metadata.name),
  ];
  return { operation: submit.operation, steps, pods, mode: 'follow' };
}

function verifyStep({ input }: DraftInput, request: string): Step {
  return { kind: 'verify', subject: kafkaRef(input.live), findings: [], request };
}

/** KubeDB restarts all pods: controllers first, each role by ordinal. */
function inOrderOfKubeDb(
  pods: readonly PodFacts[],
  { input, diff }: DraftInput,
  because: PlannedRestart['findings'],
): readonly PlannedRestart[] {
  const order = [...pods].sort((a, b) => Number(a.role === 'broker') - Number(b.role === 'broker') || a.ordinal - b.ordinal);
  return plannedRestarts(
    order.map((pod) => ({ pod, place: `${pod.role}, KubeDB's order` })),
    input.live,
    diff,
    because,
  );
}
