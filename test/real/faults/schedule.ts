/**
 * A schedule as data: an operation, where its run is killed, and which fault meets it when. It comes from a seed, and the same seed is always
 * the same schedule.
 */
import fc from 'fast-check';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { type Command, killAt, WAYS } from '../../chaos/program';
import type { DesiredState } from '../../support/desired-states';
import { REAL_FAULT_NAMES } from './real-faults';

export interface Schedule {
  readonly executor: ExecutorName;
  readonly change: (state: DesiredState) => DesiredState;
  readonly disturb: readonly Command[];
  /** For the name of a test. */
  readonly text: string;
}

/** An operation, and the last moment of it at which something may go wrong: later than that, it would be over on some machines. */
interface Disturbed {
  readonly change: (state: DesiredState) => DesiredState;
  /** Fewer than a run makes: KubeDB makes most of those of a request, and a rotation without restarts makes few. */
  readonly writes: Readonly<Record<ExecutorName, number>>;
  /** Fewer than a run asks for. */
  readonly requests: Readonly<Record<ExecutorName, number>>;
}

const RESTARTING = { writes: { native: 14, 'ops-request': 2 }, requests: { native: 320, 'ops-request': 320 } };
const RELOADING = { writes: { native: 2, 'ops-request': 2 }, requests: { native: 150, 'ops-request': 150 } };

/** Operations in words. Each changes something, whatever was before. */
export const OPERATIONS: Readonly<Record<string, Disturbed>> = {
  'rotate by reload': { ...RELOADING, change: (state) => ({ ...state, isRotation: true, rotatesBy: 'reload' }) },
  'rotate by restart': { ...RESTARTING, change: (state) => ({ ...state, isRotation: true, rotatesBy: 'restart' }) },
  'change names': {
    ...RESTARTING,
    change: (state) => ({ ...state, isRotation: false, names: state.names.length === 0 ? ['a.example.org'] : [] }),
  },
  'change the key encoding': {
    ...RESTARTING,
    change: (state) => ({ ...state, isRotation: false, encoding: state.encoding === 'PKCS8' ? 'PKCS1' : 'PKCS8' }),
  },
};
const FIRST_REQUEST = 20;
/** A producer gives a message up after two minutes. */
const LONGEST_FAULT_S = 30;

const anyKill = fc.record({ atWrite: fc.nat(1_000), way: fc.constantFrom(...WAYS) });
const anyFault = fc.record({
  name: fc.constantFrom(...REAL_FAULT_NAMES),
  atRequest: fc.nat(1_000),
  forMs: fc.integer({ min: 5, max: LONGEST_FAULT_S }).map((s) => s * 1_000),
  choice: fc.nat(1_000),
});
/** Most are killed and meet a fault, some only one of both. */
const anyDisturbance = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kill: anyKill, fault: anyFault }) },
  { weight: 1, arbitrary: fc.record({ kill: anyKill, fault: fc.constant(undefined) }) },
  { weight: 2, arbitrary: fc.record({ kill: fc.constant(undefined), fault: anyFault }) },
);
const anySchedule = fc.noBias(
  fc.record({
    executor: fc.constantFrom(...EXECUTORS),
    operation: fc.constantFrom(...Object.keys(OPERATIONS)),
    disturbance: anyDisturbance,
  }),
);

export function scheduleOf(seed: number): Schedule {
  const [sampled] = fc.sample(anySchedule, { seed, numRuns: 1 });
  if (sampled === undefined) throw new Error(`no schedule of seed ${seed}`);
  const { executor, operation, disturbance } = sampled;
  const { change, writes, requests } = OPERATIONS[operation] as Disturbed;
  const { kill } = disturbance;
  const fault = disturbance.fault && {
    ...disturbance.fault,
    atRequest: FIRST_REQUEST + (disturbance.fault.atRequest % (requests[executor] - FIRST_REQUEST)),
  };
  const atWrite = 1 + ((kill?.atWrite ?? 0) % writes[executor]);
  const disturb: readonly Command[] = [
    ...(fault === undefined ? [] : [{ do: 'fault', fault } as const]),
    ...(kill === undefined ? [] : [killAt(atWrite, kill.way)]),
  ];
  const words = [
    operation,
    ...(kill === undefined ? [] : [`${kill.way} ${atWrite}`]),
    ...(fault === undefined ? [] : [`${fault.name} at request ${fault.atRequest} for ${fault.forMs / 1_000} s`]),
  ];
  return { executor, change, disturb, text: words.join(', ') };
}
