/**
 * Makes nodes load their certificate while they run, one after the other.
 *
 *     until every handshake in a row shows the certificate in the Secret
 *       judge that certificate by what the node serves now                  (`plan/reload.ts`)
 *       ask a broker whether it would accept the files at its paths         nothing is changed yet
 *       ask the node to load them
 *
 * Kafka's answer to the last request proves nothing, and a file that has not changed is not loaded: while the kubelet has not brought the new
 * one, the node is asked again. A controller judges nothing beforehand, and keeps what it serves if it cannot load the file.
 *
 * A node that does not follow goes on with its previous certificate. The Kafka records it, and the next plan restarts its pod. What a node
 * serves is the only other memory: a run that follows a killed one asks the nodes that serve something older.
 */
import { asKind } from '#model/kinds/index';
import { ANNOTATION_RELOAD } from '#model/names';
import { TimeoutError } from '../errors';
import type { PodFacts } from '../model/observation';
import type { PlannedReload, StepOf } from '../model/plan';
import { certificateSecret } from '../plan/plan-input';
import { handshakesNeeded, otherReason, respelledStores, whyNotReloaded } from '../plan/reload';
import { reloadRecordOf, withRefusal } from '../plan/reload-record';
import { deadlineMs, type ExecuteContext, emit, modify, type Run, type StepResult, withAnnotations } from './context';
import { type Progress, waitUntil, watchPods } from './wait';

/** How often a node is looked at, and how often it is asked: loading takes up to some seconds on a busy node. */
const LOOK_AGAIN_MS = 500;
const ASK_AGAIN_MS = 3_000;

export async function reload(run: Run, { nodes }: StepOf<'reload'>): Promise<StepResult> {
  const { context } = run;
  let isComplete = true;
  for (const [i, node] of nodes.entries()) {
    context.signal.throwIfAborted();
    if (!(await context.desiredStateUnchanged())) return 'replan';
    const outcome = await reloadNode(run, node);
    if (outcome.kind === 'loaded') {
      const place = `(${i + 1} of ${nodes.length}, ${node.place})`;
      emit(
        context,
        'reloaded',
        node.subject,
        `loaded its certificate while it ran, as ${outcome.handshakes} handshakes in a row show ${place}`,
      );
    }
    if (outcome.kind === 'refused') {
      isComplete = false;
      emit(context, 'warning', node.subject, `did not load its certificate: ${outcome.because}`);
    }
  }
  return isComplete ? 'done' : 'replan';
}

/** `replaced`: the pod ended meanwhile. Its successor loads what the Secret holds. */
type Outcome =
  | { readonly kind: 'loaded'; readonly handshakes: number }
  | { readonly kind: 'replaced' }
  | { readonly kind: 'refused'; readonly because: string };

async function reloadNode(run: Run, { subject }: PlannedReload): Promise<Outcome> {
  const { context, plan, before } = run;
  const pod = before.pods.find((p) => p.name === subject.name);
  if (pod === undefined) return { kind: 'replaced' };
  const attempt = attemptOf(context, pod);
  try {
    const { outcome, leaf } = await waitUntil(context, {
      subject,
      watch: [watchPods(plan.subject)],
      check: attempt.check,
      deadlineMs: deadlineMs(context, 'podReady'),
      failure: 'not reloaded',
      retryMs: LOOK_AGAIN_MS,
    });
    if (outcome.kind === 'refused') await recordRefusal(run, pod, { leaf, because: outcome.because });
    return outcome;
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    const { leaf, waitingFor } = attempt.last();
    const because = `${waitingFor} after ${Math.round(deadlineMs(context, 'podReady') / 1000)} s`;
    await recordRefusal(run, pod, { leaf, because });
    return { kind: 'refused', because };
  }
}

interface Attempt {
  readonly check: () => Promise<Progress<{ readonly outcome: Outcome; readonly leaf: string }>>;
  /** The certificate that was to be loaded, and the last state. */
  readonly last: () => { readonly leaf: string; readonly waitingFor: string };
}

function attemptOf(context: ExecuteContext, pod: PodFacts): Attempt {
  const { bundle, clock, nodes } = context;
  let last = { leaf: '', waitingFor: '' };
  let askedAtMs = Number.NEGATIVE_INFINITY;
  const waiting = (waitingFor: string) => {
    last = { ...last, waitingFor };
    return { waitingFor };
  };
  const done = (outcome: Outcome) => ({ done: { outcome, leaf: last.leaf } });
  const refused = (because: string) => done({ kind: 'refused', because });
  const check: Attempt['check'] = async () => {
    const live = await context.lookAtPods();
    const found = live.pods.find((p) => p.uid === pod.uid);
    if (found === undefined || found.isTerminating || !found.isRunning) return done({ kind: 'replaced' });
    const secret = certificateSecret(live, bundle.tls, 'server');
    if (secret?.leaf === undefined) return waiting('its Secret holds no certificate');
    last = { ...last, leaf: secret.leaf.fingerprint };
    const times = handshakesNeeded(pod);
    const served = await context.handshakes(pod.uid, times);
    if (served?.every((s) => s.leaf?.fingerprint === last.leaf)) return done({ kind: 'loaded', handshakes: times });
    const now = { ...found, node: pod.node ?? { unknown: 'not asked' } };
    const input = { bundle, live, now: clock.now() };
    const because = otherReason(input, now) ?? whyNotReloaded(input, now, false);
    if (because !== undefined) return refused(because);
    const stale = `serves another certificate than Secret ${secret.name} holds`;
    if (clock.monotonicMs() - askedAtMs < ASK_AGAIN_MS) return waiting(stale);
    askedAtMs = clock.monotonicMs();
    if (pod.role !== 'controller') {
      const validation = await nodes.validate(pod.name, respelledStores(now));
      if (validation.kind === 'refused') return refused(validation.because);
      if (validation.kind === 'unknown') return waiting(`cannot be asked: ${validation.because}`);
    }
    const problem = await nodes.reload(pod.name);
    return waiting(problem === undefined ? stale : `cannot be asked: ${problem}`);
  };
  return { check, last: () => last };
}

async function recordRefusal({ context, plan }: Run, pod: PodFacts, { leaf, because }: { leaf: string; because: string }): Promise<void> {
  await modify(context.cluster, plan.subject, (kafka) => {
    const found = reloadRecordOf({ kafka: asKind('Kafka', kafka) }, leaf);
    return withAnnotations(kafka, { [ANNOTATION_RELOAD]: withRefusal(found, pod, because) });
  });
}
