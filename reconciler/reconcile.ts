/**
 * The whole loop: observe -> plan -> execute -> observe again, until there is nothing to do.
 *
 * The desired state is read anew in every round, so no run is ever stale. A round that could not go on because something changed ends
 * early and the next one starts from what is there. The caller holds the Lease.
 */
import type { Bundle } from '#model/bundle';
import type { ExecutorName } from '#model/desired';
import { formatRef } from '#model/kube-object';
import { learnedDomain } from '#model/learned-domain';
import { OperationFailedError } from './errors';
import type { ExecuteContext, LookOptions } from './execute/context';
import { execute } from './execute/execute';
import { resume } from './execute/native/pause';
import { waitForObstacles } from './execute/wait-for-obstacles';
import type { Observation, ProbeAnswer } from './model/observation';
import { hasWork, type Plan } from './model/plan';
import { observe, observePetSets, observePods } from './observe/observe';
import { withDenied } from './observe/permissions';
import { createRequest } from './pki/certificate-request';
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

/** Rounds that one run may take. Each leaves less to do, unless somebody works against us. */
const MAX_ROUNDS = 12;

const NOT_ASKED: KafkaFactsSource = { read: async () => ({ unknown: 'not asked' }) };

/** Brings the live state to the desired one. Throws a KafkaTlsError that says what stopped it. */
export async function reconcile(read: () => Promise<Bundle>, context: ReconcileContext, options: ReconcileOptions = {}): Promise<Outcome> {
  // What failed before this run began is forgiven once: until a request was submitted.
  let retry = options.retry === true;
  // Whether we may do it all is asked once, before the first thing is done.
  const permitted = new Set<ExecutorName>();
  let changed = false;
  const probes = new Map<string, ProbeAnswer>();
  for (let round = 1; ; round++) {
    context.signal.throwIfAborted();
    const bundle = await read();
    let live = await observe({ ...context, probes }, bundle, context.signal);
    let next = plan(bundle, live, context.clock.now(), { ...options, retry });
    if (hasWork(next) && !permitted.has(bundle.desired.executor)) {
      live = await withDenied(context.cluster, bundle, live);
      permitted.add(bundle.desired.executor);
      next = plan(bundle, live, context.clock.now(), { ...options, retry });
    }
    if (hasWork(next) && round > MAX_ROUNDS) throw isUndone(next);
    options.onPlan?.(next);
    const executing = executeContext({ read, bundle, live }, { ...context, probes });
    if (next.obstacles.length > 0) {
      // Nothing else is done for now, and a run that was killed may have left the Kafka paused.
      for (const { subject } of resumeSteps({ bundle, live })) await resume(executing, subject);
      const look = async () => plan(bundle, await executing.observe(), context.clock.now(), options).obstacles;
      await waitForObstacles(next.subject, next.obstacles, executing, look);
    } else if (next.steps.length === 0) return { changed, message: changed ? 'TLS is as desired' : 'nothing to do' };
    else {
      context.report({
        event: 'planned',
        subject: next.subject,
        message: `${next.summary}: ${next.operation}, ${next.steps.length} ${next.steps.length === 1 ? 'step' : 'steps'}`,
      });
      retry &&= !next.steps.some((s) => s.kind === 'submitOpsRequest');
      changed = true;
      await execute(next, live, executing);
    }
  }
}

function isUndone({ subject, steps, obstacles }: Plan): OperationFailedError {
  const found = [...steps.flatMap((s) => s.findings), ...obstacles].map((f) => `${formatRef(f.subject)}: ${f.message}`);
  return new OperationFailedError(`not as desired after ${MAX_ROUNDS} rounds. The last one found: ${found.join('; ')}.`, {
    subject,
    hint: 'Somebody may undo what is written: "kubectl get --show-managed-fields -o yaml" names who writes. If nobody does, report it as a bug.',
  });
}

interface Round {
  readonly read: () => Promise<Bundle>;
  readonly bundle: Bundle;
  readonly live: Observation;
}

function executeContext({ read, bundle, live }: Round, context: ReconcileContext & Pick<ExecuteContext, 'probes'>): ExecuteContext {
  const clusterDomain = learnedDomain(live);
  const looking = ({ withKafka }: LookOptions = { withKafka: false }) => (withKafka ? context : { ...context, facts: NOT_ASKED });
  return {
    ...context,
    createRequest,
    bundle,
    observe: (options) => observe(looking(options), bundle, context.signal),
    lookAtPetSets: () => observePetSets(context.cluster, bundle, context.signal),
    lookAtPods: (options) => observePods({ ...looking(options), clusterDomain }, bundle, context.signal),
    desiredStateUnchanged: async () => (await read()).digest === bundle.digest,
  };
}
