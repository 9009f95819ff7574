/**
 * What a value from outside must look like before anything rests on it: a bundle in a file, an observation, an object of the API server.
 *
 * A rule takes a value and returns its flaws, each with the path to it; a value without flaws has the shape. Rules are put together from
 * smaller ones. All flaws are found at once. What a rule does not name is left alone, except in a closed map.
 */
import { goDurationMs } from '#model/go-duration';
import { isInstant } from '#model/instant';
import { isMap } from '#model/kube-object';

/** Something that is not as it should be. */
export interface Flaw {
  /** From the value to what is wrong with it: `spec.pods[0].name`; empty for the value itself. */
  readonly path: string;
  /** What is there: `is "x"`, `is a list`, `is missing`. */
  readonly has: string;
  /** What should be: `a list is expected`. */
  readonly wants: string;
}

/** Says what is wrong with a value, or nothing. */
export type Rule = (value: unknown) => readonly Flaw[];

const NONE: readonly Flaw[] = [];

/** Returns the flaws of a value as text: `pods[0].served: is missing; a list is expected`. */
export function flawsOf(rule: Rule, value: unknown): readonly string[] {
  return rule(value).map(({ path, has, wants }) => `${path === '' ? '' : `${path}: `}${has}; ${wants}`);
}

/** Tells whether a value has the shape. */
export function fits(rule: Rule, value: unknown): boolean {
  return rule(value).length === 0;
}

/** Returns a rule that says `expected` of whatever is not fine. */
export function expects(expected: string, isFine: (value: unknown) => boolean): Rule {
  return (value) => (isFine(value) ? NONE : [{ path: '', has: whatIs(value), wants: `${expected} is expected` }]);
}

/** Longer texts are not repeated. */
const LONGEST_SHOWN = 40;

function whatIs(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (Array.isArray(value)) return 'is a list';
  if (isMap(value)) return 'is a map';
  if (typeof value !== 'string') return Number.isNaN(value) ? 'is not a number' : `is ${String(value)}`;
  return value.length > LONGEST_SHOWN ? 'is a long text' : `is "${value}"`;
}

/** The member may be missing. */
export function optional(rule: Rule): Rule {
  return (value) => (value === undefined ? NONE : rule(value));
}

/** The member may be missing or null, which is how Go writes what is not there. */
export function nullable(rule: Rule): Rule {
  return (value) => (value === undefined || value === null ? NONE : rule(value));
}

/** Says of flaws where they are and what is expected, but nothing of what is there. */
export function unseen(rule: Rule): Rule {
  return (value) => rule(value).map((flaw) => ({ ...flaw, has: 'is something else' }));
}

export function oneOf(names: readonly string[]): Rule {
  return expects(`one of ${names.join(', ')}`, (v) => typeof v === 'string' && names.includes(v));
}

export function listOf(rule: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return A_LIST(value);
    return value.flatMap((item, i) => below(`[${i}]`, rule(item)));
  };
}

const A_LIST = expects('a list', Array.isArray);
const A_MAP = expects('a map', isMap);

/** A map with these members; others are left alone. */
export function mapOf(members: Readonly<Record<string, Rule>>): Rule {
  const rules = Object.entries(members);
  return (value) => {
    if (!isMap(value)) return A_MAP(value);
    return rules.flatMap(([key, rule]) => below(key, rule(Object.hasOwn(value, key) ? value[key] : undefined)));
  };
}

/** A map with these members and no other ones. */
export function closedMapOf(members: Readonly<Record<string, Rule>>): Rule {
  const known = mapOf(members);
  const wants = `the fields are ${Object.keys(members).join(', ')}`;
  return (value) => {
    const unknown = isMap(value) ? Object.keys(value).filter((key) => !Object.hasOwn(members, key)) : [];
    return [...known(value), ...unknown.map((key) => ({ path: step(key), has: 'is unknown', wants }))];
  };
}

/** A map of any keys, every value of which follows the rule. */
export function everyOf(rule: Rule): Rule {
  return (value) => (isMap(value) ? Object.entries(value).flatMap(([key, member]) => below(key, rule(member))) : A_MAP(value));
}

/** Paths are made only for what is wrong: nearly all that is looked at is not. */
function below(key: string, flaws: readonly Flaw[]): readonly Flaw[] {
  if (flaws.length === 0) return NONE;
  const here = key.startsWith('[') ? key : step(key);
  return flaws.map((flaw) => ({ ...flaw, path: `${here}${flaw.path === '' || flaw.path.startsWith('[') ? '' : '.'}${flaw.path}` }));
}

/** A key that would be taken for something else in a path is quoted. */
function step(key: string): string {
  return /^[\w-]+$/.test(key) ? key : `[${JSON.stringify(key)}]`;
}

export const ANY_TEXT = expects('a text', (v) => typeof v === 'string');
export const TEXT = expects('a text', (v) => typeof v === 'string' && v !== '');
export const TRUTH = expects('true or false', (v) => typeof v === 'boolean');
export const NUMBER = expects('a number', Number.isFinite);
export const COUNT = expects('a whole number from 0', (v) => Number.isSafeInteger(v) && Number(v) >= 0);
export const TEXTS = listOf(ANY_TEXT);
export const TEXT_MAP = everyOf(ANY_TEXT);

/** Every kind of name that this project meets is at least this narrow; whatever it is put into, it stays one name. */
export const NAME = expects(
  'a name such as orders-ca',
  (v) => typeof v === 'string' && v.length < 254 && /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(v),
);

export const DURATION = expects('a duration such as 5m or 1h30m', (v) => typeof v === 'string' && (goDurationMs(v) ?? -1) >= 0);

export const INSTANT = expects('an instant such as 2026-11-23T09:00:00Z', (v) => typeof v === 'string' && isInstant(v));

const DEEPEST = 100;

/** Returns why a value is none that JSON could carry, or nobody would: endless, nested beyond reason, or with a number that is none. */
export function unlikeJson(value: unknown, left = DEEPEST): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'holds a number that JSON lacks, such as .nan or .inf';
  if (typeof value !== 'object' || value === null) return undefined;
  if (left === 0) return `is nested deeper than ${DEEPEST} levels`;
  for (const member of Object.values(value)) {
    const why = unlikeJson(member, left - 1);
    if (why !== undefined) return why;
  }
  return undefined;
}
