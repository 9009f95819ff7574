/** Lines of JSON that a program has written: a killed one leaves its last line unfinished, and other programs may have written between. */
import { formatIssues, type Schema } from '#model/schema';

export interface JsonLines<T> {
  readonly values: readonly T[];
  /** Numbers of the lines that were skipped, from 1, with the reason. */
  readonly skipped: readonly { readonly line: number; readonly because: string }[];
  /** The last line is the beginning of one. */
  readonly isCutOff: boolean;
}

/** Returns the lines that follow the schema. Empty lines do not count. */
export function parseJsonLines<T>(text: string, schema: Schema<T>): JsonLines<T> {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const values: T[] = [];
  const skipped: { line: number; because: string }[] = [];
  let isCutOff = false;
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const parsed = parse(line);
    if (parsed === undefined && i === lines.length - 1 && line.trimStart().startsWith('{')) {
      isCutOff = true;
      continue;
    }
    const problems = parsed === undefined ? ['is no JSON'] : formatIssues(schema, parsed.value);
    if (parsed !== undefined && problems.length === 0) values.push(parsed.value as T);
    else skipped.push({ line: i + 1, because: problems[0] ?? '' });
  }
  return { values, skipped, isCutOff };
}

function parse(line: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(line) };
  } catch {
    return undefined;
  }
}
