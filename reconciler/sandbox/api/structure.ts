/**
 * What a schema does to an object on its way in, as for custom resources: unknown fields are found and cut off, absent fields get
 * their defaults, the rest is validated.
 */
import { type FieldProblem, invalidValue, requiredValue, unsupportedValue } from './field-problem';
import { draftOf, isTree } from './json';
import { memberSchema, type Schema } from './schema';

const member = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);

/** Removes the fields that the schema does not know from a draft and returns their paths. */
export function prune(draft: unknown, schema: Schema | undefined, path = ''): string[] {
  if (schema === undefined) return [];
  if (Array.isArray(draft)) return draft.flatMap((item, i) => prune(item, schema.items, `${path}[${i}]`));
  if (!isTree(draft) || schema['x-kubernetes-int-or-string']) return [];
  return Object.keys(draft).flatMap((key) => {
    const known = memberSchema(schema, key);
    if (known !== undefined) return prune(draft[key], known, member(path, key));
    if (schema['x-kubernetes-preserve-unknown-fields']) return [];
    delete draft[key];
    return [member(path, key)];
  });
}

/** Fills the absent fields of a draft for which the schema has a default. */
export function fillDefaults(draft: unknown, schema: Schema | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(draft)) {
    for (const item of draft) fillDefaults(item, schema.items);
    return;
  }
  if (!isTree(draft)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const isMissing = draft[key] === undefined || draft[key] === null;
    if (isMissing && property.default !== undefined) draft[key] = draftOf(property.default);
  }
  for (const key of Object.keys(draft)) fillDefaults(draft[key], memberSchema(schema, key));
}

/** Returns everything that is wrong with a value, by its schema. */
export function validate(value: unknown, schema: Schema | undefined, path = ''): FieldProblem[] {
  if (schema === undefined || value === undefined) return [];
  if (schema['x-kubernetes-int-or-string']) return isIntOrString(value) ? [] : [wrongType(path, value, 'integer,string')];
  if (schema.type !== undefined && !hasType(value, schema.type)) return [wrongType(path, value, schema.type)];
  if (Array.isArray(value))
    return [...duplicates(value, schema, path), ...value.flatMap((item, i) => validate(item, schema.items, `${path}[${i}]`))];
  if (isTree(value)) {
    const missing = (schema.required ?? []).filter((key) => value[key] === undefined).map((key) => requiredValue(member(path, key)));
    return [...missing, ...Object.keys(value).flatMap((key) => validate(value[key], memberSchema(schema, key), member(path, key)))];
  }
  return scalarProblems(value, schema, path);
}

function hasType(value: unknown, type: NonNullable<Schema['type']>): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isTree(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

const isIntOrString = (value: unknown) => typeof value === 'string' || Number.isInteger(value);

function wrongType(path: string, value: unknown, type: string): FieldProblem {
  const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  return {
    reason: 'FieldValueTypeInvalid',
    field: path,
    value: isTree(value) ? 'object' : value,
    detail: `${path} in body must be of type ${type}: "${found}"`,
  };
}

function duplicates(items: readonly unknown[], schema: Schema, path: string): FieldProblem[] {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'set' && keys === undefined) return [];
  const identities = items.map((item) => JSON.stringify(keys === undefined || !isTree(item) ? item : keys.map((k) => item[k])));
  return items.flatMap((item, i): FieldProblem[] => {
    if (identities.indexOf(identities[i] ?? '') === i) return [];
    const value = keys === undefined || !isTree(item) ? item : Object.fromEntries(keys.map((k) => [k, item[k]]));
    return [{ reason: 'FieldValueDuplicate', field: `${path}[${i}]`, value, detail: '' }];
  });
}

function scalarProblems(value: unknown, schema: Schema, path: string): FieldProblem[] {
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [unsupportedValue(path, value, schema.enum)];
  const { pattern, minimum, minLength, maxLength } = schema;
  const problems: FieldProblem[] = [];
  const refuse = (rule: string) => problems.push(invalidValue(path, value, `${path} in body ${rule}`));
  if (typeof value === 'string') {
    if (pattern !== undefined && !new RegExp(pattern).test(value)) refuse(`should match '${pattern}'`);
    if (minLength !== undefined && value.length < minLength) refuse(`should be at least ${minLength} chars long`);
    if (maxLength !== undefined && value.length > maxLength)
      problems.push(invalidValue(path, value, `may not be more than ${maxLength} bytes`));
    if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) refuse(`must be of type date-time: ${JSON.stringify(value)}`);
    if (schema.format === 'byte' && !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) refuse(`must be of type byte: ${JSON.stringify(value)}`);
  }
  if (typeof value === 'number' && minimum !== undefined && value < minimum) refuse(`should be greater than or equal to ${minimum}`);
  return problems;
}
