/** The page about the constructs, from their doc comments. */
import { type Declaration, type Member, publicApi } from './api';
import { GENERATED, oneLine, table } from './markdown';
import type { Doc } from './source';

const SECTIONS: readonly (readonly [Declaration['kind'], string, string])[] = [
  ['construct', 'Constructs', 'What an app creates, or finds in a property of another construct.'],
  ['class', 'Choices', 'Values that only their factories make, such as `Tls.on(...)`.'],
  ['interface', 'Props', 'Plain objects. A prop with a default may be left out.'],
  ['enum', 'Enums', ''],
];

export function constructsPage(): string {
  const api = publicApi();
  const names = new Set(api.map(({ name }) => name));
  const sections = SECTIONS.map(([kind, title, text]) => {
    const declarations = api.filter((d) => d.kind === kind).sort((a, b) => (a.name < b.name ? -1 : 1));
    return [`## ${title}`, text, ...declarations.map((d) => declarationText(d, names))].filter(Boolean).join('\n\n');
  });
  return `${[
    '# Constructs',
    GENERATED,
    "    import { KafkaTls, KafkaCluster, Tls, TlsIssuer } from 'cdk8s-kafka-tls';",
    'Start with [KafkaTls](#kafkatls).',
    ...sections,
  ].join('\n\n')}\n`;
}

function declarationText(declaration: Declaration, names: ReadonlySet<string>): string {
  const { name, kind, base, doc, members } = declaration;
  const parts = [`### ${name}`, doc?.text ?? ''];
  if (base !== undefined) parts.push(`It has the props of ${linked(base, names)}, too.`);
  parts.push(...examples(doc), ...sees(doc));
  if (kind === 'interface') parts.push(propsTable(members, names));
  else if (kind === 'enum')
    parts.push(
      table(
        ['value', ''],
        members.map((m) => [`\`${name}.${m.name}\``, textOf(m)]),
      ),
    );
  else
    parts.push(
      ...methods(declaration, names),
      propertiesTable(
        members.filter((m) => m.kind === 'property'),
        names,
      ),
    );
  return parts.filter(Boolean).join('\n\n');
}

function methods({ name, members }: Declaration, names: ReadonlySet<string>): readonly string[] {
  return members
    .filter((m) => m.kind === 'method')
    .map((m) => {
      const call = m.signature.replace(/^static /, `${name}.`).replace(/\): .*$/, ')');
      return [`**\`${call}\`**`, `${m.doc?.text ?? ''}${optionsOf(m, names)}`, ...examples(m.doc), ...sees(m.doc)].join('\n\n');
    });
}

/** Links the interface of the parameters of a method. */
function optionsOf({ signature }: Member, names: ReadonlySet<string>): string {
  const used = [...signature.matchAll(/: (\w+)/g)]
    .map(([, type = '']) => type)
    .filter((type) => /(Props|Options)$/.test(type) && names.has(type));
  return used.length === 0 ? '' : ` See ${used.map((type) => linked(type, names)).join(', ')}.`;
}

function propsTable(members: readonly Member[], names: ReadonlySet<string>): string {
  const rows = members.map((m) => [`\`${m.name}\``, linked(m.type ?? '', names), defaultOf(m), textOf(m)]);
  return table(['prop', 'type', 'default', ''], rows);
}

function propertiesTable(members: readonly Member[], names: ReadonlySet<string>): string {
  const rows = members.map((m) => [`\`${m.name}${m.isOptional ? '?' : ''}\``, linked(m.type ?? '', names), textOf(m)]);
  return rows.length === 0 ? '' : table(['property', 'type', ''], rows);
}

function textOf({ doc }: Member): string {
  const example = doc?.tags.example?.map((code) => ` Example: \`${oneLine(code)}\``) ?? [];
  const see = doc?.tags.see?.map((text) => ` See ${oneLine(text)}.`) ?? [];
  return oneLine(doc?.text ?? '') + example.join('') + see.join('');
}

function defaultOf({ isOptional, doc }: Member): string {
  const text = oneLine(doc?.tags.default?.[0] ?? '');
  if (!isOptional) return 'required';
  return text.startsWith('- ') ? text.slice(2) : `\`${text}\``;
}

function examples(doc: Doc | undefined): readonly string[] {
  return doc?.tags.example?.map((code) => `\`\`\`ts\n${dedented(code)}\n\`\`\``) ?? [];
}

function sees(doc: Doc | undefined): readonly string[] {
  return doc?.tags.see?.map((text) => `See ${oneLine(text).replace(/\bdocs\/([\w/-]+)\.md/g, '[$1](../$1.md)')}.`) ?? [];
}

function dedented(code: string): string {
  const lines = code.replace(/^\n+/, '').split('\n');
  const margin = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(margin)).join('\n');
}

/** A type as code, with a link if it is a name of the public API. */
function linked(type: string, names: ReadonlySet<string>): string {
  const [, name = ''] = /^(?:readonly )?(\w+)(?:\[\])?$/.exec(type) ?? [];
  return names.has(name) ? `[\`${type}\`](#${name.toLowerCase()})` : `\`${type}\``;
}
