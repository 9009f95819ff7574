/**
 * What every demo does: a sandbox is started, commands run as a user types them, and everything ends with the demo.
 *
 * 1. A new folder stands for the user's repository; commands run in it, so that `dist/` is the default of each of them.
 * 2. Every command is printed before it runs, and the first that fails ends the demo with exit code 1.
 * 3. Whatever happens, and at Ctrl-C too, the running command ends first, then the sandbox, then the folder goes.
 *
 * Only the cluster is an imitation: `cdk8s` and `kafka-tls` are the real commands, as separate processes, over HTTPS.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

const ROOT = path.resolve(__dirname, '../..');
const KAFKA_TLS = path.join(ROOT, 'lib/bin/kafka-tls.mjs');
const CDK8S = path.join(ROOT, 'node_modules/cdk8s-cli/bin/cdk8s');

/** What a demo is made of, in the order it happens. */
export interface Demo {
  /** Says what comes next. */
  say(text: string): void;
  /** Starts the cluster; `flags` are those of `kafka-tls sandbox`, with paths from the root of the project. */
  sandbox(...flags: readonly string[]): Promise<void>;
  /** Synthesises an app of `examples/`, named as a path without extension; what was in `dist/` goes, as with a new commit. */
  synth(app: string, env?: Readonly<Record<string, string>>): Promise<void>;
  /** Runs a command, such as `plan`. */
  kafkaTls(...args: readonly string[]): Promise<void>;
  /** Brings the cluster to where an example begins that changes TLS: `examples/tls-on.ts` is applied, and what that prints is left out. */
  yesterday(): Promise<void>;
}

/** Runs a demo to its end and sets the exit code of the process. */
export function demo(script: (demo: Demo) => Promise<void>): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-example-'));
  const processes = new Processes(folder);
  const stopped = new Promise<Ending>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve({ exitCode: 128 + constants.signals[signal], signal }));
    }
  });
  const done = script(createDemo(folder, processes)).then((): Ending => ({ exitCode: 0, signal: 'SIGTERM' }), failed);
  void Promise.race([done, stopped]).then(async ({ exitCode, signal }) => {
    await processes.stop(signal);
    rmSync(folder, { recursive: true, force: true });
    process.exit(exitCode);
  });
}

/** How a demo ended, and what its processes are told. */
interface Ending {
  readonly exitCode: number;
  readonly signal: NodeJS.Signals;
}

/** Returns the instant at which the next second begins, when it has come: certificates know whole seconds, so all issued so far are older. */
export async function nextSecond(): Promise<string> {
  const next = 1000 * Math.floor(Date.now() / 1000) + 1000;
  await setTimeout(next - Date.now());
  return new Date(next).toISOString().replace('.000Z', 'Z');
}

function failed(error: Error): Ending {
  process.stderr.write(`${error.message}\n`);
  return { exitCode: 1, signal: 'SIGTERM' };
}

function createDemo(folder: string, processes: Processes): Demo {
  const kubeconfig = path.join(folder, 'kubeconfig');
  const kafkaTls = (args: readonly string[], output: 'inherit' | 'ignore') => {
    show(['kafka-tls', ...args]);
    return processes.run([KAFKA_TLS, ...args], { env: { KUBECONFIG: kubeconfig }, output });
  };
  const steps: Demo = {
    say: (text) => void process.stdout.write(`\n# ${text}\n`),
    sandbox: async (...flags) => {
      show(['kafka-tls', 'sandbox', ...flags]);
      process.stdout.write(`${await processes.startSandbox([...flags, '--kubeconfig', kubeconfig])}\n`);
    },
    synth: async (app, env = {}) => {
      writeFileSync(path.join(folder, 'cdk8s.yaml'), `app: node ${JSON.stringify(path.join(ROOT, 'lib/examples', `${app}.js`))}\n`);
      show([...Object.entries(env).map(([name, value]) => `${name}=${value}`), 'cdk8s', 'synth']);
      await processes.run([CDK8S, 'synth', '--no-check-upgrade'], { env, output: 'inherit' });
    },
    kafkaTls: (...args) => kafkaTls(args, 'inherit'),
    yesterday: async () => {
      steps.say("Yesterday: a cluster with KubeDB's ops-manager, and the commit that turned TLS on, examples/tls-on.ts.");
      await steps.sandbox('--file', 'examples/kafka.yaml');
      await steps.synth('tls-on');
      await kafkaTls(['apply'], 'ignore');
      process.stdout.write('...\n');
    },
  };
  return steps;
}

function show(words: readonly string[]): void {
  process.stdout.write(`$ ${words.join(' ')}\n`);
}

/** A demo that is stopped waits here for its end, and says no more. */
const NEVER = new Promise<never>(() => {});

interface RunOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly output: 'inherit' | 'ignore';
}

/**
 * The processes of a demo: the sandbox, and one command at a time. Each leads a process group of its own, so that Ctrl-C reaches the demo
 * only, and the cluster is still there while a command ends well.
 */
class Processes {
  private sandbox: ChildProcess | undefined;
  private command: ChildProcess | undefined;
  private stopping = false;

  constructor(private readonly folder: string) {}

  async run([script = '', ...args]: readonly string[], { env, output }: RunOptions): Promise<void> {
    const bin = path.join(ROOT, 'node_modules/.bin');
    this.command = spawn(process.execPath, [script, ...args], {
      cwd: this.folder,
      stdio: ['ignore', output, 'inherit'],
      detached: true,
      env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`, ...env },
    });
    const [status] = await once(this.command, 'close');
    if (this.stopping) return NEVER;
    if (status !== 0) throw new Error(`"${path.basename(script, '.js')} ${args[0]}" ended with exit code ${status}.`);
  }

  /** Returns the line in which the sandbox says that it listens. */
  async startSandbox(flags: readonly string[]): Promise<string> {
    const args = [KAFKA_TLS, 'sandbox', ...flags];
    this.sandbox = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const { stdout } = this.sandbox;
    if (stdout === null) throw new Error('The sandbox has no output.');
    for await (const line of createInterface({ input: stdout })) {
      if (!line.startsWith('The sandbox listens')) continue;
      stdout.resume();
      return line;
    }
    if (this.stopping) return NEVER;
    throw new Error('The sandbox ended before it listened.');
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.stopping = true;
    await end(this.command, signal);
    await end(this.sandbox, signal);
  }
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill(signal);
  await closed;
}
