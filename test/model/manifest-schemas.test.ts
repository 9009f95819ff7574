/** The schemas that synth knows are those of the upstream CRDs. Where the CRDs are not there, the test says that it was skipped. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { SPEC_SCHEMAS } from '#model/manifest-schemas';
import { conform, type Schema } from '#model/schema';

const CRDS = path.resolve(process.cwd(), '../shared/crds');
const skip = existsSync(CRDS) ? false : 'the upstream CRDs are not there';

const FILES: Readonly<Record<string, { readonly file: string; readonly version: string }>> = {
  Kafka: { file: 'kubedb.com_kafkas.yaml', version: 'v1' },
  KafkaOpsRequest: { file: 'ops.kubedb.com_kafkaopsrequests.yaml', version: 'v1alpha1' },
  Certificate: { file: 'cert-manager.io_certificates.yaml', version: 'v1' },
  Issuer: { file: 'cert-manager.io_issuers.yaml', version: 'v1' },
};

interface CrdSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly additionalProperties?: CrdSchema | boolean;
  readonly items?: CrdSchema;
  readonly enum?: readonly string[];
}

/** Returns where a schema of ours and one of a CRD part. */
function differences(ours: Schema, crd: CrdSchema | undefined, at: string): readonly string[] {
  if (crd === undefined) return [`${at}: not in the CRD`];
  if (ours === 'any') return [];
  if (typeof ours === 'string') return crd.type === TYPES[ours] ? [] : [`${at}: ${ours} here, ${crd.type} in the CRD`];
  if ('oneOf' in ours) {
    const [has, wants] = [[...ours.oneOf].sort(), [...(crd.enum ?? [])].sort()];
    return JSON.stringify(has) === JSON.stringify(wants) ? [] : [`${at}: ${has} here, ${wants} in the CRD`];
  }
  if ('list' in ours) return crd.type === 'array' ? differences(ours.list, crd.items, `${at}[]`) : [`${at}: no list in the CRD`];
  if ('each' in ours) return crd.additionalProperties === undefined ? [`${at}: no map in the CRD`] : [];
  const properties = crd.properties ?? {};
  const lacking = Object.keys(properties).filter((key) => !Object.hasOwn(ours.fields, key));
  return [
    ...lacking.map((key) => `${at}.${key}: only in the CRD`),
    ...Object.entries(ours.fields).flatMap(([key, inner]) => differences(inner, properties[key], `${at}.${key}`)),
  ];
}

const TYPES = { text: 'string', whole: 'integer', truth: 'boolean' } as const;

for (const [kind, { file, version }] of Object.entries(FILES)) {
  test(`knows the fields of a ${kind} as its CRD has them`, { skip }, () => {
    const { spec } = parse(readFileSync(path.join(CRDS, file), 'utf8'));
    const crd = spec.versions.find((v: { readonly name: string }) => v.name === version).schema.openAPIV3Schema.properties.spec;
    assert.deepEqual(differences(SPEC_SCHEMAS[kind] ?? 'any', crd, 'spec'), []);
  });
}

const SCHEMA: Schema = {
  fields: { name: 'text', size: 'whole', names: { list: 'text' }, kind: { oneOf: ['A', 'B'] }, labels: { each: 'text' } },
};
const misfits: readonly { readonly name: string; readonly value: unknown; readonly paths: readonly string[] }[] = [
  { name: 'a fitting value', value: { name: 'x', size: 1, names: ['a'], kind: 'A', labels: { any: 'thing' } }, paths: [] },
  { name: 'nothing', value: undefined, paths: [] },
  { name: 'null, which the API server takes for absent', value: { name: null, names: null }, paths: [] },
  { name: 'an unknown field', value: { nam: 'x' }, paths: ['nam'] },
  { name: 'a name that every object has', value: { constructor: 'x' }, paths: ['constructor'] },
  { name: 'a text for a list', value: { names: 'a' }, paths: ['names'] },
  { name: 'a number in a list of texts', value: { names: ['a', 1] }, paths: ['names[1]'] },
  { name: 'half a number', value: { size: 1.5 }, paths: ['size'] },
  { name: 'a number as text', value: { size: '1' }, paths: ['size'] },
  { name: 'another word', value: { kind: 'a' }, paths: ['kind'] },
  { name: 'a label that is a number', value: { labels: { a: 1 } }, paths: ['labels.a'] },
  { name: 'a list for a map', value: [], paths: [''] },
];
for (const { name, value, paths } of misfits) {
  test(`finds what does not follow a schema: ${name}`, () =>
    assert.deepEqual(
      conform(value, SCHEMA).misfits.map((m) => m.path),
      paths,
    ));
}

test('returns the parts that follow the schema', () => {
  assert.deepEqual(conform({ name: 'x', nam: 'y', names: ['a', 1], size: '1' }, SCHEMA).value, { name: 'x', names: ['a'] });
});
