/**
 * Imports flow one way, as the table in CONTRIBUTING.md says, and what must stay pure stays pure. A violation prints file, import and reason.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

const CONTRIBUTING = readFileSync('CONTRIBUTING.md', 'utf8');

/** A row of the table: the files below a path, or one file, may import only themselves and what the row names. */
interface Rule {
  readonly from: string;
  /** Folders end with a slash, groups of packages with a colon. Files have no extension. */
  readonly mayImport: readonly string[];
  readonly because: string;
}

const RULES = rowsOf('## Imports flow one way').flatMap(([from = '', mayImport = '', because = '']): readonly Rule[] => {
  const own = from.split(', ').flatMap((pattern) => globSync(pattern.replaceAll('`', '')).map(inProject));
  assert.ok(own.length > 0, `${from} does not exist`);
  return own.map((file) => ({ from: file, mayImport: [...own, ...mayImport.split(', ').map(importable)], because }));
});

/** Decides, and needs neither a cluster nor a clock. */
const PURE = ['constructs/model/', 'reconciler/plan/', ...globSync('reconciler/executors/**/draft*.ts')];

/** What must not appear in the text of a folder's files. */
const FORBIDDEN: readonly { readonly from: readonly string[]; readonly text: RegExp; readonly because: string }[] = [
  {
    from: PURE,
    text: /Date\.now|new Date\(\)|Math\.random|\bprocess\.(?!roles)|\basync \(|\bawait /,
    because: 'it is pure: the same input gives the same result, now and in a replay',
  },
  {
    from: ['reconciler/execute/', 'reconciler/executors/', 'reconciler/observe/', 'reconciler/report/'],
    text: /Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|setInterval/,
    because: 'time and the process are ports',
  },
  {
    from: ['reconciler/sandbox/'],
    text: /Date\.now|new Date\(\)|Math\.random|\bprocess\.(exit|env|argv|std|on\b|hrtime|nextTick|cwd|pid)|setInterval/,
    because: 'the sandbox runs on the clock it is given',
  },
];

const ALL = sources('constructs').concat(sources('reconciler'));

describe('imports flow one way', () => {
  for (const rule of RULES) {
    test(`${rule.from}: ${rule.because}`, () => {
      const imported = ALL.filter((f) => ruleOf(f) === rule).flatMap((file) => importsOf(file).map((to) => ({ file, to })));
      const wrong = imported.filter(({ to }) => !rule.mayImport.some((allowed) => covers(allowed, to)));
      assert.deepEqual(
        wrong.map(({ file, to }) => `${file} imports ${to}: ${rule.because}`),
        [],
      );
    });
  }

  test('every file has a rule, and every permission of a rule is used', () => {
    assert.deepEqual(
      ALL.filter((file) => ruleOf(file) === undefined),
      [],
    );
    const unused = RULES.flatMap(({ from, mayImport, because }) => {
      const alike = RULES.filter((r) => r.because === because);
      const imported = ALL.filter((f) => alike.some((r) => r === ruleOf(f))).flatMap(importsOf);
      const others = mayImport.filter((allowed) => !alike.some((r) => r.from === allowed));
      return others.filter((allowed) => !imported.some((to) => covers(allowed, to))).map((allowed) => `${from} does not import ${allowed}`);
    });
    assert.deepEqual(unused, []);
  });
});

test('every path in CONTRIBUTING.md exists', () => {
  const missing = CONTRIBUTING.split('\n').flatMap((line) => {
    const named = [...line.matchAll(/`([^`\s]+)`/g)].map(([, name = '']) => name);
    const paths = named.filter((name) => /^[\w<*-][^@:~]*(\/|\.(ts|mjs|json|md))$/.test(name));
    // The map names a folder first, and then a file in it. The table of hand-written code names files of one folder.
    const bases = ['.', 'reconciler', 'reconciler/cluster', ...named.slice(0, 1)];
    return paths.filter((name) => !bases.some((base) => globSync(path.join(base, name.replace(/<\w+>|NAME/g, '*'))).length > 0));
  });
  assert.deepEqual(missing, []);
});

/** A client judges the server's certificate by the real time. */
const REAL_TIME = ['reconciler/sandbox/api/http.ts'];

describe('what must be pure is pure', () => {
  for (const { from, text, because } of FORBIDDEN) {
    test(`${from.join(', ')}: ${because}`, () => {
      const wrong = ALL.filter((f) => from.some((folder) => f.startsWith(folder)) && !REAL_TIME.includes(f)).flatMap((file) => {
        const lines = readFileSync(file, 'utf8').split('\n');
        return lines.flatMap((line, i) => (text.test(withoutComment(line)) ? [`${file}:${i + 1}: ${line.trim()}: ${because}`] : []));
      });
      assert.deepEqual(wrong, []);
    });
  }
});

test('only bin.ts and cli/process.ts know the process, and nothing writes to the console', () => {
  const entry = ['reconciler/bin.ts', 'reconciler/cli/process.ts'];
  const wrong = ALL.filter((f) => f.startsWith('reconciler/') && !entry.includes(f)).filter((f) =>
    readFileSync(f, 'utf8')
      .split('\n')
      .some((line) => /\bconsole\.|\bprocess\.(exit(?!\.)|stdout|stderr|on|argv)/.test(withoutComment(line))),
  );
  assert.deepEqual(wrong, []);
});

for (const [what, client] of [
  ['Kubernetes', '@kubernetes/client-node'],
  ['Kafka', '@platformatic/kafka'],
] as const) {
  test(`one file talks to ${what}: only cluster/ imports its client`, () => {
    const found = ALL.filter((f) => importsOf(f).includes(client));
    assert.ok(found.length > 0, `no file imports ${client}`);
    assert.deepEqual(
      found.filter((f) => !f.startsWith('reconciler/cluster/')),
      [],
    );
  });
}

test('no two files import each other, directly or through others', () => {
  const graph = new Map(
    ALL.map((file) => [
      file,
      importsOf(file)
        .filter((to) => to.includes('/'))
        .map((to) => `${to}.ts`)
        .filter((f) => ALL.includes(f)),
    ]),
  );
  const done = new Set<string>();
  const circleFrom = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const to of graph.get(file) ?? []) {
      const circle = circleFrom(to, [...path, file]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  assert.deepEqual(
    ALL.flatMap((file) => circleFrom(file, []) ?? []),
    [],
  );
});

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts'))
    .map((f) => path.posix.join(folder, f.split(path.sep).join('/')));
}

/** Returns the cells of the first table below a heading of CONTRIBUTING.md. */
function rowsOf(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = CONTRIBUTING.split(`\n${heading}\n`);
  const [table = ''] = /^\|.*\|$(?:\n\|.*\|$)*/m.exec(section) ?? [];
  const [, , ...rows] = table.split('\n').map((line) => line.split('|').slice(1, -1));
  assert.ok(rows.length > 0, `no table below ${heading}`);
  return rows.map((cells) => cells.map((cell) => cell.trim()));
}

/** Returns a path of the project as rules name it. */
function inProject(file: string): string {
  return statSync(file).isDirectory() ? `${file}/` : file.replace(/\.ts$/, '');
}

/** Reads an entry of the table: a package in backquotes; else a folder or file of the model, the vocabulary, or the reconciler. */
function importable(entry: string): string {
  const [, name] = /^`(.+)`$/.exec(entry) ?? [];
  if (name !== undefined) return name.replace(/\*$/, '');
  const file = path.posix.join('reconciler', entry.replace(/^model\b/, '../constructs/model').replace(/^vocabulary\b/, 'model'));
  return inProject(existsSync(file) ? file : `${file}.ts`);
}

function ruleOf(file: string): Rule | undefined {
  return RULES.filter(({ from }) => covers(from, file.replace(/\.ts$/, ''))).sort((a, b) => b.from.length - a.from.length)[0];
}

/** Tells whether a module is the one that a rule names, or below it. */
function covers(name: string, module: string): boolean {
  return module === name || (/[/:]$/.test(name) && module.startsWith(name));
}

/** Modules that a file imports; those of the project as paths from its root, without extension. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  const found = [...text.matchAll(/\bfrom '([^'\n]+)';?$|\b(?:import|require)\('([^'\n]+)'\)|^import '([^'\n]+)'/gm)];
  return found
    .map(([, a, b, c]) => a ?? b ?? c ?? '')
    .map((to) =>
      to
        .replace(/^#model\//, 'constructs/model/')
        .replace(/^#/, '')
        .replace(/\.js$/, ''),
    )
    .map((to) => (to.startsWith('.') ? path.posix.join(path.posix.dirname(file), to) : to))
    .map((to) => (to.includes('/') && existsSync(`${to}/index.ts`) ? `${to}/index` : to));
}

function withoutComment(line: string): string {
  return /^\s*(\/?\*|\/\/)/.test(line) ? '' : line.replace(/\s\/\/ .*$/, '');
}
