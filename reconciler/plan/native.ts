/** Plans an operation that the reconciler carries out itself: every write to Certificates, Kafka, PetSets and pods is a step of its own. */
import type { KubeObject } from '../../constructs/model/kube-object';
import { isAttemptOf } from '../../constructs/model/names';
import { ALIASES } from '../../constructs/model/tls';
import { type Candidate, continueStep, submitStep, wantedCandidates } from './candidates';
import type { World } from './checks/world';
import { type Comparison, operationOf } from './comparison';
import { brokerLabelSteps, issuingSteps, leftOverSteps } from './issuing';
import { notesOf } from './notes';
import type { Draft, Obstacle, Operation, Step, SubmitOpsRequestStep } from './nouns';
import type { PodFacts } from './observation';
import { isNative, isOurs, unfinished } from './requests';
import { cutoverOf, evictSteps, finishingSteps, inRestartOrder, issueSteps, kafkaRef, ownSteps, supersedeSteps } from './steps';
import { trustSteps } from './trust-steps';

/** Returns the steps that bring the live state to the desired one by our own hands. */
export function planNative(world: World, found: Comparison, retry: boolean): Draft {
  const { live, bundle } = world;
  const subject = kafkaRef(live);
  const mine = unfinished(live.requests).find((r) => isOurs(r, bundle.desired.owner) && isNative(r));
  const labels = brokerLabelSteps(world, found.certificates);
  const trust = trustSteps(world, found);
  const [candidate] = wantedCandidates(world, found);
  if (candidate === undefined && (mine === undefined || !isStillWanted(mine, world, candidate))) {
    const begun = [...ownSteps(world), ...issuingSteps(world), ...labels, ...trust.beforehand, ...supersedeSteps(world)];
    const steps = [...begun, ...finishingSteps(world, found), ...leftOverSteps(world)];
    return { operation: steps.length === 0 ? 'none' : 'tidy', steps, notes: notesOf(world, 0) };
  }
  const operation = operationOf(world, found);
  const submit = submitOrContinue(world, candidate, mine, operation, retry);
  if ('obstacle' in submit) return { operation, steps: [], obstacles: [submit.obstacle] };

  const toConfigure = [...found.kafka, ...found.petSets];
  const pods = inRestartOrder(podsToRestart(world, found), live);
  // A template that was written and not yet looked at by KubeDB has to pass before pods are made from it.
  const mustPass = toConfigure.length > 0 || (submit.isContinued && found.pods.some((f) => f.reason === 'PodHasOldRevision'));
  const steps: readonly Step[] = [
    ...ownSteps(world),
    ...issuingSteps(world),
    ...labels,
    ...trust.beforehand,
    ...(submit.isContinued ? [] : supersedeSteps(world)),
    submit,
    { kind: 'pause', subject, findings: [] },
    ...toIssue(world, found),
    ...trust.issued,
    ...toConfigure.map((f) => ({ kind: 'reconfigure' as const, subject: f.subject, findings: [f] })),
    ...(mustPass ? [{ kind: 'provisionerPass' as const, subject, findings: [] }] : []),
    ...evictSteps(pods, live, found, candidate?.findings ?? []),
    { kind: 'verify', subject, findings: [], request: submit.subject.name },
    { kind: 'resume', subject, findings: [] },
    ...trust.afterwards,
    ...leftOverSteps(world),
  ];
  return {
    operation,
    steps,
    ...cutoverOf(
      world,
      found,
      pods.map((p) => p.pod),
    ),
    notes: notesOf(world, pods.length),
  };
}

function submitOrContinue(
  world: World,
  candidate: Candidate | undefined,
  mine: KubeObject | undefined,
  operation: Operation,
  retry: boolean,
): SubmitOpsRequestStep | { readonly obstacle: Obstacle } {
  if (mine !== undefined && isStillWanted(mine, world, candidate)) return continueStep(mine, operation);
  return submitStep(world, candidate as Candidate, operation, retry);
}

/** A request is gone on with if what is left to do, if anything, is what it asks for: its own content, or only the restarts at its end. */
function isStillWanted(mine: KubeObject, { bundle }: World, candidate: Candidate | undefined): boolean {
  if (mine.spec?.tls?.rotateCertificates === true) return candidate?.kind !== 'converge';
  if (mine.spec?.type === 'Restart') return candidate === undefined || candidate.kind === 'restart';
  return isAttemptOf(mine.metadata.name, bundle.converge.metadata.name);
}

function toIssue(world: World, found: Comparison): readonly Step[] {
  const rotate = ALIASES.filter((alias) => !found.replaced.has(alias) && found.rotation.some((f) => f.alias === alias));
  return issueSteps(
    world,
    [...found.certificates, ...found.inIssuance, ...found.secrets, ...found.rotation],
    rotate,
    found.cut?.kind === 'trust',
  );
}

/** Returns all pods, if what they mount changes; else those that do not serve what they should. */
function podsToRestart({ live }: World, found: Comparison): readonly PodFacts[] {
  const isEverybody = found.reissued.has('server') || found.petSets.length > 0;
  const stale = new Set(found.pods.map((f) => f.subject.name));
  return live.pods.filter((p) => !p.isTerminating && (isEverybody || stale.has(p.name)));
}
