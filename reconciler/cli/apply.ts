/** `kafka-tls apply`: brings the live state to the desired one. The Job runs this command. */
import type { Bundle } from '#model/bundle';
import { goDurationMs } from '#model/go-duration';
import { KINDS, type ObjectRef, ref } from '#model/kube-object';
import { bundleName } from '#model/names';
import { NO_CREDENTIALS } from '../cluster/credentials/source';
import { type ClusterEvents, clusterEvents } from '../cluster/events';
import { labelled } from '../cluster/labelled';
import { readLease, withLease } from '../cluster/lease';
import { fenced, readOnly } from '../cluster/write-guard';
import { BLOCKED, ClusterError, KafkaTlsError, reworded } from '../errors';
import { obstacleError } from '../execute/wait-for-obstacles';
import { hasWork, type Plan } from '../model/plan';
import type { EventDetails, Report } from '../ports';
import { isHopeless, type Outcome, type Prepared, prepare, reconcile } from '../reconcile';
import { errorText } from '../report/error';
import { createLive } from '../report/live';
import { createLines, type Progress } from '../report/progress';
import { PLAIN } from '../report/style';
import { planText } from '../report/text';
import { deleteFailedJob, deleteFinishedJobs, type JobsOf } from './finished-jobs';
import type { ClusterFlags, Format, OutputFlags, SourceFlags } from './flags';
import { type Connection, type Session, styleOf } from './io';
import { withCommand } from './next-command';
import { type Recording, type RecordingFlags, record } from './recording';
import { type PlanGuard, readPlanGuard } from './saved-plan';
import { bundleSource, withConnection } from './session';
import { writeTermination } from './termination-log';
import { toKafkaTlsError } from './thrown';

export interface ApplyFlags extends SourceFlags, ClusterFlags, OutputFlags<'apply'>, RecordingFlags {
  /** A saved plan: the run does only what it holds. */
  readonly plan?: string;
  readonly takeOver?: boolean;
  readonly retry?: boolean;
  /** File for the last message of the run; the kubelet copies it into the status of the pod. */
  readonly terminationLog?: string;
}

/** Executes the plan and returns the exit code; throws what stopped it. */
export async function runApply(flags: ApplyFlags, session: Session): Promise<number> {
  const log = (text: string) => writeTermination(flags.terminationLog, text, session.io.cwd);
  const recording = await record(flags, session);
  try {
    await log(await apply(flags, session, recording));
    return 0;
  } catch (thrown) {
    const error = toKafkaTlsError(thrown, session.io.signal);
    recording.finished(`failed: ${error.message}`, error);
    await log(thrown instanceof KafkaTlsError ? errorText(thrown, PLAIN) : String(thrown));
    throw thrown;
  } finally {
    await recording.end();
  }
}

/** Connects, executes, and returns the last message of the run. */
async function apply(flags: ApplyFlags, session: Session, recording: Recording): Promise<string> {
  // A file is read before the cluster is reached: wrong input needs no cluster.
  const fromFile = flags.configMap === undefined ? await bundleSource(session, flags) : undefined;
  const savedPlans = flags.plan === undefined ? undefined : await readPlanGuard(flags.plan, session.io.cwd);
  if (fromFile !== undefined) {
    const bundle = await fromFile();
    recording.about(kafkaOf(bundle));
    savedPlans?.(bundle);
  }
  return withConnection(session, flags, async (connected, signal) => {
    const source = fromFile ?? (await bundleSource(session, flags, connected));
    const progress = PROGRESS[flags.output](session);
    try {
      let bundle = await source();
      recording.about(kafkaOf(bundle));
      recording.started(connected.identity);
      const guard = savedPlans?.(bundle);
      guard?.requireBundle(bundle);
      const read = async () => {
        bundle = await source();
        guard?.requireBundle(bundle);
        return bundle;
      };
      const connection = { ...connected, cluster: labelled(connected.cluster, () => bundle.desired.labels) };
      const shown: Report = (event) => {
        progress.report(event);
        recording.report(event);
      };
      warnOfOtherDigest(flags, bundle, shown);
      const onSignal = () => progress.report({ event: 'warning', subject: kafkaOf(bundle), message: ENDING });
      session.io.signal.addEventListener('abort', onSignal, { once: true });
      const events = clusterEvents(connection.cluster, session.runtime.clock, kafkaOf(bundle), connection.identity);
      const report: Report = (event) => {
        shown(event);
        events.report(event);
      };
      const finished = (message: string) => {
        progress.report({ event: 'finished', subject: kafkaOf(bundle), message });
        recording.finished(message);
      };
      const run = { flags, session, connection, signal, report, finished, events, guard, recording, progress, unplanned: {} };
      return await runToEnd(bundle, read, run);
    } finally {
      progress.end();
    }
  });
}

