/** Plays of real processes that are killed, compared with a play that nothing disturbs. */
import assert from 'node:assert/strict';
import { type Played, play } from './play';
import { ProcessRunner, type Setting } from './process-runner';
import { type Aim, type Command, killAt, type OPERATIONS, operation, WAYS, type Way } from './program';

type Operation = (typeof OPERATIONS)[number];
/** More kills than an operation has writes. */
const MANY = 100;

/** Kills each run at a later write than the run before it. */
export function everLater(): readonly Command[] {
  return repeatedly((i) => (_, number) => number === i + 1);
}

/** Kills one run after the other, in the three ways in turn. The kills that are left over when a run succeeds do nothing. */
export function repeatedly(aimOf: (run: number) => Aim): readonly Command[] {
  return Array.from({ length: MANY }, (_, i) => ({ do: 'kill', way: WAYS[i % WAYS.length] as Way, aim: aimOf(i) }));
}

/** Plays an operation undisturbed and disturbed, asserts the same end, and returns how often runs were killed. */
export async function assertSameEnd(open: () => Setting, { first, second }: Operation, disturb: readonly Command[]): Promise<string> {
  const undisturbed = await played(open, operation(first, second));
  const disturbed = await played(open, operation(first, second, disturb));
  assert.deepEqual(disturbed.ends, undisturbed.ends, 'the same end state as undisturbed');
  return killPoints([disturbed]);
}

/** The same with one kill a play, at every write in turn. */
export async function onceAtEveryWrite(open: () => Setting, { first, second }: Operation): Promise<string> {
  const undisturbed = await played(open, operation(first, second));
  const all: Played[] = [];
  for (let write = 1; ; write++) {
    const disturbed = await played(open, operation(first, second, [killAt(write, WAYS[write % WAYS.length] as Way)]));
    assert.deepEqual(disturbed.ends, undisturbed.ends, `the same end state as undisturbed, killed at write ${write}`);
    if (killsOf(disturbed) === 0) return killPoints(all);
    all.push(disturbed);
  }
}

async function played(open: () => Setting, commands: readonly Command[]): Promise<Played> {
  const setting = open();
  const result = await play({ executor: setting.executor, topology: 'pair', commands }, new ProcessRunner(setting));
  assert.deepEqual(result.broken, [], result.trace.join('\n'));
  return result;
}

function killsOf({ kills }: Played): number {
  return Object.values(kills).reduce((sum, n) => sum + n, 0);
}

function killPoints(all: readonly Played[]): string {
  const byWay = WAYS.map((way) => `${all.reduce((sum, { kills }) => sum + kills[way], 0)} by ${way}`);
  return `${all.reduce((sum, result) => sum + killsOf(result), 0)} kill points: ${byWay.join(', ')}`;
}
