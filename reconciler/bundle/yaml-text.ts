/**
 * YAML as Kubernetes reads it: version 1.1 (`yes` and `on` are true, a leading zero is octal), but without the types JSON lacks: a
 * timestamp stays text, and so does a sexagesimal number.
 */
import { parseAllDocuments, type Tags } from 'yaml';

export type ParsedYaml =
  | { readonly values: readonly unknown[] }
  | { readonly problem: string; readonly line?: number; readonly column?: number };

const MAX_ALIASES = 100; // against documents that grow when they are read

/** Returns the values of all documents in a text, empty ones left out, or the first thing that is wrong. */
export function parseYaml(text: string): ParsedYaml {
  const parsed = parseAllDocuments(text, { version: '1.1', customTags: withoutTimes, logLevel: 'silent' });
  const documents = Array.isArray(parsed) ? parsed : [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error === undefined) continue;
    const [what = error.message] = error.message.split(/ at line \d+|\n/);
    const at = error.linePos?.[0];
    return {
      problem: `is broken YAML${at === undefined ? '' : ` at line ${at.line}, column ${at.col}`}: ${what.replace(/[:.]$/, '')}`,
      ...(at === undefined ? {} : { line: at.line, column: at.col }),
    };
  }
  try {
    return { values: documents.map((d): unknown => d.toJS({ maxAliasCount: MAX_ALIASES })).filter((v) => v !== null && v !== undefined) };
  } catch (error) {
    return { problem: `is broken YAML: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function withoutTimes(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || (tag.format !== 'TIME' && tag.tag !== 'tag:yaml.org,2002:timestamp'));
}
