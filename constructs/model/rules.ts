/**
 * Validation rules as tables. A row names a field, what its value must be, the reason if it is not, and what to do.
 *
 * `checkRules` evaluates the rows in order and reports the first broken rule of each field. A later row may therefore rely on the earlier
 * rows of the same field.
 */
import { type KubeObject, type ObjectRef, refOf } from './kube-object';
import { isMap } from './plain-data';
import type { Violation } from './violation';

/** One value that a rule is about. */
export interface FieldContext {
  /** Path from the root of the object, such as `spec.tolerations[0].key`. */
  readonly path: string;
  /** Undefined when the field is absent. */
  readonly value: unknown;
  /** Key or index of the value in its parent. */
  readonly key: string;
  /** The map or list that contains the value. */
  readonly parent: Readonly<Record<string, unknown>>;
  /** The whole object. */
  readonly object: object;
}

export interface Rule {
  /**
   * Paths of the field. `[]` stands for every item of a list, `[*]` and `.*` for every key of a map, reported as `[key]` or `.key`; `[a.b]`
   * is the key "a.b". A field whose parent is absent is not checked.
   */
  readonly field: string | readonly string[];
  /** The rule is checked for an absent field, too. Default: false. */
  readonly isRequired?: true;
  /** Default: error. */
  readonly severity?: 'warning';
  /** Returns whether the value is as it must be. */
  readonly must: (value: unknown, context: FieldContext) => boolean;
  /** The reason, lower-case, and a sentence that says what to do: "KubeDB knows no such operation. Use ReconfigureTLS or Restart." */
  readonly message: string | ((value: unknown, context: FieldContext) => string);
  /** What the message shows instead of a value that is secret or long. */
  readonly shows?: string | ((value: unknown) => string);
}

/** Returns the first broken rule of every field. */
export function checkRules(object: KubeObject, rules: readonly Rule[]): readonly Violation[];
export function checkRules(object: object, rules: readonly Rule[], subject: ObjectRef): readonly Violation[];
export function checkRules(object: object, rules: readonly Rule[], subject?: ObjectRef): readonly Violation[] {
  const found = new Map<string, Violation>();
  for (const { field, isRequired, severity = 'error', must, message, shows } of rules) {
    for (const context of [field].flat().flatMap((path) => fieldsAt(object, path))) {
      const { path, value } = context;
      if (found.has(path) || (value === undefined && !isRequired) || must(value, context)) continue;
      found.set(path, {
        severity,
        subject: subject ?? refOf(object as KubeObject),
        field: path,
        value: typeof shows === 'function' ? shows(value) : (shows ?? value),
        message: typeof message === 'string' ? message : message(value, context),
      });
    }
  }
  return [...found.values()];
}

/** Returns a predicate for one of these values. */
export function isOneOf(...values: readonly unknown[]): (value: unknown) => boolean {
  return (value) => values.includes(value);
}

/** Returns the value at a path without wildcards, such as `spec.topology.broker`; undefined where there is none. */
export function valueAt(object: object, path: string): unknown {
  return fieldsAt(object, path)[0]?.value;
}

/** Returns the value as a list; an absent or malformed one is empty. */
export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldsAt(object: object, path: string): readonly FieldContext[] {
  let fields: readonly FieldContext[] = [{ path: '', value: object, key: '', parent: {}, object }];
  for (const step of stepsOf(path)) fields = fields.flatMap((context) => childrenOf(context, step));
  return fields;
}

const parsed = new Map<string, readonly string[]>();

/** cdk8s validates an app once for each of its charts, so that the same paths are parsed again and again. */
function stepsOf(path: string): readonly string[] {
  const steps = parsed.get(path) ?? path.match(/\[[^\]]*\]|[^.[\]]+/g) ?? [];
  parsed.set(path, steps);
  return steps;
}

function childrenOf({ path, value, object }: FieldContext, step: string): readonly FieldContext[] {
  const name = step.replace(/^\[(.*)\]$/, '$1');
  if (Array.isArray(value)) {
    const items = value.map((item, i) => ({ path: `${path}[${i}]`, value: item, key: String(i), parent: {}, object }));
    return name === '' ? items : items.filter(({ key }) => key === name);
  }
  if (!isMap(value) || name === '') return [];
  return (name === '*' ? Object.keys(value) : [name]).map((key) => {
    const child = step.startsWith('[') ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    return { path: child, value: value[key], key, parent: value, object };
  });
}
