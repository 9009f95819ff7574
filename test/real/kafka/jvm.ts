/** Java programs of Kafka: a server that ends with this process whatever happens to it, and tools that print something. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { promisify } from 'node:util';

const OPTIONS = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
];
const TOOL_LIMIT_MS = 600_000;
const STOP_LIMIT_MS = 15_000;

/**
 * Starts "$@" and prints its pid. When standard input ends, and it does when the test is killed, the program is killed and the folder goes.
 * A job in the background has no standard input, hence the copy. The guard ignores the signal that ends it once it is at work: the end of
 * the program brings that signal, too.
 */
const GUARD = `exec 3<&0
"$@" >>"$LOG" 2>&1 </dev/null 3<&- &
java=$!
(cat <&3; trap '' TERM; kill -9 $java; rm -rf "$FOLDER") >/dev/null 2>&1 &
guard=$!
echo $java
wait $java
code=$?
kill $guard
exit $code`;

export interface ServerOptions {
  readonly classPath: string;
  readonly log: string;
  /** Is deleted when the test is killed. */
  readonly folder: string;
  /** Further options of the JVM. */
  readonly jvm?: readonly string[];
  /** A command that starts the JVM in its place, such as `prlimit`. */
  readonly launcher?: readonly string[];
}

export class Server {
  /** Its exit code, once it has ended: 128 and the number of the signal if one ended it, as a kubelet reports it. */
  readonly exited: Promise<number>;

  private constructor(
    private readonly guard: ChildProcess,
    readonly pid: number,
    private readonly log: string,
  ) {
    this.exited = new Promise((resolve) => {
      guard.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    });
  }

  static async start(
    main: string,
    args: readonly string[],
    { classPath, log, folder, jvm = [], launcher = [] }: ServerOptions,
  ): Promise<Server> {
    const command = [...launcher, 'java', ...OPTIONS, ...jvm, '-cp', classPath, main, ...args];
    const env = { ...process.env, LOG: log, FOLDER: folder };
    const guard = spawn('sh', ['-c', GUARD, 'guard', ...command], { stdio: ['pipe', 'pipe', 'ignore'], env });
    guard.stdin?.on('error', () => undefined);
    const [pid] = await once(guard.stdout as NodeJS.ReadableStream, 'data');
    return new Server(guard, Number(String(pid)), log);
  }

  get isRunning(): boolean {
    return this.guard.exitCode === null && this.guard.signalCode === null;
  }

  /** What it has printed lately, for the reader of a failure. */
  get tail(): string {
    return readFileSync(this.log, 'utf8').split('\n').slice(-5).join('\n');
  }

  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Ends it as Kubernetes would: asked first, killed if it does not go. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM', graceMs = STOP_LIMIT_MS): Promise<void> {
    if (!this.isRunning) return;
    this.signal(signal);
    const limit = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.exited.finally(() => clearTimeout(limit));
    this.guard.stdin?.end();
  }

  /** Sends a signal; it may have ended at the same moment. */
  signal(signal: NodeJS.Signals): void {
    try {
      if (this.isRunning) process.kill(this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Runs a tool and returns what it printed. */
export async function runTool(classPath: string, main: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('java', [...OPTIONS, '-cp', classPath, main, ...args], { timeout: TOOL_LIMIT_MS });
  return stdout;
}
