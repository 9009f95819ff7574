/** `kafka-tls plan`: the steps of a run in their order, with reasons. Changes nothing. */
import type { Bundle } from '#model/bundle';
import { bundleDifference } from '../bundle/difference';
import { bundleId, chooseBundles, isMeant, readBundles, scanBundles } from '../bundle/files';
import { readOnly } from '../cluster/write-guard';
import { InvalidInputError } from '../errors';
import { type Content, readJsonFile } from '../input/files';
import { OBSERVATION, OBSERVATION_FORMAT, type Observation } from '../model/observation';
import { hasWork, type Obstacle, type Plan } from '../model/plan';
import { planOffline } from '../plan/offline';
import { type PlanOptions, plan } from '../plan/plan';
import type { PlanInput } from '../plan/plan-input';
import { prepare } from '../reconcile';
import { type ClusterFlags, DEFAULT_FILE, type SourceFlags } from './flags';
import type { Session } from './io';
import { applyCommand, withCommand } from './next-command';
import { type Planned, type PlanOutputFlags, type Plans, printPlans, printRefusal } from './plan-output';
import { writePlans } from './saved-plan';
import { bundleInCluster, bundlesInFiles, withConnection } from './session';

export interface PlanFlags extends SourceFlags, ClusterFlags, PlanOutputFlags {
  readonly base?: string;
  readonly observation?: string;
  readonly exitCode?: boolean;
  /** Also print who can talk to whom in every state that a plan leads through. */
  readonly explain?: boolean;
  /** File to save the plans in. */
  readonly out?: string;
  readonly takeOver?: boolean;
  readonly retry?: boolean;
}

/** Exit codes of a plan with obstacles: those that apply would end with. */
const OBSTACLE_EXIT_CODES: Readonly<Record<Obstacle['kind'], number>> = { failed: 1, invalid: 2, blocked: 4, wait: 4 };
const CHANGES_PENDING = 3;

/** Prints the plans and returns the exit code. If planning fails, a pull request gets the error as a comment. */
export async function runPlan(flags: PlanFlags, session: Session): Promise<number> {
  if (flags.summary !== undefined && flags.output !== 'markdown') {
    throw new InvalidInputError("kafka-tls plan: flag '--summary <file>' needs '--output markdown'");
  }
  if (flags.explain === true && flags.output !== 'text') {
    throw new InvalidInputError("kafka-tls plan: flag '--explain' needs '--output text'");
  }
  const plans = await makePlans(flags, session).catch(async (error: unknown) => {
    await printRefusal(error, flags, session.io);
    throw error;
  });
  const { planned, unread } = plans;
  if (flags.out !== undefined) await writePlans(flags.out, planned, session.io.cwd);
  await printPlans(plans, flags, session.io);
  const refused = planned
    .map(({ plan: { obstacles } }) => obstacles[0])
    .flatMap((o) => (o === undefined ? [] : OBSTACLE_EXIT_CODES[o.kind]));
  if (Math.max(0, ...refused) !== 0) return Math.max(...refused);
  // A bundle that was not compared may have changed.
  const isPending = planned.some((p) => hasWork(p.plan)) || (unread?.notCompared ?? []).length > 0;
  return flags.exitCode === true && isPending ? CHANGES_PENDING : 0;
}

async function makePlans(flags: PlanFlags, session: Session): Promise<Plans> {
  if (flags.base !== undefined) return planFromBase(flags.base, flags, session);
  if (flags.observation !== undefined) return { planned: [await planFromObservation(flags.observation, flags, session)], removed: [] };
  // Wrong input is reported before the cluster is reached.
  const inFiles = flags.configMap === undefined ? await bundlesInFiles(session, flags, { withJobs: true }) : undefined;
  return { planned: await planLive(flags, session, inFiles), removed: [] };
}

