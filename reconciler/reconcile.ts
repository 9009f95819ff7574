/**
 * The only orchestration: observe -> plan -> ask for rights -> plan -> execute, until the live state is the desired one.
 *
 * `prepare` does everything up to the plan and writes nothing; the commands `plan` and `apply` both begin with it. `reconcile` executes what
 * was prepared and prepares the next round. Each round reads the desired state again, so that a run follows a commit that is made meanwhile.
 * An execution that meets a change in the cluster ends early, and the next round plans for what it finds. The caller holds the Lease.
 */
import type { Bundle } from '#model/bundle';
import type { ExecutorName } from '#model/desired';
import { formatRef } from '#model/kube-object';
import { OperationFailedError } from './errors';
import { type ExecuteContext, kafkaOf, type LookOptions } from './execute/context';
import { execute } from './execute/execute';
import { resume } from './execute/pause';
import { tallied } from './execute/tally';
import { waitForObstacles } from './execute/wait-for-obstacles';
import type { Observation, ProbeAnswer } from './model/observation';
import { observedDomain } from './model/observed-domain';
import { hasWork, type Plan, partsOf } from './model/plan';
import { withNodeSettings } from './observe/node-settings';
import { type ObserveContext, observe, observeListeners, observePetSets, observePods } from './observe/observe';
import { withDenied } from './observe/permissions';
import { createRequest } from './pki/certificate-request';
import { type PlanOptions, plan } from './plan/plan';
import { nodesToAsk } from './plan/reload';
import { withRootChange } from './plan/root-change';
import { resumeSteps } from './plan/steps';
import type { Clock, Cluster, Dialer, EventDetails, KafkaAdmin, KafkaFactsSource, KafkaNode, RandomText, Report } from './ports';

export interface ReconcileContext {
  readonly cluster: Cluster;
  readonly dialer: Dialer;
  readonly facts: KafkaFactsSource;
  readonly admin: KafkaAdmin;
  readonly clock: Clock;
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly random: RandomText;
}

export interface ReconcileOptions extends PlanOptions {
  /** The first round, if the caller has prepared it and knows that no other run worked on the Kafka since. */
  readonly prepared?: Prepared | undefined;
  /** Called with every plan before it is executed. */
  readonly onPlan?: (plan: Plan) => void;
  /** Returns what the event of a plan tells programs; absent where none reads it. */
  readonly describe?: ((prepared: Prepared) => Promise<EventDetails>) | undefined;
}

export interface Outcome {
  readonly changed: boolean;
  readonly message: string;
}

/** A plan with the bundle and the observation that it was made from. */
export interface Prepared {
  readonly bundle: Bundle;
  readonly live: Observation;
  readonly plan: Plan;
}

/**
 * Rounds of one run. Each leaves less to do unless another writer reverts its changes.
 */
const MAX_ROUNDS = 12;

const AS_DESIRED = 'TLS is as desired';

const NOT_ASKED: KafkaFactsSource = { read: async () => ({ unknown: 'not asked' }) };

/** Everything that a plan is made from. */
export interface PrepareContext extends ObserveContext {
  readonly admin: KafkaAdmin;
}

/** Observes the Kafka and plans. Rights are asked for only when there is work: the API server gets a question for each verb. */
export async function prepare(bundle: Bundle, context: PrepareContext, signal: AbortSignal, options: PlanOptions): Promise<Prepared> {
  const live = await look(bundle, context, signal, options);
  const first = plan(bundle, live, context.clock.now(), options);
  if (!hasWork(first)) return { bundle, live, plan: first };
  const asked = await withDenied(context.cluster, bundle, live, first);
  return { bundle, live: asked, plan: plan(bundle, asked, context.clock.now(), options) };
}

/** Observes the Kafka, and asks nodes for their settings if the plan depends on these. */
async function look(bundle: Bundle, context: PrepareContext, signal: AbortSignal, { retry }: PlanOptions): Promise<Observation> {
  const live = await observe(context, bundle, signal);
  const asked = nodesToAsk({ bundle, live, now: context.clock.now() }, retry === true);
  return withNodeSettings(context, live, asked, bundle.desired.clusterDomain, signal);
}

/** Tells whether a run that executes this plan cannot do anything: a blocker needs a person, and no earlier run left a pause to end. */
export function isHopeless({ bundle, live, plan: { obstacles } }: Prepared): boolean {
  return obstacles.some((o) => o.kind !== 'wait') && resumeSteps({ bundle, live }).length === 0;
}

