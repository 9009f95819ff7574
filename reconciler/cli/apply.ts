/** `kafka-tls apply`: brings the live state to the desired one. This is what the Job runs. */
import type { Bundle } from '#model/bundle';
import { goDurationMs } from '#model/go-duration';
import { KINDS, type ObjectRef, ref } from '#model/kube-object';
import { bundleName } from '#model/names';
import { NO_CREDENTIALS } from '../cluster/credentials/source';
import { type ClusterEvents, clusterEvents } from '../cluster/events';
import { labelled } from '../cluster/labelled';
import { type HeldLease, withLease } from '../cluster/lease';
import { fenced } from '../cluster/write-guard';
import { BLOCKED, ClusterError, KafkaTlsError, reworded } from '../errors';
import { obstacleError } from '../execute/wait-for-obstacles';
import { hasWork, type Plan } from '../model/plan';
import { observe } from '../observe/observe';
import { withDenied } from '../observe/permissions';
import { plan } from '../plan/plan';
import { resumeSteps } from '../plan/steps';
import type { Report } from '../ports';
import { type Outcome, reconcile } from '../reconcile';
import { errorText } from '../report/error';
import { eventJson } from '../report/ndjson';
import { createLines, createLive, type Progress } from '../report/progress';
import { PLAIN } from '../report/style';
import { planText } from '../report/text';
import { deleteFailedJob, deleteFinishedJobs, type JobsOf } from './finished-jobs';
import type { ClusterFlags, OutputFlags, SourceFlags } from './flags';
import { type Connection, styleOf } from './io';
import { withCommand } from './next-command';
import { type PlanGuard, readPlanGuard } from './saved-plan';
import { bundleSource, type Session, withConnection } from './session';
import { writeTermination } from './termination-log';

export interface ApplyFlags extends SourceFlags, ClusterFlags, OutputFlags {
  /** A saved plan: what is not in it is not done. */
  readonly plan?: string;
  readonly takeOver?: boolean;
  readonly retry?: boolean;
  /** Where to write how it ended, for whoever looks at the pod. */
  readonly terminationLog?: string;
}

/** Carries the plan out and returns the exit code; what stopped it is thrown. */
export async function runApply(flags: ApplyFlags, session: Session): Promise<number> {
  const tell = (text: string) => writeTermination(flags.terminationLog, text, session.io.cwd);
  try {
    await tell(await connect(flags, session));
    return 0;
  } catch (error) {
    await tell(error instanceof KafkaTlsError ? errorText(error, PLAIN) : String(error));
    throw error;
  }
}

/** Returns how it ended. */
async function connect(flags: ApplyFlags, session: Session): Promise<string> {
  // A bundle in a file is read first: bad input is told before the cluster is reached.
  const inFile = flags.configMap === undefined ? await bundleSource(session, flags) : undefined;
  const agreements = flags.plan === undefined ? undefined : await readPlanGuard(flags.plan, session.io.cwd);
  if (inFile !== undefined) agreements?.(await inFile());
  return withConnection(session, flags, async (connected, signal) => {
    const read = inFile ?? (await bundleSource(session, flags, connected));
    const progress = createProgress(flags, session);
    try {
      const bundle = await read();
      const agreement = agreements?.(bundle);
      let current = bundle;
      const connection = { ...connected, cluster: labelled(connected.cluster, () => current.desired.labels) };
      const source = async () => {
        current = await read();
        agreement?.requireBundle(current);
        return current;
      };
      warnOfOtherDigest(flags, bundle, progress.report);
      const events = clusterEvents(connection.cluster, session.runtime.clock, kafkaOf(bundle), connection.identity);
      const report: Report = (event) => {
        progress.report(event);
        events.tell(event);
      };
      const run = { flags, session, connection, signal, report, events, agreement };
      return await runToEnd(await source(), source, run, () => deleteFailed(current, run));
    } finally {
      progress.end();
    }
  });
}

/** The last event says how it ended, also when it ended badly: programs read one stream. People read the error. */
async function runToEnd(bundle: Bundle, source: () => Promise<Bundle>, run: Run, onSuccess: () => Promise<void>): Promise<string> {
  const { flags, report, events } = run;
  const say = (message: string) => report({ event: 'finished', subject: kafkaOf(bundle), message });
  try {
    await cleanUp(bundle, run);
    const { message } = (await precheck(bundle, run)) ?? (await runUnderLease(bundle, source, run));
    await onSuccess();
    say(message);
    await events.end('finished', message);
    return message;
  } catch (thrown) {
    const complete = (text: string) => withCommand(text, flags, bundle, flags.name !== undefined);
    const error = thrown instanceof KafkaTlsError ? reworded(thrown, complete) : thrown;
    const message = error instanceof Error ? error.message : String(error);
    if (flags.output === 'json') say(`failed: ${message}`);
    const isBlocked = error instanceof KafkaTlsError && error.exitCode === BLOCKED;
    // Without a login nothing can be written, and a person would only be asked to log in once more.
    const isLoggedOut = error instanceof ClusterError && error.reason === NO_CREDENTIALS;
    if (!isLoggedOut) await events.end(isBlocked ? 'blocked' : 'failed', message);
    throw error;
  }
}

