/** The sandbox's own schemas against the upstream CustomResourceDefinitions: every field of ours exists there and is of that type. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { RESOURCES } from '#reconciler/sandbox/api/resources';
import type { Schema } from '#reconciler/sandbox/api/schema';

const FOLDER = path.resolve(process.cwd(), '../shared/crds');

/** The parts of a schema on which the API acts. A list without keys is atomic, with or without x-kubernetes-list-type. */
const COMPARED = [
  'type',
  'enum',
  'default',
  'format',
  'pattern',
  'maxLength',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-int-or-string',
] as const;

function differences(ours: Schema, theirs: Schema | undefined, at: string): string[] {
  if (theirs === undefined) return [`${at} does not exist upstream`];
  const wrong = COMPARED.filter((key) => ours[key] !== undefined && !isSame(ours[key], theirs[key])).map(
    (key) => `${at} has ${key} ${JSON.stringify(ours[key])}, upstream ${JSON.stringify(theirs[key])}`,
  );
  const isOpaque = ours['x-kubernetes-preserve-unknown-fields'] === true;
  const missing = isOpaque
    ? []
    : (theirs.required ?? []).filter((key) => !ours.required?.includes(key)).map((key) => `${at}.${key} is required upstream`);
  const extra = (ours.required ?? [])
    .filter((key) => !theirs.required?.includes(key))
    .map((key) => `${at}.${key} is not required upstream`);
  const below = [
    ...Object.entries(ours.properties ?? {}).flatMap(([key, schema]) => differences(schema, theirs.properties?.[key], `${at}.${key}`)),
    ...(ours.items === undefined ? [] : differences(ours.items, theirs.items, `${at}[]`)),
    ...(ours.additionalProperties === undefined ? [] : differences(ours.additionalProperties, theirs.additionalProperties, `${at}{}`)),
  ];
  return [...wrong, ...missing, ...extra, ...below];
}

function isSame(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown) => (Array.isArray(value) ? [...value].sort() : value);
  try {
    assert.deepEqual(sorted(a), sorted(b));
    return true;
  } catch {
    return false;
  }
}

describe('every field of our schemas exists upstream, with the same type', () => {
  for (const resource of RESOURCES.filter((r) => r.isCustom)) {
    const file = path.join(FOLDER, `${resource.group}_${resource.plural}.yaml`);
    test(`${resource.kind} of ${resource.apiVersion}`, (t) => {
      if (!existsSync(file)) return t.skip(`${path.relative(process.cwd(), file)} does not exist`);
      const { spec } = parse(readFileSync(file, 'utf8'));
      const version = spec.versions.find((v: { name: string }) => v.name === resource.version);
      assert.deepEqual(
        [spec.names.kind, spec.scope === 'Namespaced', spec.names.shortNames ?? []],
        [resource.kind, resource.namespaced, resource.shortNames],
      );
      assert.equal(version.subresources?.status !== undefined, resource.hasStatus);
      const { spec: ours, status } = resource.schema.properties ?? {};
      const upstream = version.schema.openAPIV3Schema.properties;
      const wrong = [
        ...differences(ours ?? {}, upstream.spec, 'spec'),
        ...(status === undefined ? [] : differences(status, upstream.status, 'status')),
      ];
      assert.deepEqual(wrong, []);
    });
  }
});
