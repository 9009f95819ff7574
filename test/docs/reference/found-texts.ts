/** Every text by which this project refuses or fails, found in the syntax trees of its sources. */
import path from 'node:path';
import { constantOf, type Node, type Source, sourcesBelow, walk } from './source';
import { isPassedOn, textsOf } from './texts';

export interface FoundText {
  /** `blocker`: an obstacle of a plan. `error`: ends a run. `gate`: refuses a restart. `synth`: a rule that synth checks. */
  readonly origin: 'blocker' | 'error' | 'gate' | 'synth';
  /** Kinds of a blocker, class of an error, or `error` and `warning` of synth. */
  readonly kinds: readonly string[];
  /** Path from the root, without its extension, and the function: `reconciler/plan/preconditions#kafkaIsHalted`. */
  readonly place: string;
  readonly messages: readonly string[];
  readonly hints: readonly string[];
  /** Made by a function that others call: no error is created there. */
  readonly isPart?: true;
}

const BLOCKER_KINDS = ['wait', 'blocked', 'invalid', 'failed'];
const ERROR = /^(InvalidInput|Cluster|OperationFailed|Timeout|Blocked|Interrupted|Internal)Error$/;

export function foundTexts(): readonly FoundText[] {
  const sandbox = path.join('reconciler', 'sandbox');
  const sources = [...sourcesBelow('reconciler'), ...sourcesBelow(path.join('constructs', 'model'))];
  return sources.filter(({ file }) => !file.startsWith(sandbox)).flatMap(textsIn);
}

/** Tells whether another place of the code makes all of a text. */
export function isMadeElsewhere({ messages, hints }: FoundText): boolean {
  return [...messages, ...hints].every(isPassedOn);
}

function textsIn(source: Source): readonly FoundText[] {
  const found: FoundText[] = [];
  for (const statement of source.body) {
    walk(statement, (node, above) => {
      const around = [{ type: 'Program', start: 0, end: 0, body: source.body }, ...above];
      found.push(...problemsOf(node, around, source));
      const text = blockerOf(node, around, source) ?? errorOf(node) ?? gateOf(node, source) ?? synthOf(node, source);
      if (text === undefined) return;
      found.push({
        origin: text.origin,
        kinds: text.kinds,
        place: `${source.file.replace(/\.ts$/, '')}#${functionAround(above)}`,
        messages: textsOf(text.message, around, source),
        hints: text.hint === undefined ? [] : textsOf(text.hint, around, source),
      });
    });
  }
  return found;
}

interface Parts {
  readonly origin: FoundText['origin'];
  readonly kinds: readonly string[];
  readonly message: Node | undefined;
  readonly hint?: Node | undefined;
}

/** `{ kind: 'blocked', subject, message, hint }` of a plan, and `{ problem, hint }` and `{ budget, because, hint }`, from which one is made. */
function blockerOf(node: Node, above: readonly Node[], source: Source): Parts | undefined {
  if (node.type !== 'ObjectExpression' || !/^reconciler.(plan|executors)\b/.test(source.file)) return undefined;
  const { kind, subject, message, hint, problem, reason, because, budget } = propertiesOf(node, above, source);
  if (problem !== undefined && hint !== undefined) return { origin: 'blocker', kinds: ['invalid'], message: problem, hint };
  if (budget !== undefined && because !== undefined) return { origin: 'blocker', kinds: ['blocked'], message: because, hint };
  if (reason !== undefined || subject === undefined || message === undefined || kind === undefined) return undefined;
  const kinds = textsOf(kind, above, source).filter((k) => BLOCKER_KINDS.includes(k));
  return kinds.length === 0 ? undefined : { origin: 'blocker', kinds, message, hint };
}

/** `new BlockedError(message, { hint })`, and the answers of the API server: `clusterError(call, failure, why, hint)`. */
function errorOf(node: Node): Parts | undefined {
  if (node.type === 'CallExpression' && node.callee.name === 'clusterError') {
    return { origin: 'error', kinds: ['ClusterError'], message: node.arguments[2], hint: node.arguments[3] };
  }
  if (node.type !== 'NewExpression' || !ERROR.test(node.callee.name ?? '')) return undefined;
  const [message, options] = node.arguments;
  const hint = options?.type === 'ObjectExpression' ? propertiesOf(options).hint : undefined;
  return { origin: 'error', kinds: [node.callee.name], message, hint };
}