function planLive(flags: PlanFlags, session: Session, inFiles: readonly Bundle[] | undefined): Promise<readonly Planned[]> {
  return withConnection(session, flags, async (connection, signal) => {
    const { clock } = session.runtime;
    const bundles = inFiles ?? (flags.configMap === undefined ? [] : [await bundleInCluster(connection, flags.configMap)]);
    const context = { ...connection, cluster: readOnly(connection.cluster), clock, canLackSecrets: true };
    const planned: Planned[] = [];
    for (const bundle of bundles) {
      const isOneOfSeveral = bundles.length > 1 || flags.name !== undefined;
      const { plan: made, live } = await prepare(bundle, context, signal, previewOptions(flags));
      const obstacles = made.obstacles.map((o) =>
        o.hint === undefined ? o : { ...o, hint: withCommand(o.hint, flags, bundle, isOneOfSeveral) },
      );
      const next = { applyWith: applyCommand(flags, bundle, isOneOfSeveral) };
      planned.push({
        bundle,
        plan: { ...made, obstacles },
        context: next,
        ...(await explained(flags, { bundle, live, now: clock.now() }, made)),
      });
    }
    return planned;
  });
}

/** A reader of a plan does not need the rights of the Job that executes it. */
function previewOptions(flags: PlanFlags): PlanOptions {
  return { ...flags, isPreview: true };
}

const OBSERVATIONS: Content<Observation> = {
  name: 'an observation',
  format: OBSERVATION_FORMAT,
  schema: OBSERVATION,
  hint: 'An observation is what "kafka-tls observe" prints.',
};

async function planFromObservation(file: string, flags: PlanFlags, session: Session): Promise<Planned> {
  const live = await readJsonFile(file, session.io.cwd, OBSERVATIONS);
  const all = await readBundles({ file: flags.file ?? 'dist', cwd: session.io.cwd, stdin: session.io.stdin });
  const [bundle] = chooseBundles(all, { name: live.name, namespace: live.namespace });
  if (bundle === undefined) throw new InvalidInputError(`${file}: there is no bundle for it`);
  // The time of the observation: a replay gives the same plan on any day.
  const now = new Date(live.observedAt);
  const made = plan(bundle, live, now, previewOptions(flags));
  return { bundle, plan: made, ...(await explained(flags, { bundle, live, now }, made)) };
}

/** Most plans are printed without their states, so their code is loaded only here. */
async function explained({ explain, output }: PlanFlags, input: PlanInput, made: Plan): Promise<Pick<Planned, 'explanation' | 'details'>> {
  if (output === 'html') {
    const { plannedDetails } = await import('../plan/run-plan.js');
    return { details: plannedDetails(input, made) };
  }
  if (explain !== true) return {};
  const { statesOf } = await import('../plan/states/states.js');
  return { explanation: { states: statesOf(input, made) } };
}

async function planFromBase(base: string, flags: PlanFlags, session: Session): Promise<Plans> {
  const { cwd, stdin } = session.io;
  // A pull request may remove the last bundle, and Git has no empty folders.
  const after = await readBundles({ file: flags.file ?? DEFAULT_FILE, cwd, stdin, mayBeEmpty: true, mayBeMissing: true, withJobs: true });
  // An invalid base is no error: the commit may repair it and must pass a required check.
  const { bundles: before, violations } = await scanBundles({ file: base, flag: '--base', cwd, stdin, mayBeEmpty: true });
  const [old, wanted] = [before.filter((b) => isMeant(b, flags)), after.filter((b) => isMeant(b, flags))];
  const isAll = flags.name === undefined && flags.namespace === undefined;
  if (old.length === 0 && wanted.length === 0 && !(isAll && violations.length > 0))
    chooseBundles(await bundlesInFiles(session, flags), flags);
  const find = (among: readonly Bundle[], bundle: Bundle) => among.find((b) => bundleId(b) === bundleId(bundle));
  // A bundle that is missing in the base may be in its unreadable part.
  const isCompared = (bundle: Bundle) => violations.length === 0 || find(old, bundle) !== undefined;
  const planned = wanted.filter(isCompared).map((bundle) => {
    const was = find(old, bundle);
    return { bundle, plan: planOffline(was, bundle), context: { difference: bundleDifference(was, bundle) } };
  });
  const removed = old.filter((b) => find(wanted, b) === undefined);
  if (violations.length === 0) return { planned, removed };
  const notCompared = wanted.filter((b) => !isCompared(b)).map(bundleId);
  return { planned, removed, unread: { violations, notCompared, isWhole: before.length === 0 } };
}