interface Run {
  readonly flags: ApplyFlags;
  readonly session: Session;
  readonly connection: Connection;
  readonly signal: AbortSignal;
  readonly report: Report;
  readonly events: ClusterEvents;
  readonly agreement: PlanGuard | undefined;
}

/** Without the Lease: a run that has nothing to do, or that no waiting helps, writes nothing at all; unless a killed one left a pause. */
async function precheck(bundle: Bundle, { flags, session, connection, signal, agreement }: Run): Promise<Outcome | undefined> {
  const { clock } = session.runtime;
  const live = await observe({ ...connection, clock }, bundle, signal);
  const next = plan(bundle, live, clock.now(), planOptions(flags));
  agreement?.requireSame(next);
  if (!hasWork(next)) return { changed: false, message: 'nothing to do' };
  const permitted = await withDenied(connection.cluster, bundle, live);
  const { subject, obstacles } = plan(bundle, permitted, clock.now(), planOptions(flags));
  const isHopeless = obstacles.some((o) => o.kind !== 'wait');
  if (isHopeless && resumeSteps({ bundle, live }).length === 0) throw obstacleError(subject, obstacles);
  return undefined;
}

/** Reconciles while holding the Lease of the Kafka; once it is lost nothing more is written. */
async function runUnderLease(bundle: Bundle, source: () => Promise<Bundle>, run: Run): Promise<Outcome> {
  const { flags, session, connection, signal, report, agreement } = run;
  const { clock } = session.runtime;
  const { namespace, kafka, deadlines } = bundle.desired;
  const lease = {
    namespace,
    name: bundleName(kafka),
    identity: connection.identity,
    waitMs: goDurationMs(deadlines.foreignOperation) ?? 0,
    report,
    signal,
  };
  let isFirst = true;
  const onPlan = (next: Plan) => {
    // Between the first look and the Lease another run may have been at it.
    if (isFirst) agreement?.requireSame(next);
    else agreement?.requireSubset(next);
    // What later rounds still find is told by their events.
    if (isFirst && flags.output !== 'json' && next.steps.length > 0) printPlan(next, session);
    isFirst = false;
  };
  const outcome = await withLease(connection.cluster, clock, lease, (held: HeldLease) => {
    const context = { ...connection, cluster: fenced(connection.cluster, held), clock, signal, report };
    return reconcile(source, context, { ...planOptions(flags), onPlan });
  });
  // The one that had the Lease before may have been the Job of an earlier content.
  await cleanUp(bundle, run);
  return outcome;
}

/**
 * Only where the bundle comes from a ConfigMap, as in the Job, are there Jobs that belong to it. Without the Lease: what is deleted is over.
 * Who has agreed to a plan has agreed to nothing else.
 */
async function cleanUp(bundle: Bundle, run: Run): Promise<void> {
  const jobs = jobsOf(bundle, run);
  if (jobs !== undefined) await deleteFinishedJobs(jobs);
}

/** The Job of a content that has failed must not stay as the last result of this content. */
async function deleteFailed(bundle: Bundle, run: Run): Promise<void> {
  const jobs = jobsOf(bundle, run);
  if (jobs !== undefined) await deleteFailedJob(jobs, bundle.digest);
}

function jobsOf({ desired }: Bundle, { flags, connection, report, agreement }: Run): JobsOf | undefined {
  if (flags.configMap === undefined || agreement !== undefined) return undefined;
  const { cluster, identity } = connection;
  return { cluster, configMap: ref(KINDS.ConfigMap, desired.namespace, flags.configMap.name), kafka: desired.kafka, identity, report };
}

function planOptions({ takeOver, retry }: ApplyFlags): { readonly takeOver: boolean; readonly retry: boolean } {
  return { takeOver: takeOver === true, retry: retry === true };
}

function printPlan(next: Plan, { io }: Session): void {
  io.stdout(`${planText(next, styleOf(io), { isApplied: true })}\n`);
}

function createProgress({ output }: ApplyFlags, { io, runtime }: Session): Progress {
  if (output === 'json') {
    return { report: (event) => io.stdout(eventJson(event, runtime.clock.now())), end: () => {} };
  }
  return io.isTty ? createLive(io.stdout, runtime.clock, styleOf(io)) : createLines(io.stdout, runtime.clock);
}

/** The Job's arguments name the content it was made for; what the ConfigMap holds now is what counts. */
function warnOfOtherDigest({ digest }: ApplyFlags, bundle: Bundle, report: Report): void {
  if (digest === undefined || digest === bundle.digest) return;
  const message = `the bundle is ${bundle.digest}, this run was started for ${digest}; the bundle as it is now is applied`;
  report({ event: 'warning', subject: ref(KINDS.ConfigMap, bundle.desired.namespace, bundleName(bundle.desired.kafka)), message });
}

function kafkaOf({ desired }: Bundle): ObjectRef {
  return ref(KINDS.Kafka, desired.namespace, desired.kafka);
}