/** Names of functions that return why a value is refused; their callers pass it on. */
const PROBLEM = /(Problems?|problemsOf|unlikeJson|(cluster|user|authority)Violations|proxyNamed)$/;

/** The texts in a function that returns why a value is refused, each by itself. */
function problemsOf(node: Node, above: readonly Node[], source: Source): readonly FoundText[] {
  const isModel = source.file.startsWith(path.join('constructs', 'model'));
  const isReader = /^reconciler.(cluster.(kubeconfig|proxy)|input|bundle)\b/.test(source.file);
  if (node.type !== 'FunctionDeclaration' || !PROBLEM.test(node.id.name) || !(isModel || isReader)) return [];
  const texts: string[] = [];
  walk(node.body, (inner, parents) => {
    const isText = inner.type === 'TemplateLiteral' || (inner.type === 'Literal' && typeof inner.value === 'string');
    // A text inside another one is a part of it, and a text that is compared is a value.
    if (!isText || parents.some((p) => p.type === 'TemplateLiteral' || p.type === 'BinaryExpression')) return;
    texts.push(...textsOf(inner, [...above, node, ...parents], source).filter((text) => /\S \S/.test(text) && !isPassedOn(text)));
  });
  const place = `${source.file.replace(/\.ts$/, '')}#${node.id.name}`;
  const kinds = isModel ? { origin: 'synth' as const, kinds: ['error'] } : { origin: 'error' as const, kinds: ['InvalidInputError'] };
  return texts.map((text) => ({ ...kinds, place, messages: [text], hints: [], isPart: true }));
}

/** `{ because, retry }` of a gate. */
function gateOf(node: Node, source: Source): Parts | undefined {
  if (node.type !== 'ObjectExpression' || !source.file.includes(`plan${path.sep}gates`)) return undefined;
  const { because, retry } = propertiesOf(node);
  return because === undefined || retry === undefined ? undefined : { origin: 'gate', kinds: ['gate'], message: because };
}

/** `{ field, must, message }`, and `error(field, value, why, hint)`. */
function synthOf(node: Node, source: Source): Parts | undefined {
  if (!path.basename(source.file).startsWith('validate')) return undefined;
  if (node.type === 'ObjectExpression') {
    const { must, message, severity } = propertiesOf(node);
    return must === undefined || message === undefined ? undefined : { origin: 'synth', kinds: [severity?.value ?? 'error'], message };
  }
  const isReport = node.type === 'CallExpression' && /^(error|warning)$/.test(node.callee.name ?? '') && node.arguments.length === 4;
  return isReport ? { origin: 'synth', kinds: [node.callee.name], message: node.arguments[2], hint: node.arguments[3] } : undefined;
}

/** The properties of an object, also those of constants that are spread into it. */
function propertiesOf(object: Node, above: readonly Node[] = [], source?: Source): Readonly<Record<string, Node>> {
  return Object.fromEntries(
    object.properties.flatMap((p: Node): readonly (readonly [string, Node])[] => {
      if (p.type === 'Property') return p.key.type === 'Identifier' ? [[p.key.name, p.value]] : [];
      const branches: readonly Node[] =
        p.argument.type === 'ConditionalExpression' ? [p.argument.consequent, p.argument.alternate] : [p.argument];
      return branches.flatMap((branch) => {
        const value = branch.type === 'Identifier' && source !== undefined ? constantOf(branch.name, above, source) : branch;
        return value?.type === 'ObjectExpression' ? Object.entries(propertiesOf(value, above, source)) : [];
      });
    }),
  );
}

function functionAround(above: readonly Node[]): string {
  const names = above.flatMap((node) => {
    if (node.type === 'FunctionDeclaration') return [node.id.name];
    if (node.type === 'MethodDefinition') return [node.key.name];
    if (node.type === 'VariableDeclarator' && node.id.name !== undefined) return [node.id.name];
    return [];
  });
  return names[0] ?? '';
}
