/**
 * Whether Kafka itself would call it safe to take a node away, by the answers of Kafka's own AdminClient. Pure, and it shares neither code
 * nor thresholds with the product: the product compares when voters were last caught up, this judge compares offsets and fetches.
 *
 *     broker        no partition falls below its min.insync.replicas without the node. A partition that has no more replicas than this
 *                   minimum stalls at every restart, whatever its state: it says nothing about the moment.
 *     controller    a majority of all voters is left that have everything committed and have fetched lately
 */
import type { LoadEvent } from '../load/record';

/** Kafka's default of `controller.quorum.fetch.timeout.ms`: a follower that has not fetched for longer begins an election. */
const FETCHED_WITHIN_MS = 2_000;

export interface Health {
  /** When the question was asked, and when it was answered. */
  readonly asked: number;
  readonly at: number;
  readonly leader: number;
  /** End of what a majority of voters has. */
  readonly committed: number;
  readonly voters: readonly { readonly id: number; readonly endOffset: number; readonly lastFetch: number }[];
  /** Partitions of which not every replica is in sync. */
  readonly behind: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly minimum: number;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
  }[];
}

/** Reads the answers among the events of a load. */
export function healthIn(events: readonly LoadEvent[]): readonly Health[] {
  return events.filter((e) => e.event === 'health').map((e) => healthOf(e));
}

export function healthOf(event: LoadEvent): Health {
  const { asked, at, leader, committed, voters, behind } = event as LoadEvent & Health;
  return { asked: asked / 1000, at, leader, committed, voters, behind };
}

export interface Node {
  readonly id: number;
  readonly role: 'controller' | 'broker' | 'combined';
}

/** Returns why it is not safe to take a node away, in sentences; none if it is. */
export function dangersWithout(node: Node, health: Health): readonly string[] {
  return [
    ...(node.role === 'broker' ? [] : quorumDangers(node.id, health)),
    ...(node.role === 'controller' ? [] : isrDangers(node.id, health)),
  ];
}

function isrDangers(id: number, { behind }: Health): readonly string[] {
  return behind
    .filter((p) => p.replicas.includes(id) && p.replicas.length > p.minimum && p.isr.filter((other) => other !== id).length < p.minimum)
    .map((p) => `${p.topic}-${p.partition} has ISR {${p.isr}} and min.insync.replicas ${p.minimum}`);
}

function quorumDangers(id: number, { voters, committed }: Health): readonly string[] {
  const lately = Math.max(...voters.map((v) => v.lastFetch)) - FETCHED_WITHIN_MS;
  const left = voters.filter((v) => v.id !== id && v.endOffset >= committed - TRAILING && v.lastFetch > lately);
  const majority = Math.floor(voters.length / 2) + 1;
  if (voters.length < 3 || left.length >= majority) return [];
  return [`of ${voters.length} voters {${left.map((v) => v.id)}} would be left, ${majority} are a majority`];
}

/** A follower learns only with its next fetch what has been committed meanwhile: a few records are under way. */
const TRAILING = 10;
