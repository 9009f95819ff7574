/**
 * Schemas of all data that comes from outside, in valibot: objects of the API server, bundles, observations, saved plans. Types are
 * inferred from the schemas.
 *
 * A schema only checks. It never changes a value: a value that passes is used as it is, with the members that its schema does not list.
 * The message of a schema is what it expects, such as `a list`; `formatIssues` adds the path and what is there, and finds all issues of a
 * value at once.
 */
import * as v from 'valibot';
import { goDurationMs } from './go-duration';
import { isInstant } from './instant';
import { isMap } from './plain-data';

/**
 * A schema of values of a type. Behind it is a schema of valibot; its types are hidden, because declarations of this package would lead
 * every user to those of valibot, which need a newer standard library than some users have.
 */
export interface Schema<T = unknown> {
  readonly '~value'?: T;
}

/** The type of the values that pass a schema. */
export type Infer<S extends Schema> = S extends Schema<infer T> ? T : never;

/** A member that may be absent. */
export interface OptionalSchema<T> extends Schema<T> {
  readonly '~optional': true;
}

type Entries = Readonly<Record<string, Schema>>;
type Optional = OptionalSchema<unknown>;
// The two mapped types keep the comments of the entries.
type MapOf<E extends Entries> = Flat<
  { readonly [K in keyof E as E[K] extends Optional ? never : K]: Infer<E[K]> } & {
    readonly [K in keyof E as E[K] extends Optional ? K : never]?: Infer<E[K]>;
  }
>;
type Flat<T> = { [K in keyof T]: T[K] };

export interface MapSchema<E extends Entries> extends Schema<MapOf<E>> {
  readonly entries: E;
}

/** The schema of valibot behind one of ours. */
function inner(schema: Schema): v.GenericSchema {
  return schema as object as v.GenericSchema;
}

const ANY_MAP = v.custom<Readonly<Record<string, unknown>>>(isMap, 'a map');

/** A map with these members; it may have others. */
export function map<const E extends Entries>(entries: E): MapSchema<E> {
  // An absent member is an issue of the map in valibot: the message is the member's.
  const members = v.object(entries as object as v.ObjectEntries, ({ path }) => expectationOf(entries[String(path?.[0].key)]));
  return { ...v.pipe(ANY_MAP, members), entries } as object as MapSchema<E>;
}

function expectationOf(schema: object | undefined): string {
  const message = schema !== undefined && 'message' in schema ? schema.message : undefined;
  return typeof message === 'string' ? message : 'a value';
}

