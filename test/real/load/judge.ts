/**
 * Judges a recording of the load program: what clients lost, and how long they waited. Pure, and it knows nothing of the product.
 *
 *     lost         acknowledged, and not among the messages that were read from the beginning at the end
 *     duplicates   read more than once there
 *     failed       reported to the sender as an error, by class
 *     unfinished   neither acknowledged nor failed when the program ended: the client died
 *     gap          a span between two acknowledgements by any producer, also before the first and after the last one
 *
 * A recording that proves nothing is not judged: without the read at the end, for example, nothing is known to be kept.
 */
import { type Connections, connectionsOf } from './connections';
import { counted } from './counted';
import { leaderlessSpans } from './leaders';
import { type LiveRead, type LoadEvent, QUORUM, type Recording, type Send } from './record';
import { lengthOf, longestGap, quantile, type Span } from './spans';

/** An answer that does not come takes up to three time limits of 2 s. */
const UNWATCHED_MS = 10_000;

export interface WriterJudgement {
  readonly acked: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly latencyMs: Latency | undefined;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** A message by its producer and number. */
export interface MessageId {
  readonly writer: string;
  readonly number: number;
  readonly partition: number;
}

export interface Judgement {
  readonly window: Span;
  /** By name of the profile: during a cut-over one of two producers is expected to fail. */
  readonly writers: Readonly<Record<string, WriterJudgement>>;
  readonly acked: number;
  /** Of the whole recording. */
  readonly lost: readonly MessageId[];
  /** Of the whole recording. */
  readonly duplicates: readonly MessageId[];
  readonly failed: Readonly<Record<string, number>>;
  /** Of the whole recording. */
  readonly unfinished: number;
  readonly longestGap: Span;
  readonly longestPartitionGap: Span & { readonly partition: number };
  /** From sending a message to its acknowledgement. */
  readonly latencyMs: Latency;
  readonly reader: {
    /** Longest span in which the consumer group read nothing. */
    readonly longestGap: Span;
    /** From sending a message to reading it. */
    readonly latencyMs: Latency | undefined;
  };
  readonly connections: Connections;
  readonly withoutLeader: {
    readonly quorum: Absence;
    /** The partition that was without a leader for the longest time. */
    readonly partition: Absence & { readonly partition?: number };
  };
}

/** Spans without a leader: the longest one and all of them together. */
export interface Absence {
  readonly longestMs: number;
  readonly totalMs: number;
}

export type Judged = { readonly value: Judgement } | { readonly unknown: readonly string[] };

/**
 * Judges the messages that were sent within a window; without one, from the first message to the end of the load. Messages are lost or
 * duplicated whenever they were sent: one that was acknowledged long before can be lost within the window.
 */
export function judge(recording: Recording, part?: Span): Judged {
  const missing = missingEvidence(recording);
  if (missing.length > 0) return { unknown: missing };
  const window = part ?? { from: at(recording, 'sending'), to: at(recording, 'stopping') };
  const sends = recording.sends.filter((s) => s.sent >= window.from && s.sent <= window.to);
  const acks = sends.filter((s) => s.error === undefined);
  if (acks.length === 0) return { unknown: ['no message was acknowledged that was sent within the window'] };
  const reads = new Map<string, number>();
  for (const read of recording.reads) reads.set(idOf(read), (reads.get(idOf(read)) ?? 0) + 1);
  const names = [...new Set(sends.map((s) => s.writer))].sort();
  const live = recording.live.filter((r) => r.sent >= window.from && r.sent <= window.to);
  return {
    value: {
      window,
      writers: Object.fromEntries(names.map((name) => [name, writerOf(sends.filter((s) => s.writer === name))])),
      acked: acks.length,
      lost: recording.sends.filter((s) => s.error === undefined && !reads.has(idOf(s))).map(messageId),
      duplicates: recording.sends.filter((s) => (reads.get(idOf(s)) ?? 0) > 1).map(messageId),
      failed: failures(sends),
      unfinished: unfinished(recording),
      longestGap: longestGap(ackTimes(recording.sends), window),
      longestPartitionGap: longestPartitionGap(recording, window),
      latencyMs: latencyOf(acks.map((s) => s.done - s.sent)) as Latency,
      reader: {
        longestGap: longestGap(readTimes(recording.live), window),
        latencyMs: latencyOf(live.map((r) => r.read - r.sent)),
      },
      connections: connectionsOf(recording.events, window),
      withoutLeader: withoutLeader(recording, window),
    },
  };
}

/** Returns why a recording proves nothing; empty if it can be judged. */
function missingEvidence(recording: Recording): readonly string[] {
  const { events, sends, reads, views } = recording;
  const has = (name: string) => events.some((e) => e.event === name);
  const full = events.find((e) => e.event === 'full-read');
  const finished = sum(events, 'acked') + sum(events, 'failed');
  const checks: readonly (readonly [boolean, string])[] = [
    [!has('sending'), 'no producer has sent a message'],
    [!has('end'), 'the load program did not come to its end'],
    [full === undefined, 'the topic was not read from its beginning at the end'],
    [full !== undefined && countOf(full) !== reads.length, `${reads.length} messages were read at the end, offsets promise others`],
    [has('end') && sends.length !== finished, `${sends.length} sends are recorded, the producers counted ${finished}`],
    [!views.some((v) => v.role === 'controller' && v.failure === undefined), 'no controller has answered'],
    [!views.some((v) => v.role === 'broker' && v.failure === undefined), 'no broker has answered'],
    [sends.some((s) => s.done < s.sent), 'a message is done before it was sent: the clock ran backwards'],
  ];
  return [...checks.filter(([isMissing]) => isMissing).map(([, because]) => because), ...unwatched(recording)];
}

/** A node that was not asked for a while could have led anything meanwhile. */
function unwatched(recording: Recording): readonly string[] {
  const load = { from: at(recording, 'sending'), to: at(recording, 'stopping') };
  const nodes = [...new Set(recording.views.map((v) => v.node))].sort((a, b) => a - b);
  return nodes.flatMap((node) => {
    const asked = recording.views.filter((v) => v.node === node).map((v) => v.asked);
    const ms = lengthOf(longestGap(asked, load));
    return ms > UNWATCHED_MS ? [`node ${node} was not asked for ${(ms / 1000).toFixed(1)} s`] : [];
  });
}

/** Messages between the first and the last offset of all partitions. No offset is skipped without transactions and compaction. */
function countOf(full: LoadEvent): number {
  return Object.values(offsetsOf(full)).reduce((all, [from, to]) => all + to - from, 0);
}

function offsetsOf(full: LoadEvent): Readonly<Record<string, readonly [from: number, to: number]>> {
  return full.offsets as Readonly<Record<string, readonly [number, number]>>;
}

function partitionsOf({ events }: Recording): readonly number[] {
  const full = events.find((e) => e.event === 'full-read');
  return full === undefined ? [] : Object.keys(offsetsOf(full)).map(Number);
}

function at({ events }: Recording, name: string): number {
  return events.find((e) => e.event === name)?.at ?? Number.NaN;
}

function sum(events: readonly LoadEvent[], counter: 'sent' | 'acked' | 'failed'): number {
  return events.filter((e) => e.event === 'writer-end').reduce((all, e) => all + Number(e[counter]), 0);
}

function unfinished({ events }: Recording): number {
  return sum(events, 'sent') - sum(events, 'acked') - sum(events, 'failed');
}

function idOf({ writer, number }: Pick<MessageId, 'writer' | 'number'>): string {
  return `${writer} ${number}`;
}

function messageId({ writer, number, partition }: MessageId): MessageId {
  return { writer, number, partition };
}

function ackTimes(sends: readonly Send[]): readonly number[] {
  return sends.flatMap(({ done, error }) => (error === undefined ? [done] : []));
}

function readTimes(live: readonly LiveRead[]): readonly number[] {
  return live.map((r) => r.read);
}

function writerOf(sends: readonly Send[]): WriterJudgement {
  const acks = sends.filter((s) => s.error === undefined);
  return { acked: acks.length, failed: failures(sends), latencyMs: latencyOf(acks.map((s) => s.done - s.sent)) };
}

function failures(sends: readonly Send[]): Readonly<Record<string, number>> {
  return counted(sends.flatMap(({ error }) => error ?? []));
}

function latencyOf(values: readonly number[]): Latency | undefined {
  const [p50, p99] = [quantile(values, 0.5), quantile(values, 0.99)];
  return p50 === undefined || p99 === undefined ? undefined : { p50, p99 };
}

function longestPartitionGap(recording: Recording, window: Span): Judgement['longestPartitionGap'] {
  const gaps = partitionsOf(recording).map((partition) => {
    const times = ackTimes(recording.sends.filter((s) => s.partition === partition));
    return { ...longestGap(times, window), partition };
  });
  return gaps.reduce((a, b) => (lengthOf(b) > lengthOf(a) ? b : a));
}

function withoutLeader(recording: Recording, window: Span): Judgement['withoutLeader'] {
  const controllers = recording.views.filter((v) => v.role === 'controller');
  const brokers = recording.views.filter((v) => v.role === 'broker');
  const partitions = partitionsOf(recording).map((partition) => ({
    ...absenceOf(leaderlessSpans(brokers, String(partition), window)),
    partition,
  }));
  const worst = partitions.reduce((a, b) => (b.longestMs > a.longestMs ? b : a));
  return {
    quorum: absenceOf(leaderlessSpans(controllers, QUORUM, window)),
    partition: worst.longestMs > 0 ? worst : { longestMs: 0, totalMs: 0 },
  };
}

function absenceOf(spans: readonly Span[]): Absence {
  const lengths = spans.map(lengthOf);
  return { longestMs: Math.max(0, ...lengths), totalMs: lengths.reduce((a, b) => a + b, 0) };
}
