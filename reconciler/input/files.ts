/** Files as text, and files in JSON that one command writes and another one reads: observations, saved plans. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isMap } from '#model/plain-data';
import { formatIssues, type Schema } from '#model/schema';
import { InvalidInputError } from '../errors';
import { unlikeJson } from './plain-json';

const BECAUSE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
  ENOTDIR: 'has a file where a folder should be in its path',
};

/** Returns the error for a file that cannot be read: the input is wrong. */
export function unreadable(file: string, error: unknown): InvalidInputError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const hint = code === 'ENOENT' ? { hint: 'Synthesise first ("npx cdk8s synth"), or name the file with -f.' } : {};
  return new InvalidInputError(`${file}: ${BECAUSE[code] ?? `cannot be read (${code})`}`, { cause: error, ...hint });
}

/** Returns the text of a file. */
export function readText(file: string, cwd: string): Promise<string> {
  return readFile(path.resolve(cwd, file), 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
}

/** What is in a file of JSON. */
export interface Content<T> {
  /** `an observation`. */
  readonly name: string;
  /** Version that this program writes, and the newest that it reads. */
  readonly format: number;
  readonly schema: Schema<T>;
  /** `An observation is what "kafka-tls observe" prints.` */
  readonly hint: string;
}

/** Returns what a file holds, which is used as a `T` from then on; an InvalidInputError holds everything that is wrong with it. */
export async function readJsonFile<T>(file: string, cwd: string, content: Content<T>): Promise<T> {
  const text = await readText(file, cwd);
  const invalid = (problems: readonly string[], cause?: unknown) =>
    new InvalidInputError(
      problems.map((problem) => `${file}: ${problem}`),
      { cause, hint: content.hint },
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid([`is broken JSON: ${error instanceof Error ? error.message : String(error)}`], error);
  }
  const problems = problemsOf(value, content);
  if (problems.length > 0) throw invalid(problems);
  return value as T;
}

function problemsOf(value: unknown, { name, format, schema }: Content<unknown>): readonly string[] {
  if (!isMap(value) || typeof value.format !== 'number') return [`is not ${name}`];
  // Nothing else can be judged: a newer format may hold other members.
  if (value.format > format) return [`format ${value.format} was made by a newer version, this one reads up to ${format}`];
  const why = unlikeJson(value);
  return why === undefined ? formatIssues(schema, value) : [why];
}
