/**
 * Connects the command line to the process: arguments, signals, standard streams, exit code. No other file but `bin.ts` knows the process.
 *
 * The first SIGINT or SIGTERM asks the run to end cleanly: finish the write in flight, resume the Kafka, release the Lease. The second ends
 * the process at once. That is safe, too, because the next run continues from the state of the cluster.
 */
import { InternalError, InterruptedError } from '../errors';
import { errorText } from '../report/error';
import { PLAIN } from '../report/style';
import { quoted } from './shell';
import { VERSION } from './version';

const argv = process.argv.slice(2);
const interrupt = new AbortController();

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    const interrupted = new InterruptedError(name, { hint: `Go on with: ${['kafka-tls', ...argv].map(quoted).join(' ')}` });
    if (interrupt.signal.aborted) process.exit(interrupted.exitCode);
    interrupt.abort(interrupted);
  });
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of the output has closed it (`| head`). The run continues: an unfinished restart is worse than an unread line.
    if (error.code !== 'EPIPE') throw error;
  });
}

process.on('uncaughtException', (error) => {
  const bug = new InternalError(`kafka-tls: unexpected error: ${error.name}: ${error.message}`, { cause: error });
  process.stderr.write(errorText(bug, PLAIN, argv.includes('--debug')));
  process.exit(bug.exitCode);
});

const io = {
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
  stdin: readStdin,
  isTty: process.stdout.isTTY === true,
  get columns() {
    return process.stdout.columns;
  },
  env: process.env,
  cwd: process.cwd(),
  signal: interrupt.signal,
};

async function readStdin(): Promise<string> {
  const { addAbortSignal } = await import('node:stream');
  const chunks: Buffer[] = [];
  for await (const chunk of addAbortSignal(interrupt.signal, process.stdin)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Runs the command of the arguments and sets the exit code of the process. */
export async function run(): Promise<void> {
  process.exitCode = await exitCode();
}

async function exitCode(): Promise<number> {
  if (argv.length === 1 && argv[0] === '--version') {
    // Loads no command.
    io.stdout(`${VERSION}\n`);
    return 0;
  }
  const { main } = await import('./main.js');
  const { createRuntime } = await import('./runtime.js');
  return main(argv, io, createRuntime(io));
}
