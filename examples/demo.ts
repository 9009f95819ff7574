/**
 * Runs the demos: starts a sandbox, runs commands as a user types them, and stops all processes at the end.
 *
 * 1. A temporary folder stands for the user's repository. Commands run in it, so that `dist/` is their default.
 * 2. Every command is printed before it runs. The first command that fails ends the demo with exit code 1.
 * 3. Of the output of `apply`, the other events flash by, on a terminal, and a plan that the command before has shown is left out; `...` marks that.
 * 4. At the end, also after an error or Ctrl-C, the running command stops first, then the sandbox. The folder of a demo that reached its end
 *    stays, so that a user can look at its files. Otherwise it is deleted.
 *
 * Only the cluster is an imitation: `cdk8s` and `kafka-tls` are the real commands in separate processes, and they use HTTPS.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

const ROOT = path.resolve(__dirname, '../..');
const KAFKA_TLS = path.join(ROOT, 'lib/bin/kafka-tls.js');
const CDK8S = path.join(ROOT, 'node_modules/cdk8s-cli/bin/cdk8s');

/** The steps of a demo. */
export interface Demo {
  /** Prints a comment about the next command. */
  comment(text: string): void;
  /** Starts the cluster; `flags` are those of `kafka-tls sandbox`, with paths from the root of the project. */
  sandbox(...flags: readonly string[]): Promise<void>;
  /** Synthesises an app of `examples/`, a path without extension. It replaces the content of `dist/`, as a new commit does. */
  synth(app: string, env?: Readonly<Record<string, string>>): Promise<void>;
  /** Runs a command, such as `plan`. */
  kafkaTls(...args: readonly string[]): Promise<void>;
  /** Prints what to look at in the folder of the demo, which stays. */
  summary(lines: Readonly<Record<string, string>>): void;
  /** Prepares a cluster with TLS: applies `examples/tls-on.ts` and hides the output. */
  yesterday(): Promise<void>;
}

/** A demo: what `run.ts` of an example exports. */
export type Script = (demo: Demo) => Promise<void>;

/** How the commands of a demo run, and where their output goes. */
export interface Commands {
  /** The folder of the user's repository. */
  readonly folder: string;
  print(text: string): void;
  /** Shows a line that the next text replaces. */
  flash(line: string): void;
  /** Returns the line in which the sandbox reports its address. */
  startSandbox(flags: readonly string[]): Promise<string>;
  synth(app: string, env: Readonly<Record<string, string>>): Promise<void>;
  /** Runs a command and hands its output on, line by line. */
  kafkaTls(args: readonly string[], onLine: (line: string) => void): Promise<void>;
}

/** Runs a demo to its end and sets the exit code of the process. */
export function runDemo(script: Script): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-example-'));
  const processes = new Processes(folder);
  const stopped = new Promise<Ending>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve({ exitCode: 128 + constants.signals[signal], signal }));
    }
  });
  const done = script(createDemo(processes)).then((): Ending => ({ exitCode: 0, signal: 'SIGTERM' }), failed);
  void Promise.race([done, stopped]).then(async ({ exitCode, signal }) => {
    await processes.stop(signal);
    if (exitCode !== 0) rmSync(folder, { recursive: true, force: true });
    process.exit(exitCode);
  });
}

/** The exit code of a demo, and the signal that ends its processes. */
interface Ending {
  readonly exitCode: number;
  readonly signal: NodeJS.Signals;
}

/** Waits for the next full second and returns it. Dates of certificates are full seconds, so every certificate issued so far is older. */
export async function nextSecond(): Promise<string> {
  const next = 1000 * Math.floor(Date.now() / 1000) + 1000;
  await setTimeout(next - Date.now());
  return new Date(next).toISOString().replace('.000Z', 'Z');
}

function failed(error: Error): Ending {
  process.stderr.write(`${error.message}\n`);
  return { exitCode: 1, signal: 'SIGTERM' };
}

