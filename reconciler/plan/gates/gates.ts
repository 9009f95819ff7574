/**
 * Whether a pod may restart now, as a list of named gates. The list is the policy: `GATES`, in the order in which gates are asked.
 *
 * Gates are asked on fresh facts. A gate refuses, has no objection, or exempts the pod from the gates after it. A refusal names its gate.
 * A refusal is never overridden: the run waits, up to the deadline `gate`, and then ends. Time or another actor can end a refusal with
 * `retry`; a refusal without it ends the run at once.
 *
 *     rolling          before each restart, of the pods that are next in the order
 *     firstOfCutover   once, of all pods, before the first restart of a cut-over. Restarted and not yet restarted pods cannot talk, so no
 *                      gate can be met between them; pods that are unavailable then are waited for (`unavailablePods`).
 *     wholeOperation   once, of all pods, before an operation that KubeDB carries out, because KubeDB asks no gate between pods. The plan asks
 *                      a gate of this scope, too, if the observation shows that it can never open.
 *
 * Strimzi's roller is the model for thresholds. Unlike Strimzi, no pod is restarted against a refusal.
 */
import type { PodFacts } from '../../model/observation';
import { podFindings } from '../checks/pods';
import type { PodInput } from '../plan-input';
import { firstGroup, leaderOf, restartOrder } from '../restart-order';
import { servesExpired, validCertificate } from './certificates';
import { disruptionBudget } from './disruption-budget';
import type { Gate, GateScope, Refusal, RestartView } from './gate';
import { controllerQuorum, copiesOfData, healthUnknown, minInsyncReplicas, otherPodsReady, quorumLeader } from './kafka-health';
import { noPodDown, podIsStuck, restartedPodsReady } from './pods';

const ALWAYS: readonly GateScope[] = ['rolling', 'firstOfCutover', 'wholeOperation'];

export const GATES: readonly Gate[] = [
  { name: 'disruption-budget', appliesTo: ['wholeOperation'], check: disruptionBudget }, // a PodDisruptionBudget never allows the eviction
  { name: 'valid-certificate', appliesTo: ALWAYS, check: validCertificate }, // peers would refuse the restarted pod
  { name: 'stuck-pod', appliesTo: ALWAYS, check: podIsStuck }, // exempt: the pod serves no client
  { name: 'no-pod-down', appliesTo: ALWAYS, check: noPodDown }, // two pods would be down at once
  { name: 'expired-certificate', appliesTo: ALWAYS, check: servesExpired }, // exempt: peers refuse the pod until it restarts
  { name: 'restarted-pods-ready', appliesTo: ALWAYS, check: restartedPodsReady }, // the previous restart is not complete
  { name: 'copies-of-data', appliesTo: ['rolling', 'wholeOperation'], check: copiesOfData }, // the last copy of ephemeral data would be lost
  { name: 'health-known', appliesTo: ALWAYS, check: healthUnknown }, // Kafka did not report its health
  { name: 'other-pods-ready', appliesTo: ALWAYS, check: otherPodsReady }, // without Kafka's report, readiness is all that is known
  { name: 'quorum-leader', appliesTo: ALWAYS, check: quorumLeader }, // nothing else that Kafka reports is current
  { name: 'controller-quorum', appliesTo: ALWAYS, check: controllerQuorum }, // the quorum would lose its majority
  { name: 'min-insync-replicas', appliesTo: ALWAYS, check: minInsyncReplicas }, // producers with acks=all would stall
];

export function restartView(input: PodInput, { planned, isCutover }: Pick<RestartView, 'planned' | 'isCutover'>): RestartView {
  const { bundle, live, now } = input;
  const outdated = new Set(
    podFindings(input)
      .map((f) => f.subject.name)
      .filter((name) => planned.has(name)),
  );
  return { live, planned, isCutover, outdated, unknownHealthPolicy: bundle.desired.unknownHealthPolicy, now };
}

/** Returns the planned pods that still have to restart. */
export function outdatedPods({ live, outdated }: RestartView): readonly PodFacts[] {
  return live.pods.filter((p) => outdated.has(p.name));
}

/** A pod whose gates were asked; without a refusal it may restart. */
export interface GateAnswer {
  readonly pod: PodFacts;
  readonly refusal?: Refusal;
}

/** Asks the gates of the pods that may be next, in their order. The first pod without a refusal is the next to restart. */
export function askGates(view: RestartView, scope: GateScope): readonly GateAnswer[] {
  const answers = podsToAsk(view, scope).map((pod): GateAnswer => {
    const refusal = refusalOf(pod, view, scope);
    return refusal === undefined ? { pod } : { pod, refusal };
  });
  const refused = answers.filter((a) => a.refusal !== undefined);
  if (scope !== 'firstOfCutover' || refused.length === 0) return answers;
  // The first restart of a cut-over is the point of no return, so all gates must be open. A stuck pod serves no client, and may be the
  // reason for the refusals of the others.
  const stuck = answers.filter((a) => a.refusal === undefined && a.pod.stuck !== undefined);
  return stuck.length > 0 ? stuck : refused;
}

function podsToAsk(view: RestartView, scope: GateScope): readonly PodFacts[] {
  if (scope === 'wholeOperation') return view.live.pods.filter((p) => view.planned.has(p.name) && !p.isTerminating);
  const leader = leaderOf(view.live);
  if (scope === 'firstOfCutover') return restartOrder(outdatedPods(view), leader).map((p) => p.pod);
  return firstGroup(outdatedPods(view), leader);
}

/** Returns why this pod must not restart now, with the name of the gate; undefined when it may. */
export function refusalOf(pod: PodFacts, view: RestartView, scope: GateScope): Refusal | undefined {
  for (const { name, appliesTo, check } of GATES) {
    const result = appliesTo.includes(scope) ? check(pod, view) : undefined;
    if (result === 'exempt') return undefined;
    if (result !== undefined) return { ...result, because: `${result.because} (gate: ${name})` };
  }
  return undefined;
}
