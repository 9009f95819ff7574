/**
 * YAML as Kubernetes reads it: version 1.1 (`yes` and `on` are true, a leading zero is octal), but without the types JSON lacks: a
 * timestamp stays text, and so does a sexagesimal number.
 */
import { parseAllDocuments, parseDocument, stringify, type Tags } from 'yaml';
import { unlikeJson } from './plain-json';

export type ParsedYaml =
  | { readonly values: readonly unknown[] }
  | { readonly problem: string; readonly line?: number; readonly column?: number };

/** Returns a value as Kubernetes reads it: what 1.1 would take for something else is quoted, such as yes, on and 010. */
export function yamlText(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

export interface YamlValue {
  readonly path: readonly (string | number)[];
  readonly value: string;
}

/** Returns a document with some of its values set; comments and the order of keys stay. */
export function withYamlValues(text: string, values: readonly YamlValue[]): string {
  const document = parseDocument(text, { version: '1.1', customTags: likeJson });
  for (const { path, value } of values) document.setIn(path, value);
  return document.toString({ lineWidth: 0 });
}

const MAX_ALIASES = 100; // against documents that grow when they are read

/** Returns the values of all documents in a text, empty ones left out, or the first thing that is wrong. */
export function parseYaml(text: string): ParsedYaml {
  const parsed = parseAllDocuments(text, { version: '1.1', customTags: likeJson, logLevel: 'silent' });
  const documents = Array.isArray(parsed) ? parsed : [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error === undefined) continue;
    const [what = error.message] = error.message.split(/ at line \d+|\n/);
    const at = error.linePos?.[0];
    return {
      problem: `is broken YAML${at === undefined ? '' : ` at line ${at.line}, column ${at.col}`}: ${inWords(what)}`,
      ...(at === undefined ? {} : { line: at.line, column: at.col }),
    };
  }
  try {
    const values = documents.map((d): unknown => d.toJS({ maxAliasCount: MAX_ALIASES })).filter((v) => v !== null && v !== undefined);
    const problem = values.map((value) => unlikeJson(value)).find((why) => why !== undefined);
    return problem === undefined ? { values } : { problem };
  } catch (error) {
    return { problem: `is broken YAML: ${inWords(error instanceof Error ? error.message : String(error))}` };
  }
}

/** The parser goes down with the text, and says so in the words of JavaScript. */
function inWords(what: string): string {
  return /call stack/.test(what) ? 'it is nested too deeply' : what.replace(/[:.]$/, '');
}

/** Collections of YAML that are no maps and lists, and bytes. */
const NOT_JSON = ['timestamp', 'binary', 'set', 'omap', 'pairs'].map((name) => `tag:yaml.org,2002:${name}`);

function likeJson(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || (tag.format !== 'TIME' && !NOT_JSON.includes(tag.tag)));
}
