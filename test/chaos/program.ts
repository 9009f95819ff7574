/**
 * A play as data: commands to one cluster. Random programs come from a seed, and the same seed is always the same program; the systematic
 * ones kill a run of every operation.
 */
import fc from 'fast-check';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import type { ApiRequest } from '#reconciler/sandbox/api/api';
import { anyDesiredState, type DesiredState } from '../support/desired-states';
import { FAULT_NAMES, type Fault } from './faults';

export const WAYS = ['SIGKILL before a write', 'SIGTERM during a write', 'SIGKILL after a write'] as const;
export type Way = (typeof WAYS)[number];

/** Whether a run is killed at this write; `number` counts the writes of the run from 1. */
export type Aim = (write: ApiRequest, number: number) => boolean;

export type Command =
  /** Git holds another desired state from now on. */
  | { readonly do: 'commit'; readonly state: DesiredState }
  | { readonly do: 'pass'; readonly ms: number }
  /** Something goes wrong during the next `run`. */
  | { readonly do: 'fault'; readonly fault: Fault }
  /** The next run that comes to such a write is killed there. */
  | { readonly do: 'kill'; readonly way: Way; readonly aim: Aim }
  /** Starts runs, as a Job does, until one of them succeeds and no fault lasts; then asserts that the desired state is reached. */
  | { readonly do: 'run' };

export interface Program {
  readonly executor: ExecutorName;
  readonly topology: 'pair' | 'combined' | 'dedicated';
  readonly commands: readonly Command[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const PLAIN: DesiredState = {
  issuer: 'off',
  names: [],
  days: 90,
  encoding: 'PKCS8',
  cutover: 'rolling',
  isRotation: false,
  rotatesBy: 'restart',
};
const SECURED: DesiredState = { ...PLAIN, issuer: 'ca-1' };

/** The operations that runs are killed in. Each but the first four begins where the one before it ends. */
export const OPERATIONS: readonly { readonly name: string; readonly first: DesiredState; readonly second: DesiredState }[] = [
  { name: 'add TLS', first: PLAIN, second: SECURED },
  { name: 'rotate', first: SECURED, second: { ...SECURED, isRotation: true } },
  { name: 'rotate by reload', first: SECURED, second: { ...SECURED, isRotation: true, rotatesBy: 'reload' } },
  { name: 'change names', first: SECURED, second: { ...SECURED, names: ['a.example.org'] } },
  { name: 'change the root', first: SECURED, second: { ...SECURED, issuer: 'ca-2' } },
  { name: 'remove TLS', first: SECURED, second: PLAIN },
  { name: 'add TLS in one stop', first: PLAIN, second: { ...SECURED, cutover: 'stop' } },
];

/** One operation, from a Kafka in its first state; `disturb` gives the commands before its run. */
export function operation(first: DesiredState, second: DesiredState, disturb: readonly Command[] = []): readonly Command[] {
  return [...leg(first), { do: 'pass', ms: MINUTE_MS }, ...leg(second, disturb)];
}

/** All operations in one cluster, the first run of each killed before the same write. */
export function allOperations(executor: ExecutorName, atWrite?: number): Program {
  const disturb = atWrite === undefined ? [] : [killAt(atWrite, 'SIGKILL before a write')];
  const commands = OPERATIONS.flatMap(({ second }): readonly Command[] => [{ do: 'pass', ms: MINUTE_MS }, ...leg(second, disturb)]);
  return { executor, topology: 'pair', commands };
}

export function killAt(atWrite: number, way: Way): Command {
  return { do: 'kill', way, aim: (_, number) => number === atWrite };
}

function leg(state: DesiredState, disturb: readonly Command[] = []): readonly Command[] {
  return [{ do: 'commit', state }, ...disturb, { do: 'run' }];
}

/** About as many requests as an undisturbed run makes. Later faults happen in the runs after it. */
const REQUESTS = 200;
const MOST_WRITES = 25;

const anyFault = fc.record({
  name: fc.constantFrom(...FAULT_NAMES),
  atRequest: fc.integer({ min: 1, max: REQUESTS }),
  forMs: fc.integer({ min: 1, max: 20 }).map((minutes) => minutes * MINUTE_MS),
  choice: fc.nat(1_000),
});
const anyDisturbance: fc.Arbitrary<readonly Command[]> = fc.oneof(
  fc
    .array(anyFault, { minLength: 1, maxLength: 5 })
    .map((faults) => faults.sort((a, b) => a.atRequest - b.atRequest).map((fault) => ({ do: 'fault', fault }) as const)),
  fc.tuple(fc.integer({ min: 1, max: MOST_WRITES }), fc.constantFrom(...WAYS)).map(([atWrite, way]) => [killAt(atWrite, way)]),
);
/** Many ask for nothing but a rotation, in which gates hold from the first pod to the last. */
const anyChange = fc.oneof({ weight: 2, arbitrary: fc.constant('rotate' as const) }, { weight: 3, arbitrary: anyDesiredState });

export const anyProgram: fc.Arbitrary<Program> = fc.noBias(
  fc
    .record({
      executor: fc.constantFrom(...EXECUTORS),
      topology: fc.constantFrom('pair' as const, 'combined' as const, 'combined' as const, 'dedicated' as const),
      first: anyDesiredState,
      legs: fc.array(fc.tuple(anyChange, anyDisturbance), { minLength: 1, maxLength: 3 }),
    })
    .map(({ executor, topology, first, legs }) => {
      let state = first;
      const commands = legs.flatMap(([change, disturbance]): readonly Command[] => {
        state = change === 'rotate' ? { ...state, isRotation: state.issuer !== 'off' } : change;
        return [{ do: 'pass', ms: DAY_MS }, ...leg(state, disturbance)];
      });
      return { executor, topology, commands: [...leg(first), ...commands] };
    }),
);

export function programOf(seed: number): Program {
  const [program] = fc.sample(anyProgram, { seed, numRuns: 1 });
  if (program === undefined) throw new Error(`no program of seed ${seed}`);
  return program;
}
