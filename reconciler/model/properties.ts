/**
 * Java properties, parsed as Kafka parses them and changed in place: comments, order, spacing and lines of other writers are kept.
 * Source: `java.util.Properties.load`.
 */

/** One setting, or a comment or blank line. */
interface Entry {
  /** As it is written, over one or more lines. */
  readonly text: string;
  readonly key?: string;
  readonly value?: string;
}

/** Returns the settings of a properties file. Of two with the same key the last one counts. */
export function readProperties(text: string): ReadonlyMap<string, string> {
  return new Map(entriesOf(text).flatMap(({ key, value = '' }) => (key === undefined ? [] : [[key, value] as const])));
}

/** Returns a properties file with these settings changed; a setting with the value undefined is removed. Lines that need no change are kept. */
export function withProperties(text: string, changes: Readonly<Record<string, string | undefined>>): string {
  const has = readProperties(text);
  const changed = Object.entries(changes).filter(([key, value]) => has.get(key) !== value);
  if (changed.length === 0) return text;
  const pending = new Map(changed);
  const lines = entriesOf(text).flatMap((entry) => {
    if (entry.key === undefined || !changed.some(([key]) => key === entry.key)) return [entry.text];
    const value = pending.get(entry.key);
    pending.delete(entry.key); // a second setting of this key would win over the first
    return value === undefined ? [] : [setting(entry.key, value)];
  });
  const added = [...pending].flatMap(([key, value]) => (value === undefined ? [] : [setting(key, value)]));
  const isTerminated = lines.at(-1) === '';
  return [...(isTerminated ? lines.slice(0, -1) : lines), ...added, ''].join('\n');
}

function setting(key: string, value: string): string {
  return `${key}=${value.replaceAll('\\', '\\\\').replace(/^ /, '\\ ')}`;
}

function entriesOf(text: string): readonly Entry[] {
  const lines = text.split(/\r\n|\n|\r/);
  const entries: Entry[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (/^\s*([#!]|$)/.test(line)) {
      entries.push({ text: line });
      continue;
    }
    const first = i;
    let logical = line;
    while (isContinued(logical) && i + 1 < lines.length) logical = logical.slice(0, -1) + (lines[++i] ?? '').trimStart();
    entries.push({ text: lines.slice(first, i + 1).join('\n'), ...settingIn(logical) });
  }
  return entries;
}

/** A line goes on in the next one if it ends with a backslash that no other backslash escapes. */
function isContinued(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function settingIn(line: string): { readonly key: string; readonly value: string } {
  const [, key = '', value = ''] = /^\s*((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)$/s.exec(line) ?? [];
  return { key: unescaped(key), value: unescaped(value) };
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, character: string) =>
    code === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
