/**
 * Makes nodes load their certificate while they run.
 *
 *     until every node is proven, was given up, or its deadline has passed
 *       in the order of the plan, each node that is due:
 *         judge the certificate in the Secret by what the node serves now         (`plan/reload.ts`)
 *         ask a broker whether it would accept the files at its paths             nothing is changed yet
 *         ask the node to load them
 *       all nodes at once: every one of several handshakes in a row must show that certificate
 *
 * Requests follow the order of the plan; proofs do not wait for each other. A node that does not follow goes on with its previous certificate
 * and stops no other one, so nothing would be gained by proving one node before the next is asked.
 *
 * Kafka's answer to the last request proves nothing, and a file that has not changed is not loaded: while the kubelet has not brought the new
 * one, the node is asked again. A controller judges nothing beforehand, and keeps what it serves if it cannot load the file.
 *
 * The Kafka records a node that does not follow, and the next plan restarts its pod. What a node serves is the only other memory: a run that
 * follows a killed one asks the nodes that serve something older.
 */
import { asKind } from '#model/kinds/index';
import { ANNOTATION_RELOAD } from '#model/names';
import { TimeoutError } from '../errors';
import type { PodFacts, PodObservation, Served } from '../model/observation';
import type { PlannedReload, StepOf } from '../model/plan';
import { certificateSecret } from '../plan/plan-input';
import { otherReason } from '../plan/reload';
import { handshakesNeeded, respelledStores, whyNotReloaded } from '../plan/reload-checks';
import { reloadRecordOf, withRefusal } from '../plan/reload-record';
import { listenersOf } from '../plan/spare';
import { deadlineMs, type ExecuteContext, emit, modify, type Run, type StepResult, withAnnotations } from './context';
import { type Progress, waitUntil, watchPods } from './wait';

/** How often nodes are looked at, and how often each is asked: loading takes up to some seconds on a busy node. */
const LOOK_AGAIN_MS = 500;
const ASK_AGAIN_MS = 3_000;

/** A node, and what is known of it. */
interface Attempt {
  readonly planned: PlannedReload;
  readonly pod: PodFacts;
  /** Its place in the plan, as it is reported. */
  readonly place: string;
  askedAtMs: number;
  /** Why it is not proven yet. */
  waitingFor: string;
  /** The last handshakes did not all show the same certificate: not every network thread has loaded it. */
  isMixed: boolean;
  outcome?: 'loaded' | 'replaced' | 'refused';
}

