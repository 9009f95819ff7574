/** From a seed to what is wanted and what goes wrong meanwhile. Pure: the same seed is the same schedule. */
import type { ExecutorName } from '#model/desired';
import type { Desire } from '../support/desires';
import { Random } from './random';

/** Everything that may go wrong. */
export const FAULTS = {
  conflict: 'a write is answered 409, since somebody else was faster',
  throttled: 'requests are answered 429',
  'server error': 'requests are answered 500',
  'no answer': 'a request is never answered',
  'lost answer': 'a request is carried out, and its answer is lost',
  'watches cut': 'every watch ends',
  'watches silent': 'every watch goes on and says nothing any more',
  'watches expired': 'every watch is answered 410',
  killed: 'the run is killed, between two requests or after one whose answer it never saw',
  frozen: 'the run stands still until another one has taken its Lease, then goes on',
  'issuer slow': 'certificates take minutes',
  'issuer failing': 'no certificate is issued for a while',
  'eviction forbidden': 'budgets allow no eviction for a while',
  'pod crashing': 'a pod that restarts cannot start for a while',
  'pod unready': 'a pod is not Ready for a while',
  'pod gone': 'somebody else deletes a pod',
  'replica behind': 'a broker is out of sync for a while',
  'controller lagging': 'a controller has not caught up for a while',
  'Kafka edited': 'somebody edits the Kafka',
  'foreign operation': 'somebody else has KubeDB do something for a while',
  'Secret replaced': 'the Secret of a certificate is deleted, and issued anew',
  'clock jumped': 'the wall clock jumps by an hour',
} as const;
export type FaultName = keyof typeof FAULTS;

export interface Fault {
  readonly name: FaultName;
  /** Happens when the product makes its request of this number, counted over all runs. */
  readonly atRequest: number;
  /** How long it lasts, if it does. */
  readonly forMs: number;
  /** Chooses among pods, Secrets, directions. */
  readonly choice: number;
}

export interface Schedule {
  readonly seed: number;
  readonly executor: ExecutorName;
  readonly topology: 'combined' | 'dedicated';
  /** What is there before anything goes wrong. */
  readonly first: Desire;
  readonly second: Desire;
  readonly faults: readonly Fault[];
}

/** About as many requests as an undisturbed run makes; what comes later happens in the runs after it. */
const REQUESTS = 200;

export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed * 2654435761);
  const names = Object.keys(FAULTS) as FaultName[];
  const first = desire(random);
  return {
    seed,
    executor: seed % 2 === 0 ? 'native' : 'ops-request',
    topology: random.pick(['combined', 'combined', 'dedicated'] as const),
    first,
    // Every other one asks for nothing else than a rotation, where gates hold all the way.
    second: random.next() < 0.4 && first.issuer !== 'off' ? { ...first, isRotation: true } : desire(random),
    faults: Array.from({ length: random.between(1, 5) }, () => ({
      name: random.pick(names),
      atRequest: random.between(1, REQUESTS),
      forMs: random.between(1, 20) * 60_000,
      choice: random.between(0, 1_000),
    })).sort((a, b) => a.atRequest - b.atRequest),
  };
}

function desire(random: Random): Desire {
  return {
    issuer: random.pick(['off', 'ca-1', 'ca-1', 'ca-2'] as const),
    names: random.pick([[], ['a.example.org'], ['a.example.org', 'b.example.org']]),
    days: random.pick([60, 90] as const),
    encoding: random.pick(['PKCS1', 'PKCS8'] as const),
    cutover: random.pick(['rolling', 'rolling', 'stop'] as const),
    isRotation: random.next() < 0.3,
  };
}
