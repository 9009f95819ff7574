/** Imports flow one way, and what must stay pure stays pure. Each rule says why; a violation prints file, import and reason. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

interface Rule {
  readonly from: string;
  /** Folders, files or packages; a folder ends with a slash. Type-only imports of `plan/` vocabulary are named as files. */
  readonly mayImport: readonly string[];
  readonly because: string;
}

/** Vocabulary of observations and plans, which every folder may use. */
const VOCABULARY = 'reconciler/model/';
const MODEL = 'constructs/model/';
/** Schemas of everything that comes from outside; pure. */
const INPUT = 'reconciler/input/';

/** How an executor drafts its steps. */
const DRAFTS = ['drafts', 'draft-input', 'native/draft', 'ops-request/draft'].map((file) => `reconciler/executors/${file}`);
const PURE = ['reconciler/plan/', ...DRAFTS];

const RULES: readonly Rule[] = [
  {
    from: 'reconciler/model/',
    mayImport: [MODEL, VOCABULARY, 'reconciler/errors'],
    because: 'the vocabulary of observations and plans knows nothing but the model',
  },
  {
    from: 'reconciler/input/',
    mayImport: [MODEL, VOCABULARY, INPUT, 'reconciler/errors', 'yaml', 'node:fs/promises', 'node:path'],
    because: 'a schema knows only the types that it checks',
  },
  {
    from: 'reconciler/pki/',
    mayImport: [MODEL, VOCABULARY, 'reconciler/pki/', 'node:', 'node-forge'],
    because: 'certificates are plain data',
  },
  {
    from: 'constructs/model/',
    mayImport: [MODEL, 'node:crypto', 'node:net', 'valibot'],
    because: 'the model is plain data that both sides share',
  },
  {
    from: 'constructs/',
    mayImport: [MODEL, 'constructs/', 'cdk8s', 'cdk8s-plus-28', 'constructs', 'node:path'],
    because: 'who only synthesises loads no client',
  },
  ...PURE.map((from) => ({
    from,
    mayImport: [MODEL, INPUT, VOCABULARY, 'reconciler/plan/', 'reconciler/errors', ...DRAFTS],
    because: 'deciding needs no cluster',
  })),
  {
    from: 'reconciler/executors/',
    mayImport: [
      MODEL,
      INPUT,
      VOCABULARY,
      'reconciler/plan/',
      'reconciler/execute/',
      'reconciler/executors/',
      'reconciler/executors',
      'reconciler/errors',
    ],
    because: 'an executor acts through what execute/ offers',
  },
  {
    from: 'reconciler/observe/',
    mayImport: [MODEL, VOCABULARY, 'reconciler/observe/', 'reconciler/ports', 'reconciler/errors', 'reconciler/pki/'],
    because: 'observing reads through ports and decides nothing',
  },
  {
    from: 'reconciler/execute/',
    mayImport: [
      MODEL,
      INPUT,
      VOCABULARY,
      'reconciler/plan/',
      'reconciler/execute/',
      'reconciler/executors',
      'reconciler/ports',
      'reconciler/errors',
    ],
    because: 'executing acts through ports on what was decided',
  },
  {
    from: 'reconciler/cluster/',
    mayImport: [
      MODEL,
      VOCABULARY,
      INPUT,
      'reconciler/cluster/',
      'reconciler/ports',
      'reconciler/errors',
      'reconciler/pki/',
      '@kubernetes/client-node',
      'socks',
      '@platformatic/kafka',
      'node:',
    ],
    because: 'the outside knows no plan',
  },
  {
    from: 'reconciler/report/',
    mayImport: [
      MODEL,
      VOCABULARY,
      'reconciler/plan/verify',
      'reconciler/report/',
      'reconciler/ports',
      'reconciler/errors',
      'diff',
      'picocolors',
    ],
    because: 'reports turn plain data into text',
  },
  {
    from: 'reconciler/sandbox/',
    mayImport: [MODEL, 'reconciler/sandbox/', 'node:', 'node-forge', 'yaml'],
    because: 'a mistake of the reconciler must not be hidden by the same mistake in what judges it',
  },
  {
    from: 'reconciler/sandbox/stand-ins/',
    mayImport: [
      ...['cluster-domain', 'content-hash', 'distinguished-name', 'go-duration', 'kube-object', 'plain-data', 'tls'].map((f) => MODEL + f),
      'reconciler/sandbox/',
      'node:',
      'node-forge',
    ],
    because: 'KubeDB is imitated from the facts of the sandbox, not with the functions by which the native executor renders a Kafka',
  },
];

/** What must not appear in the text of a folder's files. */
const FORBIDDEN: readonly { readonly from: readonly string[]; readonly text: RegExp; readonly because: string }[] = [
  {
    from: ['constructs/model/', ...PURE],
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
      const files = ALL.filter((f) => f.startsWith(rule.from) && mostSpecific(f) === rule);
      assert.ok(files.length > 0, `no file is below ${rule.from}`);
      const wrong = files.flatMap((file) =>
        importsOf(file)
          .filter((i) => !isAllowed(i, rule))
          .map((i) => `${file} imports ${i}: ${rule.because}`),
      );
      assert.deepEqual(wrong, []);
    });
  }
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
      .some((line) => /\bconsole\.|\bprocess\.(exit|stdout|stderr|on|argv)/.test(withoutComment(line))),
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
        .flatMap((to) => [`${to}.ts`, `${to}/index.ts`].filter((f) => ALL.includes(f))),
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

function mostSpecific(file: string): Rule | undefined {
  return RULES.filter((r) => file.startsWith(r.from)).sort((a, b) => b.from.length - a.from.length)[0];
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
    .map((to) => (to.startsWith('.') ? path.posix.join(path.posix.dirname(file), to) : to));
}

function isAllowed(imported: string, { mayImport }: Rule): boolean {
  return mayImport.some(
    (allowed) => imported === allowed || ((allowed.endsWith('/') || allowed.endsWith(':')) && imported.startsWith(allowed)),
  );
}

function withoutComment(line: string): string {
  return /^\s*(\/?\*|\/\/)/.test(line) ? '' : line.replace(/\s\/\/ .*$/, '');
}
