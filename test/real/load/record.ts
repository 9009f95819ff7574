/**
 * What the load program has recorded, as plain values. Times are milliseconds since 1970, with fractions.
 *
 * The program's tables have a line of column names, and none of its values contains a comma.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Something that happened; `event` names it, and the other members depend on it. */
export interface LoadEvent {
  readonly event: string;
  readonly at: number;
  readonly [detail: string]: unknown;
}

/** A message that a producer has finished. */
export interface Send {
  readonly writer: string;
  readonly number: number;
  readonly partition: number;
  /** -1 unless the message was acknowledged with one. */
  readonly offset: number;
  readonly sent: number;
  readonly done: number;
  /** Class of the error; undefined if the message was acknowledged. */
  readonly error?: string;
}

/** A message that a consumer has read. */
export interface Read {
  readonly writer: string;
  readonly number: number;
  readonly partition: number;
  readonly offset: number;
}

export interface LiveRead extends Read {
  readonly sent: number;
  readonly read: number;
}

/** What a node answered when it was asked what it leads by its own account. */
export interface View {
  readonly node: number;
  readonly role: 'controller' | 'broker';
  readonly asked: number;
  readonly answered: number;
  /** Epoch of each thing that the node leads: `quorum`, or the number of a partition. Empty if it leads nothing or did not answer. */
  readonly leads: Readonly<Record<string, number>>;
  readonly failure?: string;
}

export interface Recording {
  readonly events: readonly LoadEvent[];
  readonly sends: readonly Send[];
  /** Everything that the topic held at the end. */
  readonly reads: readonly Read[];
  readonly live: readonly LiveRead[];
  readonly views: readonly View[];
}

export const QUORUM = 'quorum';
export const EVENTS_FILE = 'events.ndjson';

/** Reads the files that the load program has written to a folder. */
export function readRecording(folder: string): Recording {
  const text = (file: string) => readFileSync(path.join(folder, file), 'utf8');
  return {
    events: text(EVENTS_FILE).split('\n').filter(Boolean).map(parseEvent),
    sends: rows(text('sends.csv')).map((row) => ({
      ...position(row),
      sent: ms(row.sent),
      done: ms(row.done),
      ...(row.error === '' ? {} : { error: row.error ?? '' }),
    })),
    reads: rows(text('read.csv')).map(position),
    live: rows(text('live.csv')).map((row) => ({ ...position(row), sent: ms(row.sent), read: ms(row.read) })),
    views: rows(text('views.csv')).map((row) => ({
      node: Number(row.node),
      role: row.role === 'controller' ? 'controller' : 'broker',
      asked: ms(row.asked),
      answered: ms(row.answered),
      leads: leads(row.leads ?? ''),
      ...(row.failure === '' ? {} : { failure: row.failure ?? '' }),
    })),
  };
}

export function parseEvent(line: string): LoadEvent {
  const event = JSON.parse(line);
  return { ...event, at: ms(event.at) };
}

type Row = Readonly<Record<string, string>>;

/** The program may have been killed within a line: the last one counts only if it is whole. */
function rows(text: string): readonly Row[] {
  const [head = '', ...lines] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const columns = head.split(',');
  return lines.filter(Boolean).map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']));
  });
}

function position(row: Row): Read {
  return { writer: row.writer ?? '', number: Number(row.number), partition: Number(row.partition), offset: Number(row.offset) };
}

function ms(micros: string | number | undefined): number {
  return Number(micros) / 1000;
}

/** `5` is the quorum in epoch 5, `0:5 3:7` are two partitions. */
function leads(text: string): Readonly<Record<string, number>> {
  const all = text.split(' ').filter(Boolean);
  return Object.fromEntries(
    all.map((each) => {
      const [partition, epoch] = each.split(':');
      return epoch === undefined ? [QUORUM, Number(each)] : [partition, Number(epoch)];
    }),
  );
}
