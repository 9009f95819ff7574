/**
 * The events of a run for programs: printed as lines of JSON, and kept for the files that the flags name and for the collector of traces that
 * the environment names. Files are written and the trace is sent however the run ends; only a process that is killed leaves none.
 */
import { open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectRef } from '#model/kube-object';
import { InvalidInputError, type KafkaTlsError } from '../errors';
import { EVENTS_FORMAT, type RunEvent, type RunFailure } from '../model/run-events';
import type { EventDetails, Report } from '../ports';
import { errorFields } from '../report/error';
import { printable } from '../report/printable';
import { eventFields, eventJson } from '../report/progress';
import { shownUrl, type TraceEndpoint, traceEndpoint } from '../trace/endpoint';
import type { Trace } from '../trace/trace';
import type { Session } from './io';
import { VERSION } from './version';

export interface RecordingFlags {
  /** File for the report of the run. */
  readonly report?: string;
  /** File for the trace of the run. */
  readonly trace?: string;
}

export interface Recording {
  /** Whether a program reads the events: otherwise nothing is computed for it. */
  readonly isRead: boolean;
  readonly report: Report;
  /** The run knows its Kafka from now on. */
  readonly about: (kafka: ObjectRef) => void;
  /** The run works on its Kafka from now on. */
  readonly started: (id: string) => void;
  /** How the run ended. Counts once: the first is the cause. */
  readonly finished: (message: string, error?: KafkaTlsError, details?: EventDetails) => void;
  /** Writes the files and sends the trace. */
  readonly end: () => Promise<void>;
}

/** Returns the recording of a run. Throws if a file cannot be written: this must be known before the run changes anything. */
export async function record(flags: RecordingFlags & { readonly output: string }, { io, runtime }: Session): Promise<Recording> {
  const isPrinted = flags.output === 'json';
  const endpoint = traceEndpoint(io.env);
  const files = [flags.report, flags.trace].filter((f) => f !== undefined);
  for (const file of files) await requireWritable(file, io.cwd);
  const isKept = files.length > 0 || endpoint !== undefined;
  const events: RunEvent[] = [];
  let kafka: ObjectRef | undefined;
  let isFinished = false;
  const report: Report = (event) => {
    const fields = eventFields(event, runtime.clock.now());
    if (isPrinted) io.stdout(eventJson(fields));
    if (isKept) events.push(fields);
  };
  return {
    isRead: isPrinted || isKept,
    report,
    about: (subject) => {
      kafka = subject;
    },
    started: (id) => {
      const run = { format: EVENTS_FORMAT, version: VERSION, id };
      if (kafka !== undefined) report({ event: 'started', subject: kafka, message: `by kafka-tls ${VERSION}`, run });
    },
    finished: (message, error, details = {}) => {
      if (kafka === undefined || isFinished) return;
      isFinished = true;
      const failure = error === undefined ? {} : { error: errorFields(error) as RunFailure };
      report({ event: 'finished', subject: kafka, message, ...failure, ...details });
    },
    end: async () => {
      if (!isKept || events.length === 0) return;
      const { timelineOf } = await import('../report/timeline/timeline.js');
      const timeline = timelineOf({ events });
      if (flags.report !== undefined) {
        const { page } = await import('../report/page/page.js');
        await writeFile(path.resolve(io.cwd, flags.report), page([timeline]));
      }
      if (flags.trace === undefined && endpoint === undefined) return;
      const { traceOf } = await import('../trace/trace.js');
      const trace = traceOf(timeline);
      if (flags.trace !== undefined) {
        const { otlpJson } = await import('../trace/otlp.js');
        await writeFile(path.resolve(io.cwd, flags.trace), otlpJson(trace));
      }
      if (endpoint !== undefined) await send(trace, endpoint, { io, runtime });
    },
  };
}

/** A trace that is not sent is one line; the run ends as it would without it. */
async function send(trace: Trace, endpoint: TraceEndpoint | string, { io, runtime }: Session): Promise<void> {
  const problem = typeof endpoint === 'string' ? endpoint : await runtime.sendTrace(trace, endpoint);
  const where = typeof endpoint === 'string' ? '' : ` to ${shownUrl(endpoint.url)}`;
  if (problem !== undefined) io.stderr(`${printable(`kafka-tls: the trace was not sent${where}: ${problem}.`)}\n`);
}

async function requireWritable(file: string, cwd: string): Promise<void> {
  try {
    await (await open(path.resolve(cwd, file), 'a')).close();
  } catch (error) {
    throw new InvalidInputError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
