/** Prints plans as text, as JSON, as the comment of a pull request, or as a page. */
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import type { Bundle } from '#model/bundle';
import { formatRef, KINDS, ref } from '#model/kube-object';
import { bundleId } from '../bundle/files';
import { InterruptedError, InvalidInputError, KafkaTlsError } from '../errors';
import type { Plan } from '../model/plan';
import type { PlanStates } from '../model/states';
import type { PlannedDetails } from '../plan/run-plan';
import { COMMENT_BYTES, type CommentLimit, errorMarkdown, plansMarkdown, SUMMARY_BYTES } from '../report/comment';
import { printable, printableJson } from '../report/printable';
import { statesText } from '../report/states';
import { PLAIN } from '../report/style';
import { type PlanContext, planText } from '../report/text';
import { type UnreadBase, unreadBaseMarkdown, unreadBaseText } from '../report/unread-base';
import type { Format, OutputFlags } from './flags';
import { type Io, styleOf } from './io';

export interface PlanOutputFlags extends OutputFlags<'plan'> {
  /** File to which the plans are appended as Markdown, including what is too long for a comment. */
  readonly summary?: string;
}

/** A plan, its bundle, and what a report adds to it. */
export interface Planned {
  readonly plan: Plan;
  readonly bundle: Bundle;
  readonly context?: PlanContext;
  /** What `--explain` asks for; without states where no node gets another certificate. */
  readonly explanation?: { readonly states: PlanStates | undefined };
  /** What a page shows besides the steps; absent for a plan that was made without a cluster. */
  readonly details?: PlannedDetails;
}

/** Plans, and the bundles of the base that the new state does not hold. */
export interface Plans {
  readonly planned: readonly Planned[];
  readonly removed: readonly Bundle[];
  /** The unreadable part of the base. */
  readonly unread?: UnreadBase;
}

const PRINT: Readonly<Record<Format<'plan'>, (plans: Plans, flags: PlanOutputFlags, io: Io) => void | Promise<void>>> = {
  text({ planned, removed, unread }, _, io) {
    const first = unread === undefined ? [] : [unreadBaseText(unread, styleOf(io))];
    const plans = planned.flatMap((p) => [
      planText(p.plan, styleOf(io), p.context ?? {}),
      ...(p.explanation === undefined ? [] : [statesText(p.explanation.states, styleOf(io))]),
    ]);
    io.stdout([...first, ...plans, ...removed.map(removedLine)].join('\n'));
  },
  json({ planned, removed, unread }, _, io) {
    const base = unread === undefined ? {} : { unreadBase: { violations: unread.violations, notCompared: unread.notCompared } };
    io.stdout(`${printableJson({ plans: planned.map((p) => p.plan), removed: removed.map(bundleId), ...base }, 2)}\n`);
  },
  async markdown({ planned, removed, unread }, flags, io) {
    const { gantt } = await import('../report/gantt.js');
    const described = planned.map(({ plan, context = {} }) => {
      const chart = gantt(plan);
      return { plan, context: chart === undefined ? context : { ...context, chart } };
    });
    const first = unread === undefined ? '' : unreadBaseMarkdown(unread);
    const gap = first !== '' && planned.length + removed.length > 0 ? '\n' : '';
    return printMarkdown(flags, io, ({ bytes, rest }) => {
      const left = { bytes: bytes - Buffer.byteLength(first + gap), rest };
      return `${first}${gap}${plansMarkdown(described, removed.map(removedLine), left)}`;
    });
  },
  async html({ planned, removed, unread }, _, io) {
    const [{ page }, { plannedTimeline }, { runPlan }] = await Promise.all([
      import('../report/page/page.js'),
      import('../report/timeline/planned.js'),
      import('../plan/run-plan.js'),
    ]);
    const timelines = planned.map(({ plan, context = {}, details = { plan: runPlan(plan) } }) =>
      plannedTimeline({ plan, details, context }),
    );
    const first = unread === undefined ? [] : unreadBaseText(unread, PLAIN).trimEnd().split('\n');
    io.stdout(page(timelines, [...first, ...removed.map((b) => removedLine(b).trimEnd())]));
  },
};

/** Prints plans. */
export async function printPlans(plans: Plans, flags: PlanOutputFlags, io: Io): Promise<void> {
  await PRINT[flags.output](plans, flags, io);
}

/** Prints the error as the comment of a pull request, which would otherwise have none. The caller throws the error. */
export async function printRefusal(error: unknown, flags: PlanOutputFlags, io: Io): Promise<void> {
  if (flags.output !== 'markdown' || !(error instanceof KafkaTlsError) || error instanceof InterruptedError) return;
  await printMarkdown(flags, io, (limit) => errorMarkdown(error, limit));
}

async function printMarkdown({ summary }: PlanOutputFlags, io: Io, render: (limit: CommentLimit) => string): Promise<void> {
  const rest =
    summary === undefined ? 'Run the same command with --summary FILE for the full text.' : 'The summary of the run holds the full text.';
  io.stdout(render({ bytes: COMMENT_BYTES, rest }));
  if (summary === undefined) return;
  const text = render({ bytes: SUMMARY_BYTES, rest: 'Run "kafka-tls plan" for the full text.' });
  await appendFile(path.resolve(io.cwd, summary), text).catch((error: unknown) => {
    throw new InvalidInputError(`${summary}: cannot be written: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  });
}

function removedLine({ desired }: Bundle): string {
  const subject = formatRef(ref(KINDS.Kafka, desired.namespace, desired.kafka));
  return `${printable(`${subject}: has no bundle any more: its TLS stays as it is and is no longer managed.`)}\n`;
}
