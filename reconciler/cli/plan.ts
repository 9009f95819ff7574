/** `kafka-tls plan`: what would be done, in order, and why. Changes nothing. */
import type { Bundle } from '../../constructs/model/bundle';
import { formatRef, KINDS, ref } from '../../constructs/model/kube-object';
import { bundleDifference } from '../bundle/difference';
import { bundleId, chooseBundles, readBundles } from '../bundle/files';
import { dryRun } from '../cluster/guarded';
import { InvalidInputError } from '../errors';
import { observe } from '../observe/observe';
import { withDenied } from '../observe/permissions';
import { hasWork, type Obstacle, type Plan } from '../plan/nouns';
import { planOffline } from '../plan/offline';
import { type PlanOptions, plan } from '../plan/plan';
import { planMarkdown } from '../report/markdown';
import { printable, printableJson } from '../report/printable';
import { type PlanContext, planText } from '../report/text';
import type { ClusterFlags, OutputFlags, SourceFlags } from './flags';
import { styleOf } from './io';
import { applyCommand } from './next-command';
import { readObservation } from './observation-file';
import { writePlans } from './saved-plan';
import { bundleInCluster, bundlesInFiles, type Session, withConnection } from './session';

export interface PlanFlags extends SourceFlags, ClusterFlags, OutputFlags {
  readonly base?: string;
  readonly observation?: string;
  readonly exitCode?: boolean;
  /** Where to save the plans. */
  readonly out?: string;
  readonly takeOver?: boolean;
  readonly retry?: boolean;
}

/** A plan, whose it is, and how it is carried out. */
interface Planned {
  readonly plan: Plan;
  readonly bundle: Bundle;
  readonly applyWith?: string;
  /** What the commit changes in the bundle. */
  readonly difference?: string;
}

/** What a command came to, where a plan says that it will not work. */
const OBSTACLE_EXIT_CODES: Readonly<Record<Obstacle['kind'], number>> = { failed: 1, invalid: 2, blocked: 4, wait: 0 };
const CHANGES_PENDING = 3;

/** Prints the plans and returns the exit code. */
export async function runPlan(flags: PlanFlags, session: Session): Promise<number> {
  const { planned, removed = [] } = await makePlans(flags, session);
  if (flags.out !== undefined) await writePlans(flags.out, planned, session.io.cwd);
  session.io.stdout(formatOf(flags)(planned, removed, session));
  const refused = planned
    .map(({ plan: { obstacles } }) => obstacles[0])
    .flatMap((o) => (o === undefined ? [] : OBSTACLE_EXIT_CODES[o.kind]));
  if (Math.max(0, ...refused) !== 0) return Math.max(...refused);
  const isPending = planned.some((p) => hasWork(p.plan));
  return flags.exitCode === true && isPending ? CHANGES_PENDING : 0;
}

/** Plans, and the bundles that the base has and the new state has not. */
interface Made {
  readonly planned: readonly Planned[];
  readonly removed?: readonly Bundle[];
}

async function makePlans(flags: PlanFlags, session: Session): Promise<Made> {
  if (flags.base !== undefined) return planFromBase(flags.base, flags, session);
  if (flags.observation !== undefined) return { planned: [await planFromObservation(flags.observation, flags, session)] };
  // Bad input is told before the cluster is reached.
  const inFiles = flags.configMap === undefined ? await bundlesInFiles(session, flags) : undefined;
  return { planned: await planLive(flags, session, inFiles) };
}

function planLive(flags: PlanFlags, session: Session, inFiles: readonly Bundle[] | undefined): Promise<readonly Planned[]> {
  return withConnection(session, flags, async (connection, signal) => {
    const { clock } = session.outside;
    const bundles = inFiles ?? (flags.configMap === undefined ? [] : [await bundleInCluster(connection, flags.configMap)]);
    const context = { ...connection, cluster: dryRun(connection.cluster), clock };
    const planned: Planned[] = [];
    for (const bundle of bundles) {
      const live = await withDenied(context.cluster, bundle, await observe(context, bundle, signal));
      const applyWith = applyCommand(flags, bundle, bundles.length > 1 || flags.name !== undefined);
      planned.push({ bundle, plan: plan(bundle, live, clock.now(), shown(flags)), applyWith });
    }
    return planned;
  });
}

/** Whoever reads a plan need not have the rights of the Job that carries it out. */
function shown(flags: PlanFlags): PlanOptions {
  return { ...flags, isOnlyShown: true };
}

async function planFromObservation(file: string, flags: PlanFlags, session: Session): Promise<Planned> {
  const live = await readObservation(file, session.io.cwd);
  const all = await readBundles({ file: flags.file ?? 'dist', cwd: session.io.cwd, stdin: session.io.stdin });
  const [bundle] = chooseBundles(all, { name: live.name, namespace: live.namespace });
  if (bundle === undefined) throw new InvalidInputError(`${file}: there is no bundle for it`);
  // The instant of the observation, so that a replay gives the same plan on any day.
  return { bundle, plan: plan(bundle, live, new Date(live.observedAt), shown(flags)) };
}

async function planFromBase(base: string, flags: PlanFlags, session: Session): Promise<Made> {
  const { name, namespace } = flags;
  const before = await readBundles({ file: base, cwd: session.io.cwd, stdin: session.io.stdin, mayBeEmpty: true });
  const bundles = await bundlesInFiles(session, flags);
  const find = (among: readonly Bundle[], wanted: Bundle) => among.find((b) => bundleId(b) === bundleId(wanted));
  return {
    planned: bundles.map((bundle) => {
      const old = find(before, bundle);
      return { bundle, plan: planOffline(old, bundle), difference: bundleDifference(old, bundle) };
    }),
    removed: name === undefined && namespace === undefined ? before.filter((b) => find(bundles, b) === undefined) : [],
  };
}

type Format = (planned: readonly Planned[], removed: readonly Bundle[], session: Session) => string;

function formatOf({ output }: PlanFlags): Format {
  if (output === 'json')
    return (planned, removed) => `${printableJson({ plans: planned.map((p) => p.plan), removed: removed.map(bundleId) }, 2)}\n`;
  if (output === 'markdown')
    return (planned, removed) => [...planned.map((p) => planMarkdown(p.plan, contextOf(p))), ...removed.map(removedLine)].join('\n');
  return (planned, removed, { io }) =>
    [...planned.map((p) => planText(p.plan, styleOf(io), contextOf(p))), ...removed.map(removedLine)].join('\n');
}

function contextOf({ applyWith, difference }: Planned): PlanContext {
  return {
    ...(applyWith === undefined ? {} : { applyWith }),
    ...(difference === undefined ? {} : { difference }),
  };
}

function removedLine({ desired }: Bundle): string {
  const subject = formatRef(ref(KINDS.Kafka, desired.namespace, desired.kafka));
  return `${printable(`${subject}: has no bundle any more: its TLS stays as it is, and nobody looks after it.`)}\n`;
}
