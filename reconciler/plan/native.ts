/** Plans an operation that the reconciler carries out itself: every write to Certificates, Kafka, PetSets and pods is a step of its own. */
import type { KubeObject } from '#model/kube-object';
import { isAttemptOf } from '#model/names';
import { ALIASES } from '#model/tls';
import type { PodFacts } from '../model/observation';
import type { Draft, Obstacle, Operation, Step, SubmitOpsRequestStep } from '../model/plan';
import { continueStep, type RequestCandidate, submitStep, wantedCandidates } from './candidates';
import { type Diff, operationOf } from './diff';
import { brokerLabelSteps, issuingSteps, pruneSteps } from './issuer-manifests';
import { notesOf } from './notes';
import type { PlanInput } from './plan-input';
import { isNative, isOurs, unfinished } from './requests';
import { claimOwnershipSteps, cutoverOf, evictSteps, finishingSteps, inRestartOrder, issueSteps, kafkaRef, supersedeSteps } from './steps';
import { trustSteps } from './trust-bundle-steps';

/** Returns the steps that bring the live state to the desired one by our own hands. */
export function planNative(input: PlanInput, diff: Diff, retry: boolean): Draft {
  const { live, bundle } = input;
  const subject = kafkaRef(live);
  const mine = unfinished(live.requests).find((r) => isOurs(r, bundle.desired.owner) && isNative(r));
  const labels = brokerLabelSteps(input, diff.certificates);
  const trust = trustSteps(input, diff);
  const [candidate] = wantedCandidates(input, diff);
  if (candidate === undefined && (mine === undefined || !isStillWanted(mine, input, candidate))) {
    const begun = [...claimOwnershipSteps(input), ...issuingSteps(input), ...labels, ...trust.beforehand, ...supersedeSteps(input)];
    const steps = [...begun, ...finishingSteps(input, diff), ...pruneSteps(input)];
    return { operation: steps.length === 0 ? 'none' : 'tidy', steps, notes: notesOf(input, 0) };
  }
  const operation = operationOf(input, diff);
  const submit = submitOrContinue(input, candidate, mine, operation, retry);
  if ('obstacle' in submit) return { operation, steps: [], obstacles: [submit.obstacle] };

  const toConfigure = [...diff.kafka, ...diff.petSets];
  const pods = inRestartOrder(podsToRestart(input, diff), live);
  // A template that was written and not yet looked at by KubeDB has to pass before pods are made from it.
  const mustPass = toConfigure.length > 0 || (submit.isContinued && diff.pods.some((f) => f.reason === 'PodHasOldRevision'));
  const steps: readonly Step[] = [
    ...claimOwnershipSteps(input),
    ...issuingSteps(input),
    ...labels,
    ...trust.beforehand,
    ...(submit.isContinued ? [] : supersedeSteps(input)),
    submit,
    { kind: 'pause', subject, findings: [] },
    ...toIssue(input, diff),
    ...trust.issued,
    ...toConfigure.map((f) => ({ kind: 'reconfigure' as const, subject: f.subject, findings: [f] })),
    ...(mustPass ? [{ kind: 'provisionerSync' as const, subject, findings: [] }] : []),
    ...evictSteps(pods, live, diff, candidate?.findings ?? []),
    { kind: 'verify', subject, findings: [], request: submit.subject.name },
    { kind: 'resume', subject, findings: [] },
    ...trust.afterwards,
    ...pruneSteps(input),
  ];
  return {
    operation,
    steps,
    ...cutoverOf(
      input,
      diff,
      pods.map((p) => p.pod),
    ),
    notes: notesOf(input, pods.length),
  };
}

function submitOrContinue(
  input: PlanInput,
  candidate: RequestCandidate | undefined,
  mine: KubeObject | undefined,
  operation: Operation,
  retry: boolean,
): SubmitOpsRequestStep | { readonly obstacle: Obstacle } {
  if (mine !== undefined && isStillWanted(mine, input, candidate)) return continueStep(mine, operation);
  return submitStep(input, candidate as RequestCandidate, operation, retry);
}

/** A request is gone on with if what is left to do, if anything, is what it asks for: its own content, or only the restarts at its end. */
function isStillWanted(mine: KubeObject, { bundle }: PlanInput, candidate: RequestCandidate | undefined): boolean {
  if (mine.spec?.tls?.rotateCertificates === true) return candidate?.kind !== 'converge';
  if (mine.spec?.type === 'Restart') return candidate === undefined || candidate.kind === 'restart';
  return isAttemptOf(mine.metadata.name, bundle.converge.metadata.name);
}

function toIssue(input: PlanInput, diff: Diff): readonly Step[] {
  const rotate = ALIASES.filter((alias) => !diff.replaced.has(alias) && diff.rotation.some((f) => f.alias === alias));
  return issueSteps(
    input,
    [...diff.certificates, ...diff.issuanceInProgress, ...diff.secrets, ...diff.rotation],
    rotate,
    diff.cutoverCause?.kind === 'trust',
  );
}

/** Returns all pods, if what they mount changes; else those that do not serve what they should. */
function podsToRestart({ live }: PlanInput, diff: Diff): readonly PodFacts[] {
  const isEverybody = diff.reissued.has('server') || diff.petSets.length > 0;
  const stale = new Set(diff.pods.map((f) => f.subject.name));
  return live.pods.filter((p) => !p.isTerminating && (isEverybody || stale.has(p.name)));
}