export async function reload(run: Run, { nodes }: StepOf<'reload'>): Promise<StepResult> {
  const { context, plan } = run;
  const attempts = attemptsOf(run, nodes);
  const open = () => attempts.filter((a) => a.outcome === undefined);
  let leaf = '';
  const check = async (): Promise<Progress<StepResult>> => {
    const live = await context.lookAtPods();
    leaf = certificateSecret(live, context.bundle.tls, 'server')?.leaf?.fingerprint ?? '';
    const toProve: Attempt[] = [];
    for (const attempt of open()) {
      context.signal.throwIfAborted();
      if (!(await context.desiredStateUnchanged())) return { done: 'replan' };
      if ((await advance(run, attempt, live)) === 'prove') toProve.push(attempt);
    }
    await prove(context, toProve, leaf);
    const [first] = open();
    if (first !== undefined) return { waitingFor: first.waitingFor, subject: first.planned.subject };
    return { done: attempts.some((a) => a.outcome === 'refused') ? 'replan' : 'done' };
  };
  const limitMs = deadlineMs(context, 'podReady');
  try {
    return await waitUntil(context, {
      subject: plan.subject,
      watch: [watchPods(plan.subject)],
      check,
      deadlineMs: limitMs,
      failure: 'not reloaded',
      phase: 'reload',
      retryMs: LOOK_AGAIN_MS,
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    const after = `after ${Math.round(limitMs / 1000)} s`;
    for (const attempt of open()) await giveUp(run, attempt, { leaf, because: `${attempt.waitingFor} ${after}` });
    return 'replan';
  }
}

/** A pod that has ended since the plan was made needs no request: its successor loads what the Secret holds. */
function attemptsOf({ before }: Run, nodes: readonly PlannedReload[]): readonly Attempt[] {
  return nodes.flatMap((planned, i) => {
    const pod = before.pods.find((p) => p.name === planned.subject.name);
    const place = `${i + 1} of ${nodes.length}, ${planned.place}`;
    return pod === undefined
      ? []
      : [{ planned, pod, place, askedAtMs: Number.NEGATIVE_INFINITY, waitingFor: 'was not asked yet', isMixed: false }];
  });
}

/** Asks a node that serves another certificate. Returns `prove` if it shows the one in the Secret. */
async function advance(run: Run, attempt: Attempt, live: PodObservation): Promise<'prove' | undefined> {
  const { bundle, clock } = run.context;
  const { pod } = attempt;
  const found = live.pods.find((p) => p.uid === pod.uid);
  if (found === undefined || found.isTerminating || !found.isRunning) {
    attempt.outcome = 'replaced';
    return undefined;
  }
  const secret = certificateSecret(live, bundle.tls, 'server');
  const leaf = secret?.leaf?.fingerprint;
  if (secret === undefined || leaf === undefined) {
    attempt.waitingFor = 'its Secret holds no certificate';
    return undefined;
  }
  const isShown = found.served.every((s) => s.leaf?.fingerprint === leaf);
  if (isShown && !attempt.isMixed) return 'prove';
  const now = { ...found, node: pod.node ?? { unknown: 'not asked' } };
  const input = { bundle, live, now: clock.now() };
  const because = otherReason(input, now) ?? whyNotReloaded(input, now, false);
  if (because !== undefined) {
    await giveUp(run, attempt, { leaf, because });
    return undefined;
  }
  attempt.waitingFor = `serves another certificate than Secret ${secret.name} holds`;
  if (clock.monotonicMs() - attempt.askedAtMs >= ASK_AGAIN_MS) await ask(run, attempt, { now, leaf });
  return isShown && attempt.outcome === undefined ? 'prove' : undefined;
}

async function ask(run: Run, attempt: Attempt, { now, leaf }: { readonly now: PodFacts; readonly leaf: string }): Promise<void> {
  const { clock, nodes } = run.context;
  attempt.askedAtMs = clock.monotonicMs();
  if (now.role !== 'controller') {
    const validation = await nodes.validate(now.name, respelledStores(now));
    if (validation.kind === 'refused') return giveUp(run, attempt, { leaf, because: validation.because });
    if (validation.kind === 'unknown') {
      attempt.waitingFor = `cannot be asked: ${validation.because}`;
      return;
    }
  }
  const problem = await nodes.reload(now.name);
  if (problem !== undefined) attempt.waitingFor = `cannot be asked: ${problem}`;
}

/** Reports nodes of which every handshake in a row shows the certificate. */
async function prove(context: ExecuteContext, attempts: readonly Attempt[], leaf: string): Promise<void> {
  const proofs = attempts.map(async (attempt) => {
    const times = handshakesNeeded(attempt.pod);
    const served = await context.handshakes(attempt.pod.uid, times);
    attempt.isMixed = served?.every((s) => s.leaf?.fingerprint === leaf) !== true;
    if (!attempt.isMixed) attempt.outcome = 'loaded';
    const message = `loaded its certificate while it ran, as ${times} handshakes in a row show (${attempt.place})`;
    return { message, listeners: listenersOf([{ ...attempt.pod, served: firstOfEach(served ?? []) }]) };
  });
  for (const [i, { message, listeners }] of (await Promise.all(proofs)).entries()) {
    const attempt = attempts[i];
    if (attempt?.outcome === 'loaded') emit(context, 'reloaded', attempt.planned.subject, message, { listeners });
  }
}

/** Handshakes in a row show the same listeners again and again. */
function firstOfEach(served: readonly Served[]): readonly Served[] {
  return served.filter((s, i) => served.findIndex((other) => other.listener === s.listener) === i);
}

/** Records that a node does not load this certificate; the next plan restarts its pod. */
async function giveUp(run: Run, attempt: Attempt, { leaf, because }: { readonly leaf: string; readonly because: string }): Promise<void> {
  const { context, plan } = run;
  await modify(context.cluster, plan.subject, (kafka) => {
    const found = reloadRecordOf({ kafka: asKind('Kafka', kafka) }, leaf);
    return withAnnotations(kafka, { [ANNOTATION_RELOAD]: withRefusal(found, attempt.pod, because) });
  });
  attempt.outcome = 'refused';
  emit(context, 'warning', attempt.planned.subject, `did not load its certificate: ${because}`);
}
