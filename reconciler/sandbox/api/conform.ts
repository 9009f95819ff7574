/**
 * How a schema changes and checks an object that comes in, as for custom resources: unknown fields are found and removed, absent fields get
 * their defaults, the rest is validated.
 */
import { duplicateValue, type FieldProblem, invalidValue, problemsOf, requiredValue, unsupportedValue, wrongType } from './field-problem';
import { copyOf, isObject, itemsOf } from './json';
import { memberSchema, type Schema } from './schema';

const member = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);

/** Removes the fields of a draft that the schema does not know, and returns their paths. */
export function prune(draft: unknown, schema: Schema | undefined, path = ''): string[] {
  if (schema === undefined || schema['x-kubernetes-int-or-string']) return [];
  if (!isObject(draft)) return itemsOf(draft).flatMap((item, i) => prune(item, schema.items, `${path}[${i}]`));
  return Object.keys(draft).flatMap((key) => {
    const known = memberSchema(schema, key);
    if (known !== undefined) return prune(draft[key], known, member(path, key));
    if (schema['x-kubernetes-preserve-unknown-fields']) return [];
    delete draft[key];
    return [member(path, key)];
  });
}

/** Fills the absent fields of a draft that have a default. */
export function fillDefaults(draft: unknown, schema: Schema | undefined): void {
  for (const item of itemsOf(draft)) fillDefaults(item, schema?.items);
  if (!isObject(draft)) return;
  for (const [key, property] of Object.entries(schema?.properties ?? {}))
    if (property.default !== undefined) draft[key] ??= copyOf(property.default);
  for (const key of Object.keys(draft)) fillDefaults(draft[key], memberSchema(schema, key));
}

/** Returns every problem of a value under its schema. */
export function validate(value: unknown, schema: Schema | undefined, path = ''): FieldProblem[] {
  if (schema === undefined || value === undefined) return [];
  const type = schema['x-kubernetes-int-or-string'] ? 'integer,string' : schema.type;
  if (type !== undefined && !type.split(',').some((name) => hasType(value, name))) return [wrongType(path, value, type)];
  if (Array.isArray(value))
    return [...duplicates(value, schema, path), ...value.flatMap((item, i) => validate(item, schema.items, `${path}[${i}]`))];
  if (!isObject(value)) return scalarProblems(value, schema, path);
  const missing = (schema.required ?? []).filter((key) => value[key] === undefined).map((key) => requiredValue(member(path, key)));
  return [...missing, ...Object.keys(value).flatMap((key) => validate(value[key], memberSchema(schema, key), member(path, key)))];
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}

function duplicates(items: readonly unknown[], schema: Schema, path: string): FieldProblem[] {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'set' && keys === undefined) return [];
  const identities = items.map((item) => (isObject(item) && keys ? Object.fromEntries(keys.map((key) => [key, item[key]])) : item));
  const texts = identities.map((identity) => JSON.stringify(identity));
  return identities.flatMap((value, i) => (texts.indexOf(texts[i] ?? '') === i ? [] : [duplicateValue(`${path}[${i}]`, value)]));
}

function scalarProblems(value: unknown, schema: Schema, path: string): FieldProblem[] {
  const { pattern, maxLength } = schema;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [unsupportedValue(path, value, schema.enum)];
  if (typeof value !== 'string') return [];
  const refuse = (detail: string) => invalidValue(path, value, detail);
  return problemsOf(
    pattern !== undefined && !new RegExp(pattern).test(value) && refuse(`${path} in body should match '${pattern}'`),
    maxLength !== undefined && value.length > maxLength && refuse(`may not be more than ${maxLength} bytes`),
    schema.format === 'date-time' && Number.isNaN(Date.parse(value)) && refuse(`${path} in body must be of type date-time: "${value}"`),
    schema.format === 'byte' && !/^[A-Za-z0-9+/]*={0,2}$/.test(value) && refuse(`${path} in body must be of type byte: "${value}"`),
  );
}