/** Brings the live state to the desired one. Throws a KafkaTlsError that names what stopped it. */
export async function reconcile(read: () => Promise<Bundle>, given: ReconcileContext, options: ReconcileOptions = {}): Promise<Outcome> {
  const { report, summary } = tallied(given.report);
  const context = { ...given, report };
  const { clock, signal } = context;
  // `--retry` forgives failures of earlier runs: it ends with the first request or issuance of this one.
  let retry = options.retry === true;
  let changed = false;
  const permitted = new Set<ExecutorName>();
  const probes = new Map<string, ProbeAnswer>();

  const nextRound = async (): Promise<Prepared> => {
    const bundle = await read();
    const round = { ...options, retry };
    if (!permitted.has(bundle.desired.executor)) return prepare(bundle, { ...context, probes }, signal, round);
    const live = await look(bundle, { ...context, probes }, signal, round);
    return { bundle, live, plan: plan(bundle, live, clock.now(), round) };
  };

  for (let round = 1; ; round++) {
    signal.throwIfAborted();
    const prepared = (round === 1 ? options.prepared : undefined) ?? (await nextRound());
    const { bundle, live, plan: next } = prepared;
    if (!hasWork(next)) {
      options.onPlan?.(next);
      return { changed, message: changed ? [AS_DESIRED, summary() ?? []].flat().join(': ') : 'nothing to do' };
    }
    permitted.add(bundle.desired.executor);
    if (round > MAX_ROUNDS) throw keepsChanging(next);
    options.onPlan?.(next);
    const executing = executeContext({ read, bundle, live }, { ...context, probes });
    if (next.obstacles.length > 0) {
      // The wait begins with the Kafka resumed: a run that was killed may have left it paused.
      for (const { subject } of resumeSteps({ bundle, live })) await resume(executing, subject);
      const obstacles = async () => {
        const seen = await look(bundle, { ...context, facts: NOT_ASKED, probes }, signal, options);
        return plan(bundle, seen, clock.now(), options).obstacles;
      };
      await waitForObstacles(next.subject, next.obstacles, executing, obstacles);
      continue;
    }
    const rows = next.steps.flatMap(partsOf).length;
    const steps = `${rows} ${rows === 1 ? 'step' : 'steps'}`;
    const message = `${next.summary}: ${next.operation}, ${steps}`;
    report({ event: 'planned', subject: next.subject, message, ...(await options.describe?.(prepared)) });
    retry &&= !next.steps.some((s) => s.kind === 'submitOpsRequest' || s.kind === 'issue');
    changed = true;
    await execute(next, live, executing);
  }
}

function keepsChanging({ subject, steps, obstacles }: Plan): OperationFailedError {
  const found = [...steps.flatMap(partsOf).flatMap((p) => p.findings), ...obstacles].map((f) => `${formatRef(f.subject)}: ${f.message}`);
  return new OperationFailedError(`not as desired after ${MAX_ROUNDS} rounds. The last round found: ${found.join('; ')}.`, {
    subject,
    hint: 'Another writer may revert the changes of this run: "kubectl get --show-managed-fields -o yaml" names the writers. If there is none, report a bug.',
  });
}

interface Round {
  readonly read: () => Promise<Bundle>;
  readonly bundle: Bundle;
  readonly live: Observation;
}

function executeContext(
  { read, bundle: committed, live }: Round,
  context: ReconcileContext & Pick<ExecuteContext, 'probes'>,
): ExecuteContext {
  const { bundle } = withRootChange({ bundle: committed, live, now: context.clock.now() });
  const clusterDomain = observedDomain(live);
  const nodeOf = (pod: string): KafkaNode => {
    return { kafka: kafkaOf(live), pod, clusterDomain: bundle.desired.clusterDomain ?? clusterDomain };
  };
  const looking = ({ withKafka }: LookOptions = { withKafka: false }) => (withKafka ? context : { ...context, facts: NOT_ASKED });
  return {
    ...context,
    createRequest,
    bundle,
    committed,
    // What is committed refers to issuers that the present state does not.
    observe: (options) => observe(looking(options), committed, context.signal),
    handshakes: (uid, times) => observeListeners({ ...context, clusterDomain }, bundle, { uid, times }, context.signal),
    nodes: {
      validate: (pod, settings) => context.admin.validate(nodeOf(pod), settings, context.signal),
      reload: (pod) => context.admin.reload(nodeOf(pod), context.signal),
    },
    lookAtPetSets: () => observePetSets(context.cluster, bundle, context.signal),
    lookAtPods: (options) => observePods({ ...looking(options), clusterDomain }, bundle, context.signal),
    desiredStateUnchanged: async () => (await read()).digest === bundle.digest,
  };
}
