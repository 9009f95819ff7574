/**
 * The whole loop: observe -> plan -> execute -> observe again, until there is nothing to do.
 *
 * The desired state is read anew in every round, so no run is ever stale. A round that could not go on because something changed ends
 * early and the next one starts from what is there. The caller holds the Lease.
 */
import type { Bundle } from '../constructs/model/bundle';
import { KINDS, kindOf } from '../constructs/model/kube-object';
import { BlockedError, InternalError, InvalidInputError, type KafkaTlsError, OperationFailedError } from './errors';
import { deadlineMs, type ExecuteContext } from './execute/context';
import { execute } from './execute/execute';
import { resume } from './execute/native/pause';
import { waitUntil } from './execute/wait';
import { observe } from './observe/observe';
import type { Obstacle, Plan } from './plan/nouns';
import type { Observation } from './plan/observation';
import { type PlanOptions, plan } from './plan/plan';
import { resumeSteps } from './plan/steps';
import type { Clock, Cluster, Dialer, KafkaFactsSource, RandomText, Report } from './ports';

export interface ReconcileContext {
  readonly cluster: Cluster;
  readonly dialer: Dialer;
  readonly facts: KafkaFactsSource;
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly random: RandomText;
}

export interface ReconcileOptions extends PlanOptions {
  /** Called with every plan before it is carried out. */
  readonly onPlan?: (plan: Plan) => void;
}

export interface Outcome {
  readonly changed: boolean;
  readonly message: string;
}

/** Rounds that one run may take. Each ends with less to do; more than this is a bug, or somebody who works against us. */
const MAX_ROUNDS = 12;

const LOOK_AGAIN_MS = 5_000;

const NOT_ASKED: KafkaFactsSource = { read: async () => ({ unknown: 'not asked' }) };

/** Brings the live state to the desired one. Throws a KafkaTlsError that says what stopped it. */
export async function reconcile(read: () => Promise<Bundle>, context: ReconcileContext, options: ReconcileOptions = {}): Promise<Outcome> {
  // What failed before this run began is forgiven once: until a request was submitted.
  let retry = options.retry === true;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    context.signal.throwIfAborted();
    const bundle = await read();
    const live = await observe(context, bundle, context.signal);
    const next = plan(bundle, live, context.clock.now(), { ...options, retry });
    options.onPlan?.(next);
    const executing = executeContext(read, bundle, context);
    if (next.obstacle !== undefined) {
      // Nothing else is done for now, and a run that was killed may have left the Kafka paused.
      for (const { subject } of resumeSteps({ bundle, live })) await resume(executing, subject);
      await overcome(next.obstacle, bundle, options, executing);
    } else if (next.steps.length === 0) return { changed: round > 1, message: round > 1 ? 'TLS is as desired' : 'nothing to do' };
    else {
      context.report({
        event: 'planned',
        subject: next.subject,
        message: `${next.summary}: ${next.operation}, ${next.steps.length} ${next.steps.length === 1 ? 'step' : 'steps'}`,
      });
      retry &&= !next.steps.some((s) => s.kind === 'submitOpsRequest');
      await execute(next, live, executing);
    }
  }
  throw new InternalError(`the live state did not become the desired one in ${MAX_ROUNDS} rounds`);
}

function executeContext(read: () => Promise<Bundle>, bundle: Bundle, context: ReconcileContext): ExecuteContext {
  return {
    ...context,
    bundle,
    observe: ({ withKafka } = { withKafka: false }) =>
      observe(withKafka ? context : { ...context, facts: NOT_ASKED }, bundle, context.signal),
    isCurrent: async () => (await read()).digest === bundle.digest,
  };
}

/** Waits for what time or another actor cures; anything else ends the run. */
async function overcome(obstacle: Obstacle, bundle: Bundle, options: PlanOptions, context: ExecuteContext): Promise<void> {
  if (obstacle.kind !== 'wait' || obstacle.until === undefined) throw errorOf(obstacle);
  const still = (live: Observation) => plan(bundle, live, context.clock.now(), options).obstacle;
  const namespace = bundle.desired.namespace;
  try {
    await waitUntil(context, {
      subject: obstacle.subject,
      watch: [KINDS.Kafka, KINDS.KafkaOpsRequest].map((kind) => ({ kind: kindOf(kind) ?? kind, selection: { namespace } })),
      check: async () => {
        const now = still(await context.observe());
        return now?.kind === 'wait' ? { waitingFor: now.message } : { done: undefined };
      },
      deadlineMs: deadlineMs(context, obstacle.until),
      // What is not watched, such as an issuer, is looked at again.
      retryMs: LOOK_AGAIN_MS,
      failure: 'could not begin',
    });
  } catch (error) {
    if (!(error instanceof OperationFailedError)) throw error;
    throw new BlockedError(error.message, obstacle.hint === undefined ? {} : { hint: obstacle.hint });
  }
}

/** Returns the error that an obstacle ends a run with. */
export function errorOf({ kind, subject, message, hint }: Obstacle): KafkaTlsError {
  const options = { subject, ...(hint === undefined ? {} : { hint }) };
  const text = `${message}.`;
  if (kind === 'invalid') return new InvalidInputError(text, options);
  return kind === 'failed' ? new OperationFailedError(text, options) : new BlockedError(text, options);
}
