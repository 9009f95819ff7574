/**
 * Every field that is written exists in the upstream CRDs, with that type. The CRDs are test data outside the project; where they are not
 * there, the test says that it was skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import type { KubeObject } from '#model/kube-object';

const CRDS = path.resolve(process.cwd(), '../shared/crds');
const GOLDEN = path.resolve(process.cwd(), 'test/constructs/golden');
const skip = existsSync(CRDS) ? false : 'the upstream CRDs are not there';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

function schemas(): ReadonlyMap<string, Schema> {
  const found = new Map<string, Schema>();
  for (const file of readdirSync(CRDS).filter((name) => name.endsWith('.yaml'))) {
    const { spec } = parse(readFileSync(path.join(CRDS, file), 'utf8'));
    for (const version of spec.versions) found.set(`${spec.group}/${version.name} ${spec.names.kind}`, version.schema.openAPIV3Schema);
  }
  return found;
}

/** Returns what a schema says against a value. */
function objections(value: unknown, schema: Schema, at: string): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true)
    return ['string', 'number'].includes(typeof value) ? [] : [`${at}: is no number or text`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${at}: ${value} is none of ${schema.enum.join(', ')}`];
  if (Array.isArray(value)) {
    if (schema.type !== 'array' || schema.items === undefined) return [`${at}: a list for ${schema.type}`];
    return value.flatMap((item, i) => objections(item, schema.items as Schema, `${at}[${i}]`));
  }
  if (typeof value === 'object' && value !== null) {
    if (schema.type !== 'object') return [`${at}: a map for ${schema.type}`];
    const missing = (schema.required ?? []).filter((key) => !(key in value)).map((key) => `${at}.${key}: is required`);
    return [...missing, ...Object.entries(value).flatMap(([key, member]) => objections(member, memberSchema(schema, key), `${at}.${key}`))];
  }
  const type = typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value;
  return schema.type === type || (type === 'integer' && schema.type === 'number')
    ? []
    : [`${at}: ${type} for ${schema.type ?? 'no such field'}`];
}

function memberSchema(schema: Schema, key: string): Schema {
  const known = schema.properties?.[key];
  if (known !== undefined) return known;
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties;
  return {};
}

const files = readdirSync(GOLDEN).filter((name) => name.endsWith('.yaml'));
const known = skip === false ? schemas() : new Map<string, Schema>();
for (const file of files) {
  test(`writes only fields that the CRDs know: ${file}`, { skip }, () => {
    const objects: readonly KubeObject[] = parseAllDocuments(readFileSync(path.join(GOLDEN, file), 'utf8')).map((d) => d.toJS());
    const texts: readonly string[] = objects
      .flatMap((o) => (o.kind === 'ConfigMap' ? Object.entries(o.data as Record<string, string>) : []))
      .flatMap(([key, text]) => (key === 'desired.yaml' ? [] : [text]));
    const manifests: readonly KubeObject[] = texts.map((text) => parse(text));
    assert.ok(manifests.length > 0);
    for (const manifest of manifests) {
      const { metadata: _metadata, ...rest } = manifest;
      const schema = known.get(`${manifest.apiVersion} ${manifest.kind}`);
      assert.ok(schema, `no CRD for ${manifest.apiVersion} ${manifest.kind}`);
      assert.deepEqual(objections(rest, schema, manifest.kind), []);
    }
  });
}

test('would notice an unknown field and a wrong type', { skip }, () => {
  const kafka = known.get('kubedb.com/v1 Kafka');
  assert.ok(kafka);
  assert.deepEqual(objections({ spec: { version: '4.2.0', tsl: {} } }, kafka, 'Kafka'), ['Kafka.spec.tsl: a map for undefined']);
  assert.deepEqual(objections({ spec: { version: 4 } }, kafka, 'Kafka'), ['Kafka.spec.version: integer for string']);
});
