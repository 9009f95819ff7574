/** Asks the gates of pods that are to restart, on fresh facts, and waits for them: what an executor does with a yes is its own. */
import { KINDS, type ObjectRef, ref } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import { BlockedError, OperationFailedError, TimeoutError } from '../errors';
import type { PodFacts, PodObservation } from '../model/observation';
import type { EvictStep, Plan } from '../model/plan';
import { podFindings } from '../plan/checks/pods';
import { losesData } from '../plan/data-loss';
import { type GateResult, invalidCertificates, type RestartView } from '../plan/restart';
import { deadlineMs, type ExecuteContext, kafkaOf, Replan } from './context';
import { type Progress, waitUntil } from './wait';

/** Restarts that a plan holds. */
export interface RestartBatch {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  readonly steps: readonly EvictStep[];
}

/** Returns the planned pods that, by fresh facts, still run with what they loaded before. */
export function outdatedPods({ context, steps }: Pick<RestartBatch, 'context' | 'steps'>, live: PodObservation): readonly PodFacts[] {
  const stale = new Set(podFindings({ bundle: context.bundle, live, now: context.clock.now() }).map((f) => f.subject.name));
  return live.pods.filter((p) => stale.has(p.name) && steps.some((s) => s.subject.name === p.name));
}

/** Returns what gates depend on. */
export function viewOf(restarts: RestartBatch, live: PodObservation): RestartView {
  const { context } = restarts;
  return {
    pods: live.pods,
    missing: nodesOf(kafkaOf(live)).flatMap(({ pod }) => (live.pods.some((p) => p.name === pod) ? [] : [pod])),
    outdated: new Set(outdatedPods(restarts, live).map((p) => p.name)),
    facts: live.facts,
    unknownHealthPolicy: context.bundle.desired.unknownHealthPolicy,
    invalid: invalidCertificates(live, context.clock.now()),
    // In a cut-over no other pod can fetch the data.
    ...(restarts.plan.cutover === undefined ? { losing: new Set(live.pods.filter((p) => losesData(p, live)).map((p) => p.name)) } : {}),
  };
}

/** Looks, unless what is desired has changed: it may at any time, and most of all while a run waits. Then what is left is planned anew. */
export async function ifDesiredStateUnchanged<L>(context: ExecuteContext, look: () => Promise<L>): Promise<L> {
  if (!(await context.desiredStateUnchanged())) throw new Replan();
  return look();
}

/** How gates are asked, and on which facts. */
interface Gates<L, T> {
  readonly look: () => Promise<L>;
  /** Returns what it came to, or what the gates say. */
  readonly ask: (live: L) => { readonly done: T } | { readonly asked: readonly GateResult[] };
}

/** Asks until it is done. A "no" that no waiting cures is a failure; one that lasts until the gate's deadline is not. */
export async function awaitGates<L extends PodObservation, T>(restarts: RestartBatch, first: L, { look, ask }: Gates<L, T>): Promise<T> {
  const { context, plan } = restarts;
  let live: L | undefined = first;
  const check = async (): Promise<Progress<T>> => {
    const seen = live ?? (await ifDesiredStateUnchanged(context, look));
    live = undefined;
    const answer = ask(seen);
    if ('done' in answer) return answer;
    const refused = answer.asked.flatMap(({ pod, verdict }) => (verdict.ok ? [] : [{ pod, ...verdict }]));
    const hopeless = refused.find((r) => !r.retry);
    if (hopeless !== undefined)
      throw new OperationFailedError(`not restarted: ${hopeless.because}.`, { subject: podRef(seen, hopeless.pod) });
    return { waitingFor: refused.map((r) => `${r.pod.name}: ${r.because}`).join('; ') };
  };
  // What a listener serves is not announced, and neither are Kafka's facts, nor that a certificate begins to hold.
  const isInvalid = invalidCertificates(first, context.clock.now()).size > 0;
  const isUnannounced = plan.cutover !== undefined || 'value' in first.facts || isInvalid;
  const wait = waitUntil(context, {
    subject: plan.subject,
    watch: [{ kind: KINDS.Pod, selection: podsOf(plan.subject) }],
    check,
    deadlineMs: deadlineMs(context, 'gate'),
    failure: 'no pod may be restarted',
    retryMs: isUnannounced ? 1000 : deadlineMs(context, 'gate'),
  });
  return wait.catch((error: unknown) => onGateTimeout(restarts, error));
}

/** A "no" that lasted until the deadline is not a failure: time or somebody else cures it. */
export async function onGateTimeout({ context, steps }: RestartBatch, error: unknown): Promise<never> {
  if (!(error instanceof TimeoutError)) throw error;
  const isByKubeDb = steps.some((s) => s.by === 'ops-manager');
  const left = isByKubeDb ? [] : outdatedPods({ context, steps }, await context.lookAtPods());
  throw new BlockedError(
    isByKubeDb
      ? `${error.message} Nothing was asked of KubeDB.`
      : `${error.message} Not restarted yet: ${left.map((p) => p.name).join(', ')}.`,
    { hint: isByKubeDb ? 'Mend that and run again.' : 'Mend that and run again; what was restarted is not restarted again.' },
  );
}

export function podsOf(kafka: ObjectRef): { namespace: string; labels: Record<string, string> } {
  return { namespace: kafka.namespace ?? '', labels: { 'app.kubernetes.io/instance': kafka.name } };
}

export function podRef(live: PodObservation, pod: PodFacts): ObjectRef {
  return ref(KINDS.Pod, live.namespace, pod.name);
}
