/** The sandbox's own schemas against the upstream CustomResourceDefinitions: every field of ours exists there and is of that type. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
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
  const wrong = COMPARED.filter((key) => ours[key] !== undefined && !isDeepStrictEqual(sorted(ours[key]), sorted(theirs[key]))).map(
    (key) => `${at} has ${key} ${JSON.stringify(ours[key])}, upstream ${JSON.stringify(theirs[key])}`,
  );
  const isOpaque = ours['x-kubernetes-preserve-unknown-fields'] === true;
  const { required: we = [], properties = {}, items, additionalProperties } = ours;
  const { required: they = [] } = theirs;
  return [
    ...wrong,
    ...they.filter((key) => !isOpaque && !we.includes(key)).map((key) => `${at}.${key} is required upstream`),
    ...we.filter((key) => !they.includes(key)).map((key) => `${at}.${key} is not required upstream`),
    ...Object.entries(properties).flatMap(([key, schema]) => differences(schema, theirs.properties?.[key], `${at}.${key}`)),
    ...(items === undefined ? [] : differences(items, theirs.items, `${at}[]`)),
    ...(additionalProperties === undefined ? [] : differences(additionalProperties, theirs.additionalProperties, `${at}{}`)),
  ];
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? [...value].sort() : value;
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