/** Returns the steps of a demo; each prints its command and runs it. */
export function createDemo(commands: Commands): Demo {
  const show = (...words: readonly string[]) => commands.print(`$ ${words.join(' ')}\n`);
  let before = '';
  let isFirst = true;
  const kafkaTls = async (args: readonly string[], print: (text: string) => void) => {
    show('kafka-tls', ...args);
    await commands.kafkaTls(
      args,
      args[0] === 'apply' ? mainEvents({ ...commands, print }, before === 'plan') : (line) => print(`${line}\n`),
    );
    before = args[0] ?? '';
  };
  const steps: Demo = {
    comment: (text) => {
      commands.print(`${isFirst ? '' : '\n'}# ${text}\n`);
      isFirst = false;
    },
    sandbox: async (...flags) => {
      show('kafka-tls', 'sandbox', ...flags);
      commands.print(`${await commands.startSandbox(flags)}\n`);
    },
    synth: (app, env = {}) => {
      show(...Object.entries(env).map(([name, value]) => `${name}=${value}`), 'cdk8s', 'synth');
      return commands.synth(app, env);
    },
    kafkaTls: (...args) => kafkaTls(args, (text) => commands.print(text)),
    summary: (lines) => {
      const width = Math.max(...Object.keys(lines).map(({ length }) => length));
      const list = Object.entries(lines).map(([file, text]) => `  ${file.padEnd(width)}   ${text}\n`);
      commands.print(`\nLook at ${commands.folder}:\n${list.join('')}`);
    },
    yesterday: async () => {
      steps.comment("Yesterday: a cluster with KubeDB's ops-manager, and the commit that turned TLS on, examples/tls-on.ts.");
      await steps.sandbox('--file', 'examples/kafka.yaml');
      await steps.synth('tls-on');
      await kafkaTls(['apply'], () => {});
      commands.print(`${LEFT_OUT}\n`);
    },
  };
  return steps;
}

const LEFT_OUT = '...';
const PROGRESS = /^\d\d:\d\d:\d\d /;
/** What tells the story of a run. Other events may come in another order, or, where two changes are seen as one, not at all. */
const MAIN = / (submitted|finished): /;

/** Of the output of `apply`, prints the plan, unless it was shown before, and the main events. One mark stands for lines that are left out. */
function mainEvents({ print, flash }: Pick<Commands, 'print' | 'flash'>, planWasShown: boolean): (line: string) => void {
  let hasProgress = false;
  let isMarked = false;
  return (line) => {
    hasProgress ||= PROGRESS.test(line);
    const isShown = hasProgress ? MAIN.test(line) || !PROGRESS.test(line) : !planWasShown;
    if (isShown) print(`${line}\n`);
    else if (!isMarked) print(`${LEFT_OUT}\n`);
    if (!isShown && hasProgress) flash(line);
    isMarked ||= !isShown;
  };
}

/** A stopped demo awaits this promise, so that it prints nothing more. */
const NEVER = new Promise<never>(() => {});

/** Moves to the start of the line and clears it. */
const CLEAR = '\r\u001b[2K';

interface RunOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Gets the output line by line. */
  readonly onLine: (line: string) => void;
}

/**
 * The processes of a demo: the sandbox, and one command at a time. Each has a separate process group, so that Ctrl-C reaches only the demo
 * and the sandbox runs until the command has stopped cleanly.
 */
class Processes implements Commands {
  private sandbox: ChildProcess | undefined;
  private command: ChildProcess | undefined;
  private stopping = false;

  constructor(readonly folder: string) {}

  print = (text: string): void => {
    process.stdout.write(process.stdout.isTTY ? `${CLEAR}${text}` : text);
  };

  flash = (line: string): void => {
    if (process.stdout.isTTY) process.stdout.write(`${CLEAR}${line.slice(0, (process.stdout.columns ?? 80) - 1)}`);
  };

  synth(app: string, env: Readonly<Record<string, string>>): Promise<void> {
    writeFileSync(path.join(this.folder, 'cdk8s.yaml'), `app: node ${JSON.stringify(path.join(ROOT, 'lib/examples', `${app}.js`))}\n`);
    // Its greeting is left out.
    const onLine = (line: string) => line.startsWith('  - ') && this.print(`${line}\n`);
    return this.run([CDK8S, 'synth', '--no-check-upgrade'], { env, onLine });
  }

  kafkaTls(args: readonly string[], onLine: (line: string) => void): Promise<void> {
    return this.run([KAFKA_TLS, ...args], { env: { KUBECONFIG: this.kubeconfig }, onLine });
  }

  async startSandbox(flags: readonly string[]): Promise<string> {
    const args = [KAFKA_TLS, 'sandbox', ...flags, '--kubeconfig', this.kubeconfig];
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

  private get kubeconfig(): string {
    return path.join(this.folder, 'kubeconfig');
  }

  private async run([script = '', ...args]: readonly string[], { env, onLine }: RunOptions): Promise<void> {
    const bin = path.join(ROOT, 'node_modules/.bin');
    this.command = spawn(process.execPath, [script, ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
      env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`, ...env },
    });
    const { stdout } = this.command;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.stopping || onLine(line));
    const [status] = await once(this.command, 'close');
    if (this.stopping) return NEVER;
    if (status !== 0) throw new Error(`"${path.parse(script).name} ${args[0]}" ended with exit code ${status}.`);
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
