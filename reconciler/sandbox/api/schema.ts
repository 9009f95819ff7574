/**
 * Structural schemas: what the API knows of the shape of a kind. They have the form of a CustomResourceDefinition's, cut down to
 * what this API acts on: types, enums, required, bounds, defaults, and how lists and maps merge under server-side apply.
 */

export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  /** Schema of the values of a map with any keys. */
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
}

export const string: Schema = { type: 'string' };
export const boolean: Schema = { type: 'boolean' };
export const int32: Schema = { type: 'integer', format: 'int32' };
export const int64: Schema = { type: 'integer', format: 'int64' };
export const integer: Schema = { type: 'integer' };
export const dateTime: Schema = { type: 'string', format: 'date-time' };
export const bytes: Schema = { type: 'string', format: 'byte' };
/** A part that is kept as it is sent and not looked into. */
export const opaque: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export function object(properties: Readonly<Record<string, Schema>>, more: Partial<Schema> = {}): Schema {
  return { type: 'object', properties, ...more };
}

export function oneOf(values: readonly string[], more: Partial<Schema> = {}): Schema {
  return { type: 'string', enum: values, ...more };
}

export function mapOf(values: Schema): Schema {
  return { type: 'object', additionalProperties: values };
}

/** A list that is replaced as a whole. */
export function list(items: Schema, more: Partial<Schema> = {}): Schema {
  return { type: 'array', items, ...more };
}

/** A list whose items are merged by the value of some of their fields. */
export function listBy(keys: readonly string[], items: Schema): Schema {
  return { type: 'array', items, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
}

/** A list of scalars that is merged as a set. */
export function setOf(items: Schema): Schema {
  return { type: 'array', items, 'x-kubernetes-list-type': 'set' };
}

/** Metadata is the same for every kind; only what merges in a special way is spelled out. */
export const metadataSchema: Schema = {
  ...opaque,
  properties: {
    labels: mapOf(string),
    annotations: mapOf(string),
    finalizers: setOf(string),
    ownerReferences: listBy(['uid'], opaque),
  },
};

/** Returns the schema of a whole object of a custom kind; some restrict its name. */
export function kindSchema(spec: Schema, status?: Schema, name: Schema = string): Schema {
  const metadata: Schema = { ...metadataSchema, properties: { ...metadataSchema.properties, name } };
  return object({ apiVersion: string, kind: string, metadata, spec, ...(status === undefined ? {} : { status }) });
}

/** Returns the schema of a member of an object, or undefined where nothing is known of it. */
export function memberSchema(schema: Schema | undefined, key: string): Schema | undefined {
  return schema?.properties?.[key] ?? schema?.additionalProperties;
}
