/** `kafka-tls report`: a page of HTML, and a trace, from the events of a run. Needs no cluster. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InvalidInputError } from '../errors';
import { readText } from '../input/files';
import { parseJsonLines } from '../input/json-lines';
import type { Plan } from '../model/plan';
import { EVENTS_FORMAT, RUN_EVENT, type RunEvent } from '../model/run-events';
import { runPlan } from '../plan/run-plan';
import { page } from '../report/page/page';
import { printable } from '../report/printable';
import { runsOf } from '../report/timeline/runs';
import { type Timeline, timelineOf } from '../report/timeline/timeline';
import type { Session } from './io';
import { readSavedPlans } from './saved-plan';

export interface ReportFlags {
  readonly events: string;
  readonly out: string;
  readonly trace?: string;
  readonly plan?: string;
  readonly run?: number;
}

const HINT = 'The events are what "kafka-tls apply --output json" prints.';

/** Writes the page and returns the exit code. */
export async function runReport(flags: ReportFlags, { io }: Session): Promise<number> {
  const name = flags.events === '-' ? 'standard input' : flags.events;
  const text = flags.events === '-' ? await io.stdin() : await readText(flags.events, io.cwd);
  const { values, skipped, isCutOff } = parseJsonLines(text, RUN_EVENT);
  if (values.length === 0) throw new InvalidInputError(`${name}: ${whyNone(text, skipped)}`, { hint: HINT });
  requireKnownFormat(name, values);
  const runs = runsOf(values);
  const number = flags.run ?? runs.length;
  const events = runs[number - 1];
  if (events === undefined) throw new InvalidInputError(`${name}: has no run ${number}: it holds ${runs.length}`);
  const missing = [
    ...(isCutOff && number === runs.length ? ['The last line is cut off: the run was killed, or the file was copied while it ran.'] : []),
    ...skipped.slice(0, MOST_SKIPPED).map(({ line, because }) => `Line ${line} is no event of a run and was skipped: ${because}.`),
    ...(skipped.length > MOST_SKIPPED ? [`${skipped.length - MOST_SKIPPED} further lines were skipped.`] : []),
    ...(runs.length > 1 ? [`The file holds ${runs.length} runs; this is run ${number}. Choose another one with --run.`] : []),
  ];
  const plan = flags.plan === undefined ? undefined : await savedPlan(flags.plan, io.cwd, events);
  const timeline = timelineOf({ events, missing, plan: plan === undefined ? undefined : runPlan(plan) });
  await write(flags.out, page([timeline]), io.cwd);
  if (flags.trace !== undefined) await write(flags.trace, await traceText(timeline), io.cwd);
  const where = flags.trace === undefined ? '' : ` The trace is in ${flags.trace}.`;
  io.stdout(`${printable(`${timeline.kafka}: ${timeline.verdict.sentence}`)}\nThe page is in ${flags.out}.${where}\n`);
  return 0;
}

/** Few reports have a trace, so OpenTelemetry is loaded only here. */
async function traceText(timeline: Timeline): Promise<string> {
  const [{ traceOf }, { otlpJson }] = await Promise.all([import('../trace/trace.js'), import('../trace/otlp.js')]);
  return otlpJson(traceOf(timeline));
}

async function write(file: string, text: string, cwd: string): Promise<void> {
  await writeFile(path.resolve(cwd, file), text).catch((error: unknown) => {
    throw new InvalidInputError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
}

const MOST_SKIPPED = 5;

function whyNone(text: string, skipped: readonly { readonly because: string }[]): string {
  if (text.trim() === '') return 'is empty';
  const [first] = skipped;
  return first === undefined ? 'holds only the beginning of a line' : `holds no event of a run: line 1 ${first.because}`;
}

function requireKnownFormat(name: string, events: readonly RunEvent[]): void {
  const newest = Math.max(0, ...events.map((e) => e.run?.format ?? 0));
  if (newest <= EVENTS_FORMAT) return;
  throw new InvalidInputError(
    `${name}: events of format ${newest} were written by a newer version, this one reads up to ${EVENTS_FORMAT}`,
    {
      hint: 'Make the page with that version of kafka-tls.',
    },
  );
}

async function savedPlan(file: string, cwd: string, events: readonly RunEvent[]): Promise<Plan> {
  const { plans } = await readSavedPlans(file, cwd);
  const found = Object.entries(plans).find(([id]) => events.some((e) => e.subject === `Kafka/${id}`));
  if (found !== undefined) return found[1].plan;
  throw new InvalidInputError(`${file}: holds no plan for the Kafka of these events; it has ${Object.keys(plans).join(', ') || 'none'}`);
}
