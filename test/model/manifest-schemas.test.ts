/** The specs that synth checks are those of the upstream CRDs. Where the CRDs are not there, the test reports that it was skipped. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { CERTIFICATE_SPEC } from '#model/certificate-fields';
import { ISSUER_SPEC } from '#model/kinds/cert-manager';
import { KAFKA_SPEC, OPS_REQUEST_SPEC } from '#model/kinds/kubedb';
import type { Schema } from '#model/schema';

const CRDS = path.resolve(process.cwd(), '../shared/crds');
const skip = existsSync(CRDS) ? false : 'the upstream CRDs are not there';

const CASES: readonly { readonly kind: string; readonly spec: Schema; readonly file: string; readonly version: string }[] = [
  { kind: 'Kafka', spec: KAFKA_SPEC, file: 'kubedb.com_kafkas.yaml', version: 'v1' },
  { kind: 'KafkaOpsRequest', spec: OPS_REQUEST_SPEC, file: 'ops.kubedb.com_kafkaopsrequests.yaml', version: 'v1alpha1' },
  { kind: 'Certificate', spec: CERTIFICATE_SPEC, file: 'cert-manager.io_certificates.yaml', version: 'v1' },
  { kind: 'Issuer', spec: ISSUER_SPEC, file: 'cert-manager.io_issuers.yaml', version: 'v1' },
];

interface CrdSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly additionalProperties?: CrdSchema | boolean;
  readonly items?: CrdSchema;
  readonly enum?: readonly string[];
}

/** What a schema of valibot shows of itself. */
interface OurSchema {
  readonly type: string;
  readonly wrapped?: OurSchema;
  readonly entries?: Readonly<Record<string, OurSchema>>;
  readonly item?: OurSchema;
  readonly choices?: readonly string[];
  readonly pipe?: readonly OurSchema[];
}

const TYPES: Readonly<Record<string, string>> = { string: 'string', custom: 'integer', boolean: 'boolean' };

/** Returns where a schema of ours and one of a CRD part. */
function differences(schema: OurSchema, crd: CrdSchema | undefined, at: string): readonly string[] {
  const ours = schema.wrapped ?? schema;
  if (crd === undefined) return [`${at}: not in the CRD`];
  if (ours.type === 'unknown') return [];
  if (ours.choices !== undefined) {
    const [has, wants] = [[...ours.choices].sort(), [...(crd.enum ?? [])].sort()];
    return JSON.stringify(has) === JSON.stringify(wants) ? [] : [`${at}: ${has} here, ${wants} in the CRD`];
  }
  if (ours.item !== undefined) return crd.type === 'array' ? differences(ours.item, crd.items, `${at}[]`) : [`${at}: no list in the CRD`];
  if (ours.pipe?.some(({ type }) => type === 'record')) return crd.additionalProperties === undefined ? [`${at}: no map in the CRD`] : [];
  const { entries } = ours;
  if (entries === undefined) return crd.type === TYPES[ours.type] ? [] : [`${at}: ${ours.type} here, ${crd.type} in the CRD`];
  const properties = crd.properties ?? {};
  return [
    ...Object.keys(properties).flatMap((key) => (Object.hasOwn(entries, key) ? [] : [`${at}.${key}: only in the CRD`])),
    ...Object.entries(entries).flatMap(([key, inner]) => differences(inner, properties[key], `${at}.${key}`)),
  ];
}

for (const { kind, spec, file, version } of CASES) {
  test(`knows the fields of a ${kind} as its CRD has them`, { skip }, () => {
    const { versions } = parse(readFileSync(path.join(CRDS, file), 'utf8')).spec;
    const crd = versions.find((v: { readonly name: string }) => v.name === version).schema.openAPIV3Schema.properties.spec;
    assert.deepEqual(differences(spec as unknown as OurSchema, crd, 'spec'), []);
  });
}
