/**
 * Judges the order and the moments in which pods were taken down, by what Kafka's AdminClient answered then. Pure.
 *
 *     safe           Kafka called it safe to take the node away, in one of its answers of the last moments before
 *     leader last    the active controller of that moment is taken down only when every other controller of the plan has been
 *     one by one     no pod is taken down while another one is down
 */
import type { Downtime } from '../availability/overhead';
import { dangersWithout, type Health, type Node } from './safety';

export interface Eviction extends Node {
  readonly pod: string;
  readonly at: number;
}

/** An answer that is older than this proves nothing about a moment. Answers come twice a second. */
const STALE_MS = 10_000;
/** From the product's own look to its eviction, and from a change in Kafka to the answer of a broker that must first hear of it. */
const BLIND_MS = 1_500;

/** Returns what was wrong, in sentences. */
export function judgeEvictions(evictions: readonly Eviction[], answers: readonly Health[], down: readonly Downtime[]): readonly string[] {
  return evictions.flatMap((eviction, i) => [
    ...unsafe(eviction, answers),
    ...leaderTooEarly(eviction, evictions.slice(i + 1), answers),
    ...besideAnother(eviction, down),
  ]);
}

/** Kafka may have changed just before: it was unsafe only if every answer around the eviction says so. */
function unsafe(eviction: Eviction, answers: readonly Health[]): readonly string[] {
  const { pod, at } = eviction;
  const before = lastBefore(answers, at);
  if (before === undefined) return [`${pod} was taken down, and Kafka was not asked before`];
  const around = answers.filter((a) => a.at >= at - BLIND_MS && a.at <= at);
  const verdicts = [before, ...around].map((a) => dangersWithout(eviction, a));
  if (verdicts.some((dangers) => dangers.length === 0)) return [];
  return [`${pod} was taken down although ${verdicts.at(-1)?.join('; ')}`];
}

function leaderTooEarly({ pod, id, role, at }: Eviction, later: readonly Eviction[], answers: readonly Health[]): readonly string[] {
  if (role === 'broker') return [];
  // The quorum may elect just before: it led only if every answer around the eviction says so.
  const around = answers.filter((a) => a.at >= at - BLIND_MS && a.at <= at);
  const led = [lastBefore(answers, at), ...around].every((a) => a?.leader === id);
  const left = later.filter((e) => e.role !== 'broker' && e.id !== id).map((e) => e.pod);
  return led && left.length > 0 ? [`${pod} led the quorum and was taken down before ${[...new Set(left)].join(', ')}`] : [];
}

function besideAnother({ pod, at }: Eviction, down: readonly Downtime[]): readonly string[] {
  return down.filter((d) => d.pod !== pod && d.from <= at && d.to > at).map((d) => `${pod} was taken down while ${d.pod} was down`);
}

function lastBefore(answers: readonly Health[], instant: number): Health | undefined {
  return answers.filter((a) => a.at <= instant && a.at > instant - STALE_MS).at(-1);
}
