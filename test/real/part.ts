/**
 * One running program of the test's cluster.
 *
 * It is started with a stdin that no process writes to, and ends when that closes: it never outlives the process that started it, not even
 * when that is killed. It prints one line of JSON once it is ready; its log is its stderr.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Built } from './go';

const READY_WITHIN_MS = 600_000;
const END_WITHIN_MS = 15_000;
const LINES_OF_LOG = 15;

export interface Part {
  /** What the program reports once it is ready. */
  readonly ready: Promise<{ readonly kubeconfig?: string }>;
  hasEnded(): boolean;
  stop(): Promise<void>;
  /** An error that quotes the end of its log. */
  failure(what: string): Error;
}

/** Starts a program whose files, log included, are in a separate folder. */
export function startPart({ name, binary }: Built, dir: string, args: readonly string[]): Part {
  mkdirSync(dir);
  const log = path.join(dir, `${name}.log`);
  const descriptor = openSync(log, 'w');
  const program = spawn(binary, ['--dir', dir, ...args], {
    stdio: ['pipe', 'pipe', descriptor],
  }) as ChildProcessByStdio<Writable, Readable, null>;
  closeSync(descriptor);
  const ended = once(program, 'exit');
  const hasEnded = () => program.exitCode !== null || program.signalCode !== null;
  const failure = (what: string) => {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LINES_OF_LOG);
    return new Error(`${name}: ${what}; its log ends with:\n${lines.join('\n')}`);
  };

  const ready = async () => {
    const deadline = AbortSignal.timeout(READY_WITHIN_MS);
    const line = once(createInterface({ input: program.stdout }), 'line', { signal: deadline }).catch(() => undefined);
    const first = await Promise.race([line, ended.then(() => undefined)]);
    if (hasEnded()) throw failure('ended before it was ready');
    if (first === undefined) throw failure(`not ready in ${READY_WITHIN_MS / 1000} s`);
    return JSON.parse(first[0]);
  };
  const stop = async () => {
    if (hasEnded()) return;
    program.stdin.end();
    const killing = setTimeout(() => program.kill('SIGKILL'), END_WITHIN_MS);
    await ended;
    clearTimeout(killing);
  };
  return { ready: ready(), hasEnded, stop, failure };
}
