/**
 * Waits for the API server when a pod starts: during an upgrade of the control plane, before the network is up, or before the ServiceAccount
 * is known. Outside of a pod a wrong address is more likely, so that a command fails at once.
 */
import { KINDS } from '#model/kube-object';
import { ClusterError } from '../errors';
import { formatAge } from '../report/progress';
import type { Connection, Session } from './io';

const WAIT_MS = 300_000;
const LOOK_EVERY_MS = 5_000;
const UNAUTHORIZED = 401;

/** Returns when the API server answers; throws the last error if it does not answer within five minutes. */
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
      // Every ServiceAccount has the right to this request; the answer does not matter.
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
