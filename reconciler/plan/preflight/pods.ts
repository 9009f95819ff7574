/**
 * Pods that are down before a run begins. No healthy pod is restarted beside one, so nothing is begun until it is up.
 *
 *     native        restarts a pod that is down and outdated first, and without gates: only pods that the plan leaves alone count
 *     ops-request   KubeDB begins with the controllers, whatever is down: every pod counts, unless the operation repairs it
 *
 * An operation that was begun is gone on with, and so is a cut-over in which pods cannot talk already: its own restarts took pods down.
 */
import { KINDS, ref } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import type { Draft, Obstacle } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';
import { repairOf } from '../repair';
import { isMixed } from '../restart';

const LOOK_AT_THE_POD = 'Look at the pod, its log and its events. When it is Ready, run again.';

/** Returns one obstacle a pod that is down. One that cannot start has to be mended; any other may come up by itself. */
export function podIsDown(input: PlanInput, draft: Draft): readonly Obstacle[] {
  const { live } = input;
  const restarted = draft.steps.filter((s) => s.kind === 'evict');
  if (live.kafka === undefined || restarted.length === 0 || isUnderWay(input, draft)) return [];
  const isOurs = restarted.some((s) => s.by === 'kafka-tls');
  if (!isOurs && repairOf(input, draft.operation) !== undefined) return [];
  const missing = nodesOf(live.kafka).filter(({ pod }) => !live.pods.some((p) => p.name === pod));
  const counted = live.pods.filter((p) => !isOurs || !restarted.some((s) => s.subject.name === p.name));
  return [
    ...missing.map(({ pod }) => obstacle(live.namespace, pod, 'wait', 'does not exist')),
    ...counted.flatMap((p) => {
      if (p.stuck !== undefined) return [obstacle(live.namespace, p.name, 'blocked', `cannot start: ${p.stuck}`)];
      if (p.isTerminating) return [obstacle(live.namespace, p.name, 'wait', 'is terminating')];
      return p.isReady ? [] : [obstacle(live.namespace, p.name, 'wait', 'is not Ready')];
    }),
  ];
}

/** Returns one obstacle a pod that cannot start, where nothing restarts and pods are only verified: what it serves is never seen. */
export function podCannotBeVerified({ live }: PlanInput, { operation, steps }: Draft): readonly Obstacle[] {
  if (operation !== 'tidy' || !steps.some((s) => s.kind === 'verify')) return [];
  return live.pods.flatMap(({ name, stuck }) => {
    if (stuck === undefined) return [];
    const message = `cannot start: ${stuck}, and no restart for TLS would cure it`;
    return [{ kind: 'blocked', subject: ref(KINDS.Pod, live.namespace, name), message, hint: LOOK_AT_THE_POD }];
  });
}

/** Returns which pods that are down are restarted nevertheless: first, so that no healthy one is touched unless that brings them up. */
export function downPodNotes(input: PlanInput, draft: Draft): readonly string[] {
  if (podIsDown(input, draft).length > 0) return [];
  return draft.steps
    .filter((s) => s.kind === 'evict' && s.by === 'kafka-tls')
    .flatMap((s) => input.live.pods.filter((p) => p.name === s.subject.name && !p.isReady && !p.isTerminating))
    .map(({ name, stuck }) => {
      const problem = stuck === undefined ? 'is not Ready' : `cannot start: ${stuck}`;
      return `${name} ${problem}: it restarts before any healthy pod, and the run ends if it does not get Ready then.`;
    });
}

function isUnderWay({ live }: PlanInput, { steps, cutover }: Draft): boolean {
  return steps.some((s) => s.kind === 'submitOpsRequest' && s.isContinued) || (cutover !== undefined && isMixed(live.pods));
}

function obstacle(namespace: string, pod: string, kind: 'wait' | 'blocked', problem: string): Obstacle {
  return {
    kind,
    ...(kind === 'wait' ? { until: 'gate' } : {}),
    subject: ref(KINDS.Pod, namespace, pod),
    message: `${problem}, and no healthy pod is restarted beside it`,
    hint: LOOK_AT_THE_POD,
  };
}
