/**
 * What must hold of every answer of the command, for any input: the command ends with an exit code that help lists, and its output is meant
 * for people. A crash, a bug report (70), a stack or the word `undefined` is not.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { kafkaTls, type Ran, type Setting } from '../support/command-line';

const EXIT_CODES = [0, 1, 2, 3, 4];

/** No machine is this slow; a run that takes longer hangs. */
const LIMIT_MS = 600_000;

const NOT_FOR_PEOPLE: readonly RegExp[] = [
  /^ {4}at /m, // a stack
  /\[object \w+\]/,
  /\bundefined\b/,
  /\bNaN\b/,
  /Cannot (read|destructure|convert)|is not (a function|iterable)|Maximum call stack|Invalid (time value|array length)/,
  /PRIVATE KEY-/,
];

/** Asserts that a command succeeded or explained why not. `isJson`: standard error is one JSON object a line. */
export function assertGraceful({ exitCode, stdout, stderr }: Ran, isJson = false): void {
  const answer = `exit code ${exitCode}\n${stderr}\n${stdout.slice(0, 2_000)}`;
  assert.ok(EXIT_CODES.includes(exitCode), answer);
  for (const text of [stdout, stderr]) for (const pattern of NOT_FOR_PEOPLE) assert.doesNotMatch(text, pattern, answer);
  if (exitCode === 0 || exitCode === 3) assert.equal(stderr, '', answer);
  else if (stdout === '') assert.notEqual(stderr, '', 'a failure without a message');
  if (isJson) for (const line of stderr.split('\n').filter((l) => l !== '')) assert.equal(typeof JSON.parse(line), 'object', answer);
}

/** Runs a command and asserts that it ends gracefully. */
export async function runGracefully(argv: readonly string[], setting: Setting = {}): Promise<Ran> {
  const ran = await inTime(kafkaTls(argv, setting), argv.join(' '));
  assertGraceful(ran, argv.includes('json'));
  return ran;
}

/** Returns what the promise comes to, or fails when it comes to nothing. */
export async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: did not end within ${LIMIT_MS / 1_000} s`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Asserts a property of many inputs. FC_RUNS changes how many, FC_SEED which. */
export async function assertAlways<T>(property: fc.IAsyncProperty<T>, runs: number): Promise<void> {
  await fc.assert(property, { numRuns: Number(process.env.FC_RUNS ?? runs), seed: Number(process.env.FC_SEED ?? 20261123) });
}
