/** TypeScript sources of this project as syntax trees with their doc comments, for the pages that are generated from the code. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Comment, parseSync } from 'oxc-parser';

/** A node of the tree (ESTree with TypeScript). Its members depend on its type. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  // biome-ignore lint/suspicious/noExplicitAny: members differ by type, and a wrong one makes a page that a reader sees in the diff
  readonly [member: string]: any;
}

export interface Source {
  readonly file: string;
  readonly text: string;
  readonly body: readonly Node[];
  readonly comments: readonly Comment[];
}

export function sourceOf(file: string): Source {
  const text = readFileSync(file, 'utf8');
  const { program, comments, errors } = parseSync(file, text, { preserveParens: false });
  assert.deepEqual(errors, [], file);
  return { file, text, body: program.body as unknown as readonly Node[], comments };
}

/** The TypeScript files below a folder, in a fixed order. */
export function sourcesBelow(folder: string): readonly Source[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.sort().map((file) => sourceOf(path.join(folder, file)));
}

/** A doc comment, taken apart. */
export interface Doc {
  /** The text before the first tag; paragraphs are separated by an empty line. */
  readonly text: string;
  /** The texts of each tag: `default`, `example`, `see`. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

/** The doc comment directly before a node; undefined if it has none. */
export function docOf({ text, comments }: Source, node: Node): Doc | undefined {
  const comment = comments.filter((c) => c.end <= node.start).at(-1);
  if (comment === undefined || comment.type !== 'Block' || !comment.value.startsWith('*')) return undefined;
  if (text.slice(comment.end, node.start).trim() !== '') return undefined;
  const lines = comment.value
    .slice(1)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  const [first = '', ...tagged] = lines.join('\n').trim().split(/^@/m);
  const tags: Record<string, string[]> = {};
  for (const part of tagged) {
    const [, name = '', value = ''] = /^(\w+)[ \t]*([\s\S]*)$/.exec(part) ?? [];
    tags[name] = [...(tags[name] ?? []), value.trimEnd()];
  }
  return { text: first.trim(), tags };
}

/** Visits a node and everything in it; `visit` gets the nodes above it, the outermost first. */
export function walk(node: unknown, visit: (node: Node, above: readonly Node[]) => void, above: readonly Node[] = []): void {
  if (Array.isArray(node)) for (const member of node) walk(member, visit, above);
  else if (isNode(node)) {
    visit(node, above);
    for (const member of Object.values(node)) walk(member, visit, [...above, node]);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

/** The initial value of a constant that is visible at a node: around it, in its file, or imported. */
export function constantOf(name: string, above: readonly Node[], source: Source): Node | undefined {
  for (const scope of [...above].reverse()) {
    const found = declared(name, Array.isArray(scope.body) ? scope.body : []);
    if (found !== undefined) return found;
  }
  const here = declared(name, source.body);
  if (here !== undefined || !/^[A-Z_]+$/.test(name)) return here;
  const from = source.body.find((s) => s.type === 'ImportDeclaration' && s.specifiers.some((i: Node) => i.local.name === name));
  return from === undefined ? undefined : declared(name, sourceOf(fileOf(from.source.value, source.file)).body);
}

function declared(name: string, statements: readonly Node[]): Node | undefined {
  for (const statement of statements) {
    const declaration: Node | undefined = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration') continue;
    const found = declaration.declarations.find((d: Node) => d.id.name === name);
    if (found?.init != null) return found.init;
  }
  return undefined;
}

const ALIASES: Readonly<Record<string, string>> = {
  '#model': path.join('constructs', 'model'),
  '#reconciler': 'reconciler',
  '#constructs': 'constructs',
};

function fileOf(module: string, importer: string): string {
  const [alias = '', ...rest] = module.split('/');
  const target = ALIASES[alias];
  return `${target === undefined ? path.join(path.dirname(importer), module) : path.join(target, ...rest)}.ts`;
}
