/** The status of a pod, as a kubelet reports it. */
import { type Condition, conditionsOf } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { withConditions } from '#reconciler/sandbox/stand-ins/context';
import type { Pod } from '#reconciler/sandbox/stand-ins/kinds';
import { podConditions } from '#reconciler/sandbox/stand-ins/kubernetes/pod-status';

/** How a container ended. */
export interface Ended {
  readonly code: number;
  readonly startedAt: Date;
  readonly at: Date;
}

export type ContainerState =
  | { readonly kind: 'creating'; readonly message: string }
  | { readonly kind: 'running'; readonly startedAt: Date; readonly isReady: boolean }
  | { readonly kind: 'backing-off' }
  | { readonly kind: 'ended' };

export interface PodFacts {
  readonly state: ContainerState;
  readonly address: string;
  readonly restarts: number;
  /** The end of the container before. */
  readonly last: Ended | undefined;
  readonly now: Date;
}

export function podStatus(pod: Pod, { state, address, restarts, last, now }: PodFacts): object {
  const { containers } = pod.spec;
  const isReady = state.kind === 'running' && state.isReady;
  return {
    phase: state.kind === 'creating' ? 'Pending' : 'Running',
    conditions: withConditions(conditionsOf(pod).map(withoutProbeTime), podConditions(pod, isReady), now),
    hostIP: '127.0.0.1',
    ...(state.kind === 'creating' ? {} : { podIP: address, podIPs: [{ ip: address }] }),
    startTime: pod.status?.startTime ?? timestamp(now),
    containerStatuses: containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: '',
      ready: isReady,
      started: state.kind === 'running',
      restartCount: restarts,
      state: stateOf(state, last),
      lastState: last === undefined || state.kind === 'ended' ? {} : { terminated: terminated(last) },
    })),
  };
}

/** The API server adds it to the conditions of pods. */
function withoutProbeTime({ lastProbeTime: _, ...condition }: Condition & { readonly lastProbeTime?: unknown }): Condition {
  return condition;
}

function stateOf(state: ContainerState, last: Ended | undefined): object {
  if (state.kind === 'creating') return { waiting: { reason: 'ContainerCreating', message: state.message } };
  if (state.kind === 'running') return { running: { startedAt: timestamp(state.startedAt) } };
  if (state.kind === 'ended' && last !== undefined) return { terminated: terminated(last) };
  return { waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' } };
}

function terminated({ code, startedAt, at }: Ended): object {
  return { exitCode: code, reason: code === 0 ? 'Completed' : 'Error', startedAt: timestamp(startedAt), finishedAt: timestamp(at) };
}