interface Run {
  readonly flags: ApplyFlags;
  readonly session: Session;
  readonly connection: Connection;
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Reports that the run has succeeded. */
  readonly finished: (message: string) => void;
  readonly recording: Recording;
  readonly progress: Progress;
  readonly events: ClusterEvents;
  readonly guard: PlanGuard | undefined;
  /** The first round, until a plan is reported: programs learn from the end of a refused run what it has seen. */
  readonly unplanned: { prepared?: Prepared | undefined };
}

/** Reports how the run ended as its last event, to programs also when it failed: they read one stream. People read the error. */
async function runToEnd(bundle: Bundle, read: () => Promise<Bundle>, run: Run): Promise<string> {
  const { flags, finished, events } = run;
  let last = bundle;
  try {
    await cleanUp(bundle, run);
    const { message } = await reconcileBundle(bundle, async () => (last = await read()), run);
    await deleteFailed(last, run);
    finished(message);
    await events.end('finished', message);
    return message;
  } catch (thrown) {
    const complete = (text: string) => withCommand(text, flags, bundle, flags.name !== undefined);
    const error = thrown instanceof KafkaTlsError ? reworded(thrown, complete) : thrown;
    const message = error instanceof Error ? error.message : String(error);
    const ended = toKafkaTlsError(error, run.session.io.signal);
    run.recording.finished(`failed: ${message}`, ended, await detailsOf(run));
    const isBlocked = error instanceof KafkaTlsError && error.exitCode === BLOCKED;
    // Without a login no Event can be written, and an Event would ask a person to log in once more.
    const isLoggedOut = error instanceof ClusterError && error.reason === NO_CREDENTIALS;
    if (!isLoggedOut) await events.end(isBlocked ? 'blocked' : 'failed', message);
    throw error;
  }
}

/** Returns what a run tells programs that ends without a plan: its blockers, and what it has seen. */
async function detailsOf({ recording, unplanned: { prepared }, session }: Run): Promise<EventDetails> {
  if (!recording.isRead || prepared === undefined) return {};
  const { before, runBlockers } = await import('../plan/run-plan.js');
  const { bundle, live, plan } = prepared;
  return { ...before({ bundle, live, now: session.runtime.clock.now() }), blockers: runBlockers(plan.obstacles) };
}

/** Returns what the event of a plan tells programs. */
async function describe({ session, unplanned }: Run, { bundle, live, plan }: Prepared): Promise<EventDetails> {
  unplanned.prepared = undefined;
  const { plannedDetails } = await import('../plan/run-plan.js');
  return plannedDetails({ bundle, live, now: session.runtime.clock.now() }, plan);
}

/**
 * Prepares the first round before the Lease is taken: a run that has nothing to do, or cannot do anything, writes nothing. If another run
 * held the Lease since, the first round is prepared again.
 */
