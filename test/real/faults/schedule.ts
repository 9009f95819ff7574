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

/** Operations that restart pods one by one, in words. Each changes something, whatever was before. */
const OPERATIONS: Readonly<Record<string, (state: DesiredState) => DesiredState>> = {
  rotate: (state) => ({ ...state, isRotation: true }),
  'change names': (state) => ({ ...state, isRotation: false, names: state.names.length === 0 ? ['a.example.org'] : [] }),
  'change the key encoding': (state) => ({ ...state, isRotation: false, encoding: state.encoding === 'PKCS8' ? 'PKCS1' : 'PKCS8' }),
};
/** About as many writes as an undisturbed rotation makes: KubeDB makes most of those of a request. */
const WRITES: Readonly<Record<ExecutorName, number>> = { native: 20, 'ops-request': 4 };
/** Fewer than an undisturbed rotation asks for. */
const REQUESTS = 350;
/** A producer gives a message up after two minutes. */
const LONGEST_FAULT_S = 30;

const anyKill = fc.record({ atWrite: fc.nat(1_000), way: fc.constantFrom(...WAYS) });
const anyFault = fc.record({
  name: fc.constantFrom(...REAL_FAULT_NAMES),
  atRequest: fc.integer({ min: 20, max: REQUESTS }),
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
    operation: fc.constantFrom('rotate', ...Object.keys(OPERATIONS)),
    disturbance: anyDisturbance,
  }),
);

export function scheduleOf(seed: number): Schedule {
  const [sampled] = fc.sample(anySchedule, { seed, numRuns: 1 });
  if (sampled === undefined) throw new Error(`no schedule of seed ${seed}`);
  const { executor, operation, disturbance } = sampled;
  const { kill, fault } = disturbance;
  const atWrite = 1 + ((kill?.atWrite ?? 0) % WRITES[executor]);
  const disturb: readonly Command[] = [
    ...(fault === undefined ? [] : [{ do: 'fault', fault } as const]),
    ...(kill === undefined ? [] : [killAt(atWrite, kill.way)]),
  ];
  const words = [
    operation,
    ...(kill === undefined ? [] : [`${kill.way} ${atWrite}`]),
    ...(fault === undefined ? [] : [`${fault.name} at request ${fault.atRequest} for ${fault.forMs / 1_000} s`]),
  ];
  return { executor, change: OPERATIONS[operation] as Schedule['change'], disturb, text: words.join(', ') };
}
