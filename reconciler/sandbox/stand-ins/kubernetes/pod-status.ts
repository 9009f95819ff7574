/** The status of a pod, as a kubelet reports it. */
import { conditionsOf } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { type NewCondition, withConditions } from '../context';
import type { Pod } from '../kinds';

/** What a kubelet knows about the containers of a pod. */
export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message: string } }
  /** The container ends again and again, with this message. */
  | { readonly crash: string; readonly restarts: number }
  | { readonly startedAt: Date; readonly isReady: boolean; readonly restarts: number };

/** Returns the status of a pod whose containers are in a state. */
export function podStatus(pod: Pod, state: ContainerState, now: Date): object {
  const { containers } = pod.spec;
  const isReady = 'isReady' in state && state.isReady;
  const isRunning = 'startedAt' in state;
  return {
    phase: 'waiting' in state ? 'Pending' : 'Running',
    conditions: withConditions(conditionsOf(pod), podConditions(pod, isReady), now),
    startTime: pod.status?.startTime ?? timestamp(now),
    ...(isRunning ? { podIP: '127.0.0.1' } : {}),
    containerStatuses: containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: '',
      ready: isReady,
      started: isRunning,
      restartCount: 'waiting' in state ? 0 : state.restarts,
      ...containerState(state, now),
    })),
  };
}

/** Returns the conditions of a scheduled pod. */
export function podConditions({ spec: { containers } }: Pod, isReady: boolean): readonly NewCondition[] {
  const readiness: Omit<NewCondition, 'type'> = isReady
    ? { status: 'True' }
    : {
        status: 'False',
        reason: 'ContainersNotReady',
        message: `containers with unready status: [${containers.map((c) => c.name).join(' ')}]`,
      };
  return [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Initialized', status: 'True' },
    { type: 'ContainersReady', ...readiness },
    { type: 'Ready', ...readiness },
  ];
}

function containerState(state: ContainerState, now: Date): object {
  if ('waiting' in state) return { state: { waiting: state.waiting } };
  if ('startedAt' in state) return { state: { running: { startedAt: timestamp(state.startedAt) } } };
  return {
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' } },
    lastState: { terminated: { exitCode: 1, reason: 'Error', message: state.crash, finishedAt: timestamp(now) } },
  };
}
