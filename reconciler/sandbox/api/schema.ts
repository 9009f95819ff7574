/**
 * Structural schemas: the fields of a kind that the API knows. They have the form of a CustomResourceDefinition's, reduced to what this API
 * acts on: types, enums, required, bounds, defaults, and how lists and maps merge under server-side apply.
 *
 * A schema carries the type of the values that it accepts, so that admission rules read a validated object with the fields of its schema:
 * `View<typeof kafkaSchema>`.
 */
import type { Condition, KubeObject } from '#model/kube-object';
import type { JsonObject, Metadata } from './json';

export interface Schema<T = unknown> {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  /** Schema of the values of a map with any keys. */
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  /** Never set: carries the type of the accepted values. */
  readonly accepts?: T;
}

/** The type of the values that a schema accepts. */
export type View<S> = S extends Schema<infer T> ? T : never;

type Properties = Readonly<Record<string, Schema>>;
type Members<P extends Properties, R extends keyof P> = { [K in R]: View<P[K]> } & { [K in Exclude<keyof P, R>]?: View<P[K]> };
type More<R> = Partial<Schema> & { readonly required?: readonly R[] };

export const string: Schema<string> = { type: 'string' };
export const boolean: Schema<boolean> = { type: 'boolean' };
export const int32: Schema<number> = { type: 'integer', format: 'int32' };
export const int64: Schema<number> = { type: 'integer', format: 'int64' };
export const integer: Schema<number> = { type: 'integer' };
export const dateTime: Schema<string> = { type: 'string', format: 'date-time' };
export const bytes: Schema<string> = { type: 'string', format: 'byte' };
export const intOrString: Schema<number | string> = { 'x-kubernetes-int-or-string': true };
/** A part that is kept as it is sent and not checked. */
export const opaque: Schema<JsonObject> = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
/** An opaque part that has one owner as a whole. */
export const atomic: Schema<JsonObject> = { ...opaque, 'x-kubernetes-map-type': 'atomic' };

/** An object with these fields only. */
export function object<const P extends Properties, R extends keyof P & string = never>(properties: P, more: More<R> = {}) {
  return { type: 'object', properties, ...more } as Schema<Members<P, R>>;
}

/** An object with these fields and any others. */
export function open<const P extends Properties>(properties: P, more: Partial<Schema> = {}) {
  return { ...opaque, properties, ...more } as Schema<Members<P, never>>;
}

/** The same schema for fields of several names. */
export function each<N extends string, T>(schema: Schema<T>, ...names: readonly N[]) {
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<N, Schema<T>>;
}

export function oneOf<const V extends string>(values: readonly V[], more: Partial<Schema> = {}): Schema<V> {
  return { type: 'string', enum: values, ...more } as Schema<V>;
}

export function mapOf<T>(values: Schema<T>): Schema<Record<string, T>> {
  return { type: 'object', additionalProperties: values };
}

/** A list that is replaced as a whole. */
export function list<T>(items: Schema<T>): Schema<T[]> {
  return { type: 'array', items };
}

/** A list with items that are merged by the value of some of their fields. */
export function listBy<T>(keys: readonly string[], items: Schema<T>): Schema<T[]> {
  return { ...list(items), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
}

/** A list of scalars that is merged as a set. */
export function setOf<T>(items: Schema<T>): Schema<T[]> {
  return { ...list(items), 'x-kubernetes-list-type': 'set' };
}

/** Metadata of every kind. Some kinds restrict their names. */
export function metadataSchema(name: Schema<string> = string): Schema<Metadata> {
  const owner = open({ ...each(string, 'apiVersion', 'kind', 'name', 'uid'), ...each(boolean, 'controller', 'blockOwnerDeletion') });
  return open({
    name,
    ...each(string, 'generateName', 'namespace', 'uid', 'resourceVersion'),
    ...each(int64, 'generation', 'deletionGracePeriodSeconds'),
    ...each(dateTime, 'creationTimestamp', 'deletionTimestamp'),
    ...each(mapOf(string), 'labels', 'annotations'),
    finalizers: setOf(string),
    ownerReferences: listBy(['uid'], owner),
    managedFields: list(opaque),
  }) as Schema<Metadata>;
}

const identity = { apiVersion: string, kind: string };

/** The schema of a whole object of a custom kind. */
export function kindSchema<S, T = never>(spec: Schema<S>, status?: Schema<T>, name?: Schema<string>) {
  const parts = { ...identity, metadata: metadataSchema(name), spec, ...(status === undefined ? {} : { status }) };
  return object(parts) as Schema<{ apiVersion: string; kind: string; metadata: Metadata; spec: S; status?: T }>;
}

/** The schema of one of Kubernetes' own kinds: its other fields are kept as sent. */
export function builtInSchema<const P extends Properties>(properties: P) {
  return open({ ...identity, metadata: metadataSchema(), ...properties }) as Schema<{ metadata: Metadata } & Members<P, never>>;
}

/** A list of conditions that is merged by their type. */
export const conditions = listBy(['type'], opaque as Schema<JsonObject & Condition>);

/** Returns a stored object with the fields of its schema. Custom kinds were validated when they were written. */
export function viewOf<T>(_schema: Schema<T>, object: KubeObject): T {
  return object as T;
}

/** Returns the schema of a member of an object, or undefined for an unknown one. */
export function memberSchema(schema: Schema | undefined, key: string): Schema | undefined {
  return schema?.properties?.[key] ?? schema?.additionalProperties;
}
