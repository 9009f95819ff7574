/**
 * The command line: arguments -> command -> exit code. The process and the runtime are parameters.
 *
 * 1. `cli/program.ts` declares the commands and their flags; `cli/<command>.ts` implements a command.
 * 2. A command prints its result to standard output and returns its exit code.
 * 3. A KafkaTlsError stops a command. Only this file turns it into text on standard error (JSON with `--output json`) and an exit code.
 *    Any other error is a bug and becomes an InternalError; `--debug` shows its stack.
 */
import { type Command, CommanderError } from 'commander';
import { InvalidInputError, type KafkaTlsError } from '../errors';
import { errorJson, errorText } from '../report/error';
import { type Io, type Runtime, styleOf } from './io';
import { createProgram } from './program';
import { toKafkaTlsError } from './thrown';
import { VERSION } from './version';

export type { Io, Runtime } from './io';

const INVALID_INPUT = 2;

/** Runs the command that `argv` names (without the names of Node and the script) and returns its exit code. Never throws. */
export async function main(argv: readonly string[], io: Io, runtime: Runtime): Promise<number> {
  let exitCode = 0;
  const program = createProgram(VERSION, { io, runtime }, (code) => {
    exitCode = code;
  });
  for (const command of [program, ...program.commands]) prepare(command, io);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && isAnswered(error)) return error.exitCode === 0 ? 0 : INVALID_INPUT;
    return reportError(toKafkaTlsError(error, io.signal), argv, io);
  }
}

function prepare(command: Command, io: Io): void {
  const width = () => io.columns ?? 80;
  command
    .exitOverride((error) => {
      throw isAnswered(error) ? error : usageError(error, command);
    })
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr, getOutHelpWidth: width, getErrHelpWidth: width, outputError: () => {} });
}

/** Tells whether commander has printed help or the version. */
function isAnswered({ code }: CommanderError): boolean {
  return code === 'commander.help' || code === 'commander.helpDisplayed' || code === 'commander.version';
}

function usageError(error: CommanderError, command: Command): InvalidInputError {
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const what = first.replace(/\boption\b/g, 'flag').replace(/ argument '([^']*)' is invalid\. /, " may not be '$1'. ");
  const known = suggestion?.replace(/^\(|\)$/g, '');
  return new InvalidInputError(`${name}: ${what}`, {
    cause: error,
    hint: `${known === undefined ? '' : `${known} `}See "${name} --help".`,
  });
}

function reportError(error: KafkaTlsError, argv: readonly string[], io: Io): number {
  const isJson = argv.includes('--output=json') || argv[argv.indexOf('--output') + 1] === 'json';
  io.stderr(isJson ? errorJson(error) : errorText(error, { ...styleOf(io) }, argv.includes('--debug')));
  return error.exitCode;
}