/** Returns the value in a JSON text; undefined if the text is no JSON, or if the value does not pass the schema. */
export function jsonAs<T>(schema: Schema<T>, text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isValid(schema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A map with any keys, whose values all follow one schema. */
export function record<T>(value: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return { ...v.pipe(ANY_MAP, v.record(v.string(), inner(value))), values: value } as object;
}

export function list<T>(item: Schema<T>): Schema<readonly T[]> {
  return v.array(inner(item), 'a list') as object;
}

/** A value for which the function returns true. */
export function valueThat<T = unknown>(expected: string, isFine: (value: unknown) => boolean): Schema<T> {
  return v.custom(isFine, expected) as object;
}

const INTEGRAL = v.custom<number>(Number.isSafeInteger, 'a whole number');

/** A whole number of some size, such as `a whole number from 0`. */
export function integerThat(expected: string, isFine: (value: number) => boolean): Schema<number> {
  return v.pipe(INTEGRAL, v.check(isFine, expected)) as object;
}

/** A string of some form, such as `a name such as orders-ca`. */
export function stringThat<T extends string = string>(expected: string, isFine: (text: string) => boolean): Schema<T> {
  return v.pipe(v.string(expected), v.check(isFine, expected)) as object;
}

export function oneOf<const T extends string>(options: readonly T[]): Schema<T> {
  return v.picklist(options, `one of ${options.join(', ')}`) as object;
}

/**
 * A string that has one of these values in the versions that this project knows. A live object may hold another one, since a later version
 * may have more; only `unknownParts` finds it.
 */
export function choice<const T extends string>(options: readonly T[]): Schema<T> {
  return { ...v.string('a string'), choices: options } as object;
}

/** A value with the schema that the function chooses for it. */
export function chosen<T>(choose: (value: unknown) => Schema<T>): Schema<T> {
  return { ...v.lazy((value) => inner(choose(value))), message: expectationOf(choose(undefined)) } as object;
}

/** The member may be absent. */
export function optional<T>(schema: Schema<T>): OptionalSchema<T> {
  return v.exactOptional(inner(schema)) as object as OptionalSchema<T>;
}

/** The member may be absent or undefined: it is known to have no value. */
export function maybe<T>(schema: Schema<T>): OptionalSchema<T | undefined> {
  return v.optional(inner(schema)) as object as OptionalSchema<T | undefined>;
}

/** The member may be absent or null: Go writes null for a slice or pointer without a value. */
export function nullable<T>(schema: Schema<T>): OptionalSchema<T | null> {
  return v.nullish(inner(schema)) as object as OptionalSchema<T | null>;
}

/** Every member may be absent. */
export function optionals<const E extends Entries>(entries: E) {
  const all = Object.entries(entries).map(([key, schema]) => [key, optional(schema)] as const);
  return Object.fromEntries(all) as { readonly [K in keyof E]: OptionalSchema<Infer<E[K]>> };
}

export const ANY: Schema = v.unknown() as object;
export const STRING: Schema<string> = v.string('a string') as object;
export const NON_EMPTY = stringThat('a string', (text) => text !== '');
export const BOOLEAN: Schema<boolean> = v.boolean('true or false') as object;
export const NUMBER = valueThat<number>('a number', Number.isFinite);
export const INTEGER: Schema<number> = INTEGRAL as object;
export const COUNT = integerThat('a whole number from 0', (value) => value >= 0);
export const STRINGS = list(STRING);
export const STRING_MAP = record(STRING);

/** Every name of Kubernetes that is used here is at least this narrow: as a part of a path or of another name it stays one name. */
export const NAME = stringThat('a name such as orders-ca', (text) => text.length < 254 && /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(text));
export const DURATION = stringThat('a duration such as 5m or 1h30m', (text) => (goDurationMs(text) ?? -1) >= 0);
export const INSTANT = stringThat('an instant such as 2026-11-23T09:00:00Z', isInstant);

/** A value that no message may repeat. */
export function hidden<T>(schema: Schema<T>): Schema<T> {
  return { ...schema, isHidden: true } as object;
}

/** Keys of maps and indexes of lists. */
export type Keys = readonly (string | number)[];

/** A part of a value that does not follow its schema. */
export interface Issue {
  /** From the value to the part; empty for the value itself. */
  readonly keys: Keys;
  readonly value: unknown;
  /** `a list`. */
  readonly expected: string;
  /** The type is wrong, and not only the form of a string or the size of a number. */
  readonly isOfType: boolean;
}

const NONE: readonly Issue[] = [];

/** Tells whether a value follows a schema. */
export function isValid<T>(schema: Schema<T>, value: unknown): value is T {
  return v.is(inner(schema), value);
}

/** Returns every issue of a value. */
export function issuesOf(schema: Schema, value: unknown): readonly Issue[] {
  // Nearly every value is valid, and finding that out is much cheaper than collecting issues.
  if (v.is(inner(schema), value)) return NONE;
  const { issues = [] } = v.safeParse(inner(schema), value, { abortPipeEarly: true });
  return issues.map(({ path = [], input, message, kind }) => {
    return { keys: path.map(({ key }) => key as string | number), value: input, expected: message, isOfType: kind === 'schema' };
  });
}

/** Returns every issue as text: `pods[0].served: is missing; a list is expected`. */
export function formatIssues(schema: Schema, value: unknown): readonly string[] {
  return issuesOf(schema, value).map(({ keys, value: found, expected }) => {
    const is = isHiddenAt(schema, keys) ? 'is something else' : describe(found);
    return `${keys.length === 0 ? '' : `${formatPath(keys)}: `}${is}; ${expected} is expected`;
  });
}

function isHiddenAt(schema: Schema, [key, ...rest]: Keys): boolean {
  const { wrapped = schema } = schema as Partial<Parts>;
  const { isHidden = false, entries = {}, item, values } = wrapped as Partial<Parts>;
  if (isHidden || key === undefined) return isHidden;
  const next = entries[key] ?? item ?? values;
  return next !== undefined && isHiddenAt(next, rest);
}

/** A part of a value that its schema does not have. */
export interface UnknownPart {
  readonly keys: Keys;
  readonly value: unknown;
  /** The fields, or the values of a `choice`, that the schema has at this place. */
  readonly known: readonly string[];
  readonly isField: boolean;
}

/** Returns the fields and choices of a value that its schema does not list, at any depth. */
export function unknownParts(schema: Schema, value: unknown, at: Keys = []): readonly UnknownPart[] {
  const { wrapped = schema } = schema as Partial<Parts>;
  const { item, entries, choices } = wrapped as Partial<Parts>;
  if (item !== undefined && Array.isArray(value)) return value.flatMap((member, i) => unknownParts(item, member, [...at, i]));
  if (choices !== undefined && typeof value === 'string' && !choices.includes(value))
    return [{ keys: at, value, known: choices, isField: false }];
  if (entries === undefined || !isMap(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const keys = [...at, key];
    const known = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (known !== undefined) return unknownParts(known, member, keys);
    return member === undefined ? [] : [{ keys, value: member, known: Object.keys(entries), isField: true }];
  });
}

/** Members of schemas that hold further ones. */
interface Parts {
  readonly wrapped: Schema;
  readonly item: Schema;
  readonly entries: Readonly<Record<string, Schema>>;
  readonly values: Schema;
  readonly choices: readonly string[];
  readonly isHidden: boolean;
}

/** Longer strings are not repeated. */
const LONGEST_SHOWN = 40;

function describe(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (Array.isArray(value)) return 'is a list';
  if (isMap(value)) return 'is a map';
  if (typeof value !== 'string') return Number.isNaN(value) ? 'is not a number' : `is ${String(value)}`;
  return value.length > LONGEST_SHOWN ? 'is a long string' : `is "${value}"`;
}

/** Returns a path such as `spec.pods[0].name`. A key that would be taken for something else in it is quoted. */
export function formatPath(keys: Keys): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
    return path === '' ? key : `${path}.${key}`;
  }, '');
}
