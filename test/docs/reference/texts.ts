/**
 * Texts as the code writes them, with a placeholder for each value: `${owner} is not Ready` is "<owner> is not Ready".
 *
 * A text may have variants: a conditional expression is one text for each branch. A name is looked up among the constants around it. What
 * another function returns is a placeholder with the name of that function.
 */
import { constantOf, type Node, type Source } from './source';

const MOST_VARIANTS = 6;
const ABSENT = '<undefined>';

/** Returns the variants of a text; `above` are the nodes around the expression, the outermost first. */
export function textsOf(node: Node | undefined, above: readonly Node[], source: Source): readonly string[] {
  return [...new Set(variants(node, above, source, 0))].filter((text) => text !== ABSENT).slice(0, MOST_VARIANTS);
}

/** Tells whether a text says nothing by itself, because another place of the code makes all of it. */
export function isPassedOn(text: string): boolean {
  return text.replace(/<[^>]*>/g, '').replace(/[\s.;:]/g, '') === '';
}

function variants(node: Node | undefined, above: readonly Node[], source: Source, depth: number): readonly string[] {
  if (node === undefined || depth > 8) return ['<...>'];
  const inner = (n: Node) => variants(n, above, source, depth + 1);
  switch (node.type) {
    case 'Literal':
      return [String(node.value)];
    case 'TemplateLiteral':
      return template(node, inner);
    case 'ConditionalExpression':
      return [...inner(node.consequent), ...inner(node.alternate)];
    case 'LogicalExpression':
      return node.operator === '??' || node.operator === '||' ? [...inner(node.left), ...inner(node.right)] : inner(node.right);
    case 'BinaryExpression':
      return node.operator === '+' ? product([inner(node.left), inner(node.right)]) : ['<...>'];
    case 'Identifier': {
      const value = constantOf(node.name, above, source);
      return value === undefined ? [placeholder(node)] : variants(value, above, source, depth + 1);
    }
    case 'MemberExpression': {
      // A text from a table of this file: `BECAUSE[code]`.
      const table = node.computed && node.object.type === 'Identifier' ? constantOf(node.object.name, above, source) : undefined;
      return table?.type === 'ObjectExpression' ? table.properties.flatMap((p: Node) => inner(p.value)) : [placeholder(node)];
    }
    case 'ArrayExpression':
      return node.elements.flatMap((e: Node) => inner(e.type === 'SpreadElement' ? e.argument : e));
    case 'ArrowFunctionExpression':
      return node.body.type === 'BlockStatement' ? ['<...>'] : inner(node.body);
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSNonNullExpression':
      return inner(node.expression);
    case 'CallExpression': {
      const [first] = node.arguments;
      // A function such as `withCause(text, ...)` adds to its first argument.
      if (/^with[A-Z]/.test(node.callee.name ?? '') && first !== undefined) return inner(first);
      if (node.callee.property?.name === 'join') return joined(node, inner);
      if (node.callee.property?.name === 'map' && first?.type === 'ArrowFunctionExpression') return inner(first);
      const local = node.callee.type === 'Identifier' ? constantOf(node.callee.name, above, source) : undefined;
      if (local?.type === 'ArrowFunctionExpression') return inner(local);
      const returned = returnedBy(node, source);
      return returned === undefined ? [placeholder(node)] : returned.flatMap((r) => variants(r.node, r.above, source, depth + 2));
    }
    default:
      return [placeholder(node)];
  }
}

function template(node: Node, inner: (n: Node) => readonly string[]): readonly string[] {
  const parts = node.quasis.flatMap((quasi: Node, i: number) => {
    const value: Node | undefined = node.expressions[i];
    const text = [quasi.value.cooked as string];
    return value === undefined ? [text] : [text, shortOf(value, inner)];
  });
  return product(parts);
}

/** `[a, b].join(', ')`, also with a filter between. */
function joined(node: Node, inner: (n: Node) => readonly string[]): readonly string[] {
  const { object } = node.callee;
  const list: Node = object.type === 'CallExpression' ? object.callee.object : object;
  const separator = String(node.arguments[0]?.value ?? ', ');
  if (list?.type !== 'ArrayExpression') return [placeholder(node)];
  const elements: readonly Node[] = list.elements.filter((e: Node) => e.type !== 'SpreadElement');
  return product(elements.flatMap((e, i) => (i === 0 ? [inner(e)] : [[separator], inner(e)])));
}

/** A value inside a text: itself if it is a choice between texts, else a placeholder. */
function shortOf(node: Node, inner: (n: Node) => readonly string[]): readonly string[] {
  const isChoice = node.type === 'ConditionalExpression' || node.type === 'Identifier' || node.type === 'Literal';
  if (!isChoice) return [placeholder(node)];
  const texts = inner(node);
  return texts.length <= 2 ? texts : [placeholder(node)];
}

function product(parts: readonly (readonly string[])[]): readonly string[] {
  return parts.reduce<readonly string[]>((texts, part) => texts.flatMap((text) => part.map((p) => text + p)).slice(0, MOST_VARIANTS), ['']);
}

/** The values that a function of the same file returns, if its body is only these. */
function returnedBy(call: Node, source: Source): readonly { readonly node: Node; readonly above: readonly Node[] }[] | undefined {
  const name: string | undefined = call.callee.name;
  const found = source.body
    .map((s) => (s.type === 'ExportNamedDeclaration' ? s.declaration : s))
    .find((d) => d?.type === 'FunctionDeclaration' && d.id.name === name);
  if (found === undefined) return undefined;
  const returns: { node: Node; above: readonly Node[] }[] = [];
  const visit = (statement: Node | null | undefined, above: readonly Node[]): void => {
    switch (statement?.type) {
      case 'ReturnStatement':
        if (statement.argument != null) returns.push({ node: statement.argument, above });
        break;
      case 'IfStatement':
        for (const branch of [statement.consequent, statement.alternate]) visit(branch, above);
        break;
      case 'ForOfStatement':
        visit(statement.body, above);
        break;
      case 'BlockStatement':
        for (const inside of statement.body) visit(inside, [...above, statement]);
        break;
      default:
    }
  };
  visit(found.body, []);
  return returns.length === 0 || returns.some(({ node }) => node.type === 'ObjectExpression') ? undefined : returns;
}

function placeholder(node: Node): string {
  return `<${nameOf(node)}>`;
}

function nameOf(node: Node): string {
  switch (node.type) {
    case 'Identifier':
      return words(node.name);
    case 'MemberExpression':
      return node.computed ? nameOf(node.object) : words(node.property.name);
    case 'CallExpression': {
      const { callee, arguments: args } = node;
      const isFormat = callee.type === 'Identifier' && /^(format|listed|quoted|String|ref|refOf|printable|withoutDot)/.test(callee.name);
      if (isFormat && args[0] !== undefined) return nameOf(args[0]);
      return callee.type === 'MemberExpression' ? nameOf(callee.object) : nameOf(callee);
    }
    case 'ChainExpression':
    case 'TSNonNullExpression':
    case 'TSAsExpression':
    case 'AwaitExpression':
      return nameOf(node.expression ?? node.argument);
    case 'LogicalExpression':
      return nameOf(node.left);
    case 'ConditionalExpression':
      return nameOf(node.alternate.type === 'Literal' ? node.consequent : node.alternate);
    default:
      return '...';
  }
}

/** `subjectName` as words. */
function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
