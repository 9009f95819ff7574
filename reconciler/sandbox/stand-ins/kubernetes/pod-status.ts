/** The status of a pod, as a kubelet reports it. */
import type { Condition, KubeObject } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { conditionsOf, withCondition } from '../world';

/** Of a pod whose container cannot be created yet. */
export function waitingStatus(pod: KubeObject, reason: string, message: string, now: Date): object {
  return statusOf(pod, { phase: 'Pending', isReady: false, state: { waiting: { reason, message } }, restarts: 0 }, now);
}

/** Of a pod whose container ends again and again. */
export function failedStatus(pod: KubeObject, message: string, restarts: number, now: Date): object {
  const state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' } };
  const lastState = { terminated: { exitCode: 1, reason: 'Error', message, finishedAt: timestamp(now) } };
  return statusOf(pod, { phase: 'Running', isReady: false, state, lastState, restarts }, now);
}

/** Of a pod whose container runs. */
export function runningStatus(
  pod: KubeObject,
  of: { readonly isReady: boolean; readonly startedAt: string; readonly restarts: number },
  now: Date,
): object {
  return statusOf(
    pod,
    { phase: 'Running', isReady: of.isReady, state: { running: { startedAt: of.startedAt } }, restarts: of.restarts },
    now,
  );
}

interface ContainerFacts {
  readonly phase: 'Pending' | 'Running';
  readonly isReady: boolean;
  readonly state: object;
  readonly lastState?: object;
  readonly restarts: number;
}

function statusOf(pod: KubeObject, facts: ContainerFacts, now: Date): object {
  const containers: readonly { name: string; image?: string }[] = pod.spec?.containers ?? [];
  const ready = facts.isReady ? 'True' : 'False';
  const why = facts.isReady
    ? {}
    : { reason: 'ContainersNotReady', message: `containers with unready status: [${containers.map((c) => c.name).join(' ')}]` };
  const said: readonly Omit<Condition, 'lastTransitionTime'>[] = [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Initialized', status: 'True' },
    { type: 'ContainersReady', status: ready, ...why },
    { type: 'Ready', status: ready, ...why },
  ];
  const conditions = said.reduce((all, c) => withCondition(all, c as never, now), conditionsOf(pod));
  return {
    phase: facts.phase,
    conditions,
    startTime: pod.status?.startTime ?? timestamp(now),
    ...('running' in facts.state ? { podIP: '127.0.0.1' } : {}),
    containerStatuses: containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: '',
      ready: facts.isReady,
      started: 'running' in facts.state,
      restartCount: facts.restarts,
      state: facts.state,
      ...(facts.lastState === undefined ? {} : { lastState: facts.lastState }),
    })),
  };
}
