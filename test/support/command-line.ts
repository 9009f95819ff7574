/** Runs the command line in this process and keeps what it wrote. */
import assert from 'node:assert/strict';
import { type Io, main, type Runtime } from '#reconciler/cli/main';
import { createProgram } from '#reconciler/cli/program';
import { FakeClock } from './fake-clock';
import type { TestEnvironment } from './world';

const PROGRAM = createProgram('', undefined as never, () => {});

/** Names of all commands. */
export const COMMANDS = PROGRAM.commands.map((command) => command.name());

/** Returns the names of the commands about a bundle that have a flag: `--name` if they read it from files, `--context` if they need a cluster. */
export function commandsWith(flag: '--name' | '--context'): readonly string[] {
  const found = PROGRAM.commands
    .filter(({ options }) => ['--file', flag].every((name) => options.some(({ long }) => long === name)))
    .map((command) => command.name());
  assert.ok(found.length > 0, `no command has ${flag}`);
  return found;
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything a test may set; what it does not set is a plain pipe and a world that must not be asked. */
export interface Setting {
  readonly io?: Partial<Io>;
  readonly outside?: Partial<Runtime>;
}

/** Runs `kafka-tls` with these arguments. */
export async function kafkaTls(argv: readonly string[], { io, outside }: Setting = {}): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const exitCode = await main(
    argv,
    {
      stdout: (text) => {
        written.stdout += text;
      },
      stderr: (text) => {
        written.stderr += text;
      },
      stdin: async () => '',
      isTty: false,
      columns: undefined,
      env: {},
      cwd: process.cwd(),
      signal: new AbortController().signal,
      ...io,
    },
    {
      clock: new FakeClock(),
      connect: () => Promise.reject(new Error('this test has no cluster')),
      startSandbox: () => Promise.reject(new Error('this test has no sandbox')),
      sendTrace: () => Promise.reject(new Error('this test has no collector')),
      ...outside,
    },
  );
  return { exitCode, ...written };
}

/** Runs `kafka-tls` with these arguments on the cluster of a place. */
export function kafkaTlsIn(environment: TestEnvironment, argv: readonly string[], setting: Setting = {}): Promise<Ran> {
  const { cluster, product = cluster, dialer, facts, admin, clock, namespace } = environment;
  const random = (bytes: number) => 'x'.repeat(bytes);
  const connection = { cluster: product, dialer, facts, admin, namespace, random, identity: 'a-run', close: () => {} };
  return environment.run(kafkaTls(argv, { ...setting, outside: { clock, connect: async () => connection, ...setting.outside } }));
}
