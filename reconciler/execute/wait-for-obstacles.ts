/** A run whose plan has obstacles waits for those that time or another actor resolves. Any other obstacle ends the run. */
import { formatRef, isSameRef, KINDS, type ObjectRef } from '#model/kube-object';
import { BlockedError, InternalError, InvalidInputError, type KafkaTlsError, OperationFailedError } from '../errors';
import type { Obstacle } from '../model/plan';
import { deadlineMs, type ExecuteContext } from './context';
import { waitUntil } from './wait';

/** How often objects are checked that are not watched, such as issuers. */
const LOOK_AGAIN_MS = 5_000;

/** Waits until no obstacle is left, each within its own deadline from now. `look` returns the obstacles that are left. */
export async function waitForObstacles(
  kafka: ObjectRef,
  obstacles: readonly Obstacle[],
  context: ExecuteContext,
  look: () => Promise<readonly Obstacle[]>,
): Promise<void> {
  if (!obstacles.every((o) => o.kind === 'wait')) throw obstacleError(kafka, obstacles);
  const since = context.clock.monotonicMs();
  const limitMs = ({ until = 'foreignOperation' }: Obstacle) => deadlineMs(context, until);
  for (const obstacle of [...obstacles].sort((a, b) => limitMs(a) - limitMs(b))) {
    await waitUntil(context, {
      subject: obstacle.subject,
      watch: [KINDS.Kafka, KINDS.KafkaOpsRequest].map((kind) => ({ kind, selection: { namespace: kafka.namespace ?? '' } })),
      check: async () => {
        const left = await look();
        // An obstacle that no waiting resolves ends the wait, and the next plan reports it.
        const same = left.every((o) => o.kind === 'wait') ? left.find((o) => isSame(o, obstacle)) : undefined;
        if (same === undefined) return { done: undefined };
        const others = left.filter((o) => o !== same).map((o) => `${formatRef(o.subject)}: ${o.message}`);
        return { waitingFor: [same.message, ...others].join('; ') };
      },
      since,
      deadlineMs: limitMs(obstacle),
      retryMs: LOOK_AGAIN_MS,
      failure: 'could not begin',
      phase: 'blocker',
    }).catch((error: unknown) => {
      if (!(error instanceof OperationFailedError)) throw error;
      throw new BlockedError(error.message, obstacle.hint === undefined ? {} : { hint: obstacle.hint });
    });
  }
}

function isSame(a: Obstacle, b: Obstacle): boolean {
  return a.until === b.until && isSameRef(a.subject, b.subject);
}

/** Returns the error for the obstacles of a plan. The most severe one decides its class; the message lists all of them. */
export function obstacleError(kafka: ObjectRef, obstacles: readonly Obstacle[]): KafkaTlsError {
  const [first, ...others] = obstacles;
  if (first === undefined) throw new InternalError('a run was stopped without an obstacle');
  const { kind, subject, message, hint } = first;
  if (others.length === 0) return new CLASSES[kind](`${message}.`, { subject, ...(hint === undefined ? {} : { hint }) });
  const reasons = obstacles.map((o) => [`${formatRef(o.subject)}: ${o.message}.`, ...(o.hint === undefined ? [] : [o.hint])].join(' '));
  return new CLASSES[kind](`${reasons.length} blockers.`, { subject: kafka, reasons });
}

const CLASSES = {
  invalid: InvalidInputError,
  failed: OperationFailedError,
  blocked: BlockedError,
  wait: BlockedError,
} as const satisfies Record<Obstacle['kind'], unknown>;
