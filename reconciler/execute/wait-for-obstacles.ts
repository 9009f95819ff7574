/** What becomes of a run whose plan has obstacles: what time or another actor cures is waited for, anything else ends it. */
import { formatRef, isSameRef, KINDS, type ObjectRef } from '#model/kube-object';
import { BlockedError, InternalError, InvalidInputError, type KafkaTlsError, OperationFailedError } from '../errors';
import type { Obstacle } from '../model/plan';
import { deadlineMs, type ExecuteContext } from './context';
import { waitUntil } from './wait';

/** What is not watched, such as an issuer, is looked at again after this long. */
const LOOK_AGAIN_MS = 5_000;

/** Waits until no obstacle is left, each within its own deadline, all from now. `look` returns those that are left. */
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
        // One that no waiting cures ends the wait: the plan that is made then says so.
        const same = left.every((o) => o.kind === 'wait') ? left.find((o) => isSame(o, obstacle)) : undefined;
        if (same === undefined) return { done: undefined };
        const others = left.filter((o) => o !== same).map((o) => `${formatRef(o.subject)}: ${o.message}`);
        return { waitingFor: [same.message, ...others].join('; ') };
      },
      since,
      deadlineMs: limitMs(obstacle),
      retryMs: LOOK_AGAIN_MS,
      failure: 'could not begin',
    }).catch((error: unknown) => {
      if (!(error instanceof OperationFailedError)) throw error;
      throw new BlockedError(error.message, obstacle.hint === undefined ? {} : { hint: obstacle.hint });
    });
  }
}

function isSame(a: Obstacle, b: Obstacle): boolean {
  return a.until === b.until && isSameRef(a.subject, b.subject);
}

/** Returns the error that the obstacles of a plan end a run with: the first, most final of them says how, and all of them are told. */
export function obstacleError(kafka: ObjectRef, obstacles: readonly Obstacle[]): KafkaTlsError {
  const [first, ...others] = obstacles;
  if (first === undefined) throw new InternalError('a run was ended by nothing');
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
