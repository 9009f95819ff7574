/** The public API as plain data: every name that `constructs/index.ts` exports, its members, and their doc comments. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { type Doc, docOf, type Node, type Source, sourceOf } from './source';

export interface Member {
  readonly name: string;
  /** `static on(props: TlsOnProps): Tls`, `readonly job?: ApiObject`, without a body. */
  readonly signature: string;
  /** The type of a property. */
  readonly type?: string;
  readonly kind: 'property' | 'method' | 'value';
  readonly isStatic: boolean;
  readonly isOptional: boolean;
  readonly doc: Doc | undefined;
}

export interface Declaration {
  readonly name: string;
  readonly kind: 'construct' | 'class' | 'interface' | 'enum';
  /** The name that it extends. */
  readonly base?: string;
  readonly doc: Doc | undefined;
  readonly members: readonly Member[];
}

const FOLDER = 'constructs';

/** Everything that a user can import, in the order of the index. */
export function publicApi(): readonly Declaration[] {
  return sourceOf(path.join(FOLDER, 'index.ts')).body.flatMap((statement) => {
    assert.equal(statement.type, 'ExportNamedDeclaration', 'the index only exports names of other files');
    const source = sourceOf(path.join(FOLDER, `${statement.source.value}.ts`));
    return statement.specifiers.map(({ local }: Node) => declarationOf(source, local.name));
  });
}

function declarationOf(source: Source, wanted: string): Declaration {
  const exported = source.body.find((s) => s.type === 'ExportNamedDeclaration' && s.declaration?.id?.name === wanted);
  assert.ok(exported !== undefined, `${source.file} does not declare ${wanted}`);
  const { declaration } = exported;
  const common = { name: wanted, doc: docOf(source, exported) };
  const inBody = (members: readonly Node[]) => members.flatMap((m) => memberOf(source, m) ?? []);
  if (declaration.type === 'TSEnumDeclaration') return { ...common, kind: 'enum', members: inBody(declaration.body.members) };
  if (declaration.type === 'TSInterfaceDeclaration') {
    const [parent] = declaration.extends ?? [];
    const base = parent === undefined ? {} : { base: parent.expression.name };
    return { ...common, ...base, kind: 'interface', members: inBody(declaration.body.body) };
  }
  assert.equal(declaration.type, 'ClassDeclaration', wanted);
  const kind = declaration.superClass?.name === 'Construct' ? 'construct' : 'class';
  return { ...common, kind, members: inBody(declaration.body.body) };
}

/** Returns undefined for what is not public. */
function memberOf(source: Source, node: Node): Member | undefined {
  const name: string = (node.key ?? node.id)?.name ?? '';
  const isHidden = node.accessibility === 'private' || node.accessibility === 'protected' || name.startsWith('_');
  if (isHidden || name === 'constructor') return undefined;
  const end = node.value?.body?.start ?? node.end;
  const annotation: Node | undefined = node.typeAnnotation?.typeAnnotation;
  return {
    name,
    signature: source.text
      .slice(node.start, end)
      .replace(/\s+/g, ' ')
      .replace(/[;,]?\s*$/, ''),
    ...(annotation === undefined ? {} : { type: source.text.slice(annotation.start, annotation.end).replace(/\s+/g, ' ') }),
    kind: node.type === 'TSEnumMember' ? 'value' : node.type === 'MethodDefinition' ? 'method' : 'property',
    isStatic: node.static === true,
    isOptional: node.optional === true,
    doc: docOf(source, node),
  };
}
