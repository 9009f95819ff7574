/**
 * An API server that is away when a pod starts: a control plane that is upgraded, a network that is not up yet, a ServiceAccount that is not
 * known yet. Time cures all of that, so that a run in a pod waits. Outside of a pod a wrong address is more likely, and nothing is waited for.
 */
import { KINDS } from '#model/kube-object';
import { ClusterError } from '../errors';
import { formatAge } from '../report/progress';
import type { Connection } from './io';
import type { Session } from './session';

const WAIT_MS = 300_000;
const LOOK_EVERY_MS = 5_000;
const UNAUTHORIZED = 401;

/** Returns when the API server answers; throws the last error where it is still away after five minutes. */
export async function awaitApiServer(
  { cluster, namespace, isInPod }: Connection,
  { io, runtime: { clock } }: Session,
  signal: AbortSignal,
): Promise<void> {
  if (isInPod !== true) return;
  const end = clock.monotonicMs() + WAIT_MS;
  let reported = '';
  while (true) {
    try {
      // Every ServiceAccount may ask this; the answer does not matter.
      await cluster.isAllowed({ verb: 'get', group: '', resource: KINDS.ConfigMap.plural, namespace });
      return;
    } catch (error) {
      if (!(error instanceof ClusterError) || !(error.retryable || error.status === UNAUTHORIZED)) throw error;
      const left = end - clock.monotonicMs();
      if (left <= 0) throw error;
      if (error.message !== reported) io.stderr(`${error.message} Waiting up to ${formatAge(Math.ceil(left / 1000))} for it.\n`);
      reported = error.message;
      await clock.sleep(Math.min(left, LOOK_EVERY_MS), signal);
    }
  }
}
