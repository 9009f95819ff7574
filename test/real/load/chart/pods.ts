/** Bars of pods from what happened to them. */
import type { Span } from '../spans';
import type { PodBar, PodState } from './run';

export interface PodEvent {
  readonly pod: string;
  readonly at: Date;
  readonly event: 'started' | 'ready' | 'unready' | 'stopping' | 'ended';
}

const STATE_AFTER: Readonly<Record<PodEvent['event'], PodState | undefined>> = {
  started: 'starting',
  ready: 'ready',
  unready: 'running',
  stopping: 'terminating',
  ended: undefined,
};

/** Returns the states of the pods within a window. Events before it tell the state at its start. */
export function podBars(history: readonly PodEvent[], window: Span): readonly PodBar[] {
  const pods = [...new Set(history.map((e) => e.pod))].sort();
  return pods.flatMap((pod) => {
    const own = history.filter((e) => e.pod === pod).sort((a, b) => a.at.getTime() - b.at.getTime());
    return own.flatMap((event, i): readonly PodBar[] => {
      const state = STATE_AFTER[event.event];
      const from = Math.max(event.at.getTime(), window.from);
      const to = Math.min(own[i + 1]?.at.getTime() ?? window.to, window.to);
      return state === undefined || to <= from ? [] : [{ pod, state, from, to }];
    });
  });
}
