/** Drafts an operation that the reconciler carries out itself: every write to Certificates, Kafka, PetSets and pods is a step. */
import type { KafkaOpsRequest } from '#model/kinds/index';
import { isAttemptOf } from '#model/names';
import { ALIASES } from '#model/tls';
import type { PodFacts } from '../../model/observation';
import type { Finding, Obstacle, Step } from '../../model/plan';
import { continueStep, type SubmitStep, submitStep } from '../../plan/attempts';
import { plannedCutover } from '../../plan/cutover';
import type { Diff } from '../../plan/diff';
import { wideningSteps } from '../../plan/dual/steps';
import { type NeededRequest, neededOperations, restart } from '../../plan/operations';
import { kafkaRef, type PlanInput, podRef } from '../../plan/plan-input';
import { type ReloadDecision, withRefusals } from '../../plan/reload';
import { reloadNotes } from '../../plan/reload-notes';
import { issueAndReload, reloadWork } from '../../plan/reload-steps';
import { isByReconciler, isOurs, unfinished } from '../../plan/requests';
import { leaderOf, restartOrder, stopOrder } from '../../plan/restart-order';
import { issueSteps, plannedRestarts } from '../../plan/steps';
import type { DraftInput, Work } from '../draft-input';

export function draftNative(draft: DraftInput): Work | Obstacle | undefined {
  const { input, diff, trust, retry } = draft;
  const { live } = input;
  const subject = kafkaRef(live);
  const reload = isRotationUnderWay(input) ? undefined : draft.reload;
  if (reload !== undefined && reload.restarts.length === 0) return reloadWork(draft, reload);
  if (reload !== undefined && reload.reloads.length > 0) return reloadAndRestart(draft, reload);
  const [needed] = neededOperations(input, diff);
  const submit = submitOrContinue(input, needed, retry);
  if (submit === undefined || 'message' in submit) return submit;
  const toConfigure = [...diff.kafka, ...diff.petSets];
  const outdated = podsToRestart(input, diff);
  const order = plannedCutover(input, diff.cutoverCause, outdated).cutover?.mode === 'stop' ? stopOrder : restartOrder;
  const pods = order(outdated, leaderOf(live));
  const restarts = withRefusals(plannedRestarts(pods, live, diff, needed?.findings ?? []), reload);
  // KubeDB must accept a template before pods are made from it. An earlier run may have written the template and been killed then.
  const mustSync = toConfigure.length > 0 || (submit.isContinued && diff.pods.some((f) => f.reason === 'PodHasOldRevision'));
  const steps: readonly Step[] = [
    submit,
    { kind: 'pause', subject, findings: [] },
    ...toIssue(input, diff),
    ...trust.issued,
    ...wideningSteps(input, diff.reissued),
    ...toReconfigure(input, toConfigure),
    ...(mustSync ? [{ kind: 'provisionerSync' as const, subject, findings: [] }] : []),
    ...(restarts.length > 0 ? [{ kind: 'evict' as const, subject, findings: [], pods: restarts }] : []),
    { kind: 'verify', subject, findings: [], request: submit.subject.name },
    { kind: 'resume', subject, findings: [] },
  ];
  const mode = submit.isContinued ? 'continue' : 'begin';
  return { operation: submit.operation, steps, pods: pods.map((p) => p.pod), mode };
}

/** A rotation that restarts pods was begun, before the desired state asked for reloads: it ends as it began. */
function isRotationUnderWay({ live, bundle }: PlanInput): boolean {
  return unfinished(live.requests).some(
    (r) => isOurs(r, bundle.desired.owner) && isByReconciler(r) && r.spec.tls?.rotateCertificates === true,
  );
}

/** Nodes that can do it load their certificate while they run; then the pods of the others restart behind the usual gates. */
function reloadAndRestart(draft: DraftInput, reload: ReloadDecision): Work | Obstacle {
  const { input, diff, retry } = draft;
  const { live } = input;
  const subject = kafkaRef(live);
  const findings = reload.restarts.map(({ pod, because }): Finding => {
    return {
      subject: podRef(live, pod.name),
      reason: 'NodeCannotReload',
      message: `cannot load its certificate while it runs: ${because}`,
    };
  });
  const submit = submitOrContinue(input, { operation: 'restart', findings, request: restart(input) }, retry);
  if (submit === undefined || 'message' in submit) return submit ?? reloadWork(draft, reload);
  const pods = restartOrder(
    reload.restarts.map((r) => r.pod),
    leaderOf(live),
  );
  const restarts = withRefusals(plannedRestarts(pods, live, diff, []), reload);
  const steps: readonly Step[] = [
    ...issueAndReload(draft, reload),
    submit,
    { kind: 'pause', subject, findings: [] },
    { kind: 'evict', subject, findings: [], pods: restarts },
    { kind: 'verify', subject, findings: [], request: submit.subject.name },
    { kind: 'resume', subject, findings: [] },
  ];
  return {
    operation: 'reload',
    steps,
    pods: pods.map((p) => p.pod),
    mode: submit.isContinued ? 'continue' : 'begin',
    notes: reloadNotes(input, reload),
  };
}

function submitOrContinue(input: PlanInput, needed: NeededRequest | undefined, retry: boolean): SubmitStep | Obstacle | undefined {
  const { live, bundle } = input;
  const mine = unfinished(live.requests).find((r) => isOurs(r, bundle.desired.owner) && isByReconciler(r));
  if (mine !== undefined && isStillWanted(mine, input, needed)) return continueStep(mine, needed?.operation ?? 'none');
  return needed === undefined ? undefined : submitStep(input, needed, retry);
}

/** A request is continued if the remaining work is what it asks for: its own content, or only the restarts at its end. */
function isStillWanted(mine: KafkaOpsRequest, { bundle }: PlanInput, needed: NeededRequest | undefined): boolean {
  if (mine.spec.tls?.rotateCertificates === true) return needed?.request.changesTls !== true;
  if (mine.spec.type === 'Restart') return needed === undefined || needed.operation === 'restart';
  return isAttemptOf(mine.metadata.name, bundle.converge.metadata.name);
}

function toIssue(input: PlanInput, diff: Diff): readonly Step[] {
  return issueSteps(input, {
    findings: [...diff.certificates, ...diff.issuanceInProgress, ...diff.secrets, ...diff.rotation],
    rotate: ALIASES.filter((alias) => !diff.replaced.has(alias) && diff.rotation.some((f) => f.alias === alias)),
    isRootChange: diff.cutoverCause?.kind === 'root' || input.dual?.target === 'issued',
  });
}

function toReconfigure({ live }: PlanInput, findings: Diff['petSets']): readonly Step[] {
  const objects = findings.map((f) => ({ subject: f.subject, findings: [f] }));
  return objects.length === 0 ? [] : [{ kind: 'reconfigure', subject: kafkaRef(live), findings: [], objects }];
}

/** Returns all pods if what they mount changes, else those that do not serve what they should. */
function podsToRestart({ live }: PlanInput, diff: Diff): readonly PodFacts[] {
  const isEveryPod = diff.reissued.has('server') || diff.petSets.length > 0;
  const outdated = new Set(diff.pods.map((f) => f.subject.name));
  return live.pods.filter((p) => !p.isTerminating && (isEveryPod || outdated.has(p.name)));
}
