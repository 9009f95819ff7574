/**
 * Whether nodes can load a new certificate of the same CA while they run. Kafka loads its key stores again on request, if the new ones fit the
 * old ones. Where it would not, the pod restarts.
 *
 * A rotation, and a certificate that cert-manager renewed by itself, are loaded this way. Every other change restarts pods: of protocol, of
 * root, of the Secret or the configuration that pods mount. Pods that do not run load the Secret when they start.
 *
 * The new certificate is known only after it was issued: the checks of its content run then, and again before each node is asked.
 */
import { rotatesByReload } from '#model/desired';
import type { PodFacts } from '../model/observation';
import type { Finding, Obstacle, PlannedReload, PlannedRestart } from '../model/plan';
import { BACKDATED } from './attempts';
import { podFindings } from './checks/pods';
import { compare, convergingFindings, type Diff } from './diff';
import { certificateSecret, kafkaRef, type PlanInput, type PodInput, podRef } from './plan-input';
import { isUnread, whyNeverReloaded, whyNotReloaded } from './reload-checks';
import { reloadRecordOf, stillDueFor } from './reload-record';
import { isOurs, unfinished } from './requests';
import { leaderOf, type Placed, restartOrder } from './restart-order';
import { withRootChange } from './root-change';

/** Which nodes load their new certificate while they run. */
export interface ReloadDecision {
  /** In the order in which they are asked. */
  readonly reloads: readonly Placed<PodFacts>[];
  readonly restarts: readonly RefusedReload[];
  /** Those of `reloads` whose settings are not known here. A run in the cluster decides whether they can. */
  readonly undecided: readonly PodFacts[];
}

export interface RefusedReload {
  readonly pod: PodFacts;
  readonly because: string;
  /** The pod restarts for another reason than its certificate. */
  readonly isForOther: boolean;
}

/**
 * Returns the decision; undefined if nothing is to be loaded, or the change is none that a running node could load. In a preview, which may be
 * made where no node can be asked, unknown settings are no reason to restart a pod.
 */
export function decideReload(input: PlanInput, diff: Diff, isPreview: boolean): ReloadDecision | undefined {
  const pods = podsToAsk(input, diff);
  if (pods === undefined) return undefined;
  const isReissued = diff.reissued.has('server');
  const restarts = pods.flatMap((pod): readonly RefusedReload[] => {
    const other = otherReason(input, pod);
    if (other !== undefined) return [{ pod, because: other, isForOther: true }];
    const because = isPreview && isUnread(pod) ? whyNeverReloaded(input, pod, isReissued) : whyNotReloaded(input, pod, isReissued);
    return because === undefined ? [] : [{ pod, because, isForOther: false }];
  });
  const able = pods.filter((pod) => !restarts.some((r) => r.pod === pod));
  return { reloads: restartOrder(able, leaderOf(input.live)), restarts, undecided: able.filter(isUnread) };
}

/**
 * Returns the diff without a rotation that would not help: the last one issued these very certificates, and they were due again at once. Nodes
 * that serve older ones still load them. `retry` rotates once more.
 */
export function withoutFutileRotation(input: PlanInput, diff: Diff, retry: boolean): Diff {
  if (retry || futileRotation(input, diff) === undefined) return diff;
  return { ...diff, rotation: [], reissued: new Set(diff.issuanceInProgress.map((f) => f.alias)) };
}

/** Returns why another rotation would not help. */
export function futileRotation({ bundle, live }: PlanInput, diff: Diff): Obstacle | undefined {
  const leaf = certificateSecret(live, bundle.tls, 'server')?.leaf?.fingerprint;
  if (!rotatesByReload(bundle.desired) || leaf === undefined || diff.rotation.length === 0) return undefined;
  const stillDue = stillDueFor(reloadRecordOf(live, leaf), bundle.desired);
  if (stillDue === undefined) return undefined;
  return {
    kind: 'failed',
    subject: kafkaRef(live),
    message: `was rotated, and its issuer issues certificates that are already too old: ${stillDue}`,
    hint: BACKDATED,
  };
}