async function reconcileBundle(bundle: Bundle, read: () => Promise<Bundle>, run: Run): Promise<Outcome> {
  const { flags, session, connection, signal, report, guard } = run;
  const { cluster, identity } = connection;
  const { clock } = session.runtime;
  const { namespace, kafka, deadlines } = bundle.desired;
  const name = bundleName(kafka);
  const seen = await readLease(cluster, { namespace, name });
  const prepared = await prepare(bundle, { ...connection, cluster: readOnly(cluster), clock }, signal, planOptions(flags));
  run.unplanned.prepared = prepared;
  guard?.requireSame(prepared.plan);
  if (!hasWork(prepared.plan)) return { changed: false, message: 'nothing to do' };
  if (isHopeless(prepared)) throw obstacleError(prepared.plan.subject, prepared.plan.obstacles);

  const waitMs = goDurationMs(deadlines.foreignOperation) ?? 0;
  const lease = { namespace, name, identity, waitMs, report, signal, ...(seen === undefined ? {} : { seen }) };
  const outcome = await withLease(cluster, clock, lease, (held) => {
    const context = { ...connection, cluster: fenced(cluster, held), clock, signal, report };
    return reconcile(read, context, {
      ...planOptions(flags),
      prepared: held.isAsSeen ? prepared : undefined,
      onPlan: planPrinter(run),
      ...(run.recording.isRead ? { describe: (next) => describe(run, next) } : {}),
    });
  });
  // The previous holder of the Lease may have been the Job of an earlier content.
  await cleanUp(bundle, run);
  return outcome;
}

/** Prints the first plan of a run; events report the later ones. A run of a saved plan must stay within it. */
function planPrinter({ flags, session: { io }, guard, progress }: Run): (plan: Plan) => void {
  let isFirst = true;
  return (next) => {
    if (isFirst) guard?.requireSame(next);
    else guard?.requireSubset(next);
    if (isFirst && flags.output !== 'json' && next.steps.length > 0) io.stdout(`${planText(next, styleOf(io), { isApplied: true })}\n`);
    isFirst = false;
    progress.plan?.(next);
  };
}

/** Deletes finished Jobs of earlier contents. It needs no Lease: these Jobs do not run any more. */
async function cleanUp(bundle: Bundle, run: Run): Promise<void> {
  const jobs = jobsOf(bundle, run);
  if (jobs !== undefined) await deleteFinishedJobs(jobs);
}

/** Deletes the failed Job of this content: otherwise Argo CD and Flux keep reporting its failure. */
async function deleteFailed(bundle: Bundle, run: Run): Promise<void> {
  const jobs = jobsOf(bundle, run);
  if (jobs !== undefined) await deleteFailedJob(jobs, bundle.digest);
}

/** Only a bundle in a ConfigMap has Jobs. A run of a saved plan deletes none, since the plan does not name them. */
function jobsOf({ desired }: Bundle, { flags, connection, report, guard }: Run): JobsOf | undefined {
  if (flags.configMap === undefined || guard !== undefined) return undefined;
  const { cluster, identity } = connection;
  return { cluster, configMap: ref(KINDS.ConfigMap, desired.namespace, flags.configMap.name), kafka: desired.kafka, identity, report };
}

function planOptions({ takeOver, retry }: ApplyFlags): { readonly takeOver: boolean; readonly retry: boolean } {
  return { takeOver: takeOver === true, retry: retry === true };
}

/** A second signal ends the process at once (`process.ts`). */
const ENDING = 'ends on request: finishes the write in flight, resumes the Kafka and releases the Lease; a second signal ends it at once';

const PROGRESS: Readonly<Record<Format<'apply'>, (session: Session) => Progress>> = {
  text: ({ io, runtime: { clock } }) => (io.isTty ? createLive(io.stdout, clock, styleOf(io)) : createLines(io.stdout, clock)),
  json: () => ({ report: () => {}, end: () => {} }), // the recording prints them
};

/** The arguments of the Job name the content that it was created for. The run applies the present content of the ConfigMap. */
function warnOfOtherDigest({ digest }: ApplyFlags, bundle: Bundle, report: Report): void {
  if (digest === undefined || digest === bundle.digest) return;
  const message = `the bundle is ${bundle.digest}, this run was started for ${digest}; the present bundle is applied`;
  report({ event: 'warning', subject: ref(KINDS.ConfigMap, bundle.desired.namespace, bundleName(bundle.desired.kafka)), message });
}

function kafkaOf({ desired }: Bundle): ObjectRef {
  return ref(KINDS.Kafka, desired.namespace, desired.kafka);
}