/** Returns the nodes that get another certificate; none if only other certificates are issued. */
function podsToAsk({ bundle, live, bridge, dual }: PlanInput, diff: Diff): readonly PodFacts[] | undefined {
  const isNeeded = diff.rotation.length > 0 || diff.pods.length > 0;
  if (!rotatesByReload(bundle.desired) || bundle.tls === 'off' || !isNeeded) return undefined;
  if (diff.cutoverCause !== undefined || convergingFindings(diff).length > 0) return undefined;
  // A running node keeps what it trusted at its start for its own connections to controllers. In the last phase that is the key of the new CA.
  if (bridge !== undefined && bridge.target !== 'new') return undefined;
  // Kafka refuses a store with another number of entries, and stores of two roots have one more.
  if (dual !== undefined) return undefined;
  const outdated = new Set(diff.pods.map((f) => f.subject.name));
  const isUp = (p: PodFacts) => !p.isTerminating && (p.isRunning || p.stuck !== undefined);
  return live.pods.filter((p) => isUp(p) && (diff.reissued.has('server') || outdated.has(p.name)));
}

/** Returns why a pod must restart whatever its node can load. */
export function otherReason(input: PodInput, { name }: PodFacts): string | undefined {
  return podFindings(input).find((f) => f.subject.name === name && f.reason !== 'PodHasOldCertificate')?.message;
}

/** Returns the pods whose node must be asked for its settings before the plan is complete. */
export function nodesToAsk(given: PlanInput, retry: boolean): readonly PodFacts[] {
  const input = withRootChange(given);
  if (!rotatesByReload(input.bundle.desired) || input.live.kafka === undefined) return [];
  const diff = withoutFutileRotation(input, compare(input, retry), retry);
  return (podsToAsk(input, diff) ?? []).filter((p) => p.node === undefined && p.isRunning);
}

/** Returns the entries of the step, in the order in which nodes are asked. */
export function plannedReloads(
  { live }: PlanInput,
  diff: Diff,
  { reloads: nodes, undecided }: Pick<ReloadDecision, 'reloads' | 'undecided'>,
): readonly PlannedReload[] {
  return nodes.map(({ pod, place }) => {
    const subject = podRef(live, pod.name);
    const own = diff.pods.find((f) => f.subject.name === pod.name);
    const finding: Finding = own ?? { subject, reason: 'PodHasOldCertificate', message: 'its certificate is issued again' };
    return { subject, findings: [finding], role: pod.role, place, ...(undecided.includes(pod) ? { isUndecided: true } : {}) };
  });
}

/** Returns restarts with the reason why the pod's node does not load its certificate while it runs. */
export function withRefusals(restarts: readonly PlannedRestart[], decision: ReloadDecision | undefined): readonly PlannedRestart[] {
  return restarts.map((restart) => {
    const refused = decision?.restarts.find((r) => r.pod.name === restart.subject.name && !r.isForOther);
    return refused === undefined ? restart : { ...restart, findings: [...restart.findings, refusalFinding(restart, refused)] };
  });
}

function refusalFinding({ subject }: PlannedRestart, { because }: RefusedReload): Finding {
  return { subject, reason: 'NodeCannotReload', message: `cannot load it while it runs: ${because}` };
}

/** Returns the obstacle of a rotation that must restart no pod. */
export function reloadIsImpossible({ bundle, live }: PlanInput, decision: ReloadDecision | undefined): Obstacle | undefined {
  const refused = decision?.restarts.filter((r) => !r.isForOther) ?? [];
  if (bundle.desired.rotation?.otherwise !== 'fail' || refused.length === 0) return undefined;
  // What has begun ends as it began.
  if (unfinished(live.requests).some((r) => isOurs(r, bundle.desired.owner))) return undefined;
  const nodes = refused.map(({ pod, because }) => `${pod.name}: ${because}`).join('; ');
  return {
    kind: 'failed',
    subject: kafkaRef(live),
    message: `nodes cannot load a new certificate while they run, and their pods must not restart for it (${nodes})`,
    hint: 'Fix the cause, or allow restarts: Rotation.reload() or Rotation.restart().',
    ...(refused.every(({ pod }) => pod.node !== undefined && 'unknown' in pod.node) ? { isAboutPlace: true } : {}),
  };
}
