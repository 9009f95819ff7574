/** Bundles from any source: any text is answered with a plan or manifests, or with an error that names the problem. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type KubeObject, refOf } from '#model/kube-object';
import { parseYaml } from '#reconciler/input/yaml';
import { untyped } from '#test/support/untyped';
import { bundleConfigMap, configMapOfBundle, yaml } from '../support/bundle-text';
import { ClusterBuilder } from '../support/cluster-builder';
import type { World } from '../support/world';
import { bundlesFor, outsideOf, tlsWorld } from './fixtures';
import { assertAlways, runGracefully } from './graceful';
import { anyMutations, anySlips, type Mutation, mutated, type Slip, slipped } from './mutations';

const folder = mkdtempSync(path.join(tmpdir(), 'fuzz-bundles-'));
const FILE = path.join(folder, 'bundle.yaml');
const BASE = path.join(folder, 'base.yaml');
let world: World;

before(async () => {
  world = await tlsWorld('native');
  writeFileSync(BASE, CONFIG_MAPS.map(yaml).slice(0, 1).join('---\n'));
});
after(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const NOW = new Date('2026-11-23T09:00:00Z');
const CONFIG_MAPS: readonly KubeObject[] = [
  configMapOfBundle(new ClusterBuilder().declares().bundle),
  configMapOfBundle(new ClusterBuilder('combined').wants('off').desires({ executor: 'ops-request' }).bundle),
  bundleConfigMap(),
  ...bundlesFor('native', NOW).map(configMapOfBundle),
  ...bundlesFor('ops-request', NOW).map(configMapOfBundle),
];

type Front = readonly string[];
const FRONTS: readonly Front[] = [
  ['render', '-f', FILE],
  ['render', '-f', FILE, '--output', 'json'],
  ['plan', '-f', FILE, '--base', BASE],
  ['plan', '-f', BASE, '--base', FILE, '--output', 'markdown'],
  ['plan', '-f', FILE, '--output', 'json'],
  ['plan', '-f', FILE],
];
const anyFront = fc.constantFrom(...FRONTS);
/** By number, so that a counterexample is short. */
const anyConfigMap = fc.nat(CONFIG_MAPS.length - 1);
const configMapOf = (i: number) => CONFIG_MAPS[i] as KubeObject;

type Change = (configMap: KubeObject, document: number, mutations: readonly Mutation[], slips: readonly Slip[]) => string;

/** Replaces the text of one document of a bundle. */
function inDocument({ data, ...rest }: KubeObject, document: number, change: (text: string) => string): KubeObject {
  const keys = Object.keys(untyped(data));
  const key = keys[document % keys.length] as string;
  return { ...rest, data: { ...untyped(data), [key]: change(untyped(data)[key]) } };
}

function mutatedYaml(text: string, mutations: readonly Mutation[]): string {
  const parsed = parseYaml(text);
  return yaml(mutated('values' in parsed ? parsed.values[0] : undefined, mutations));
}

const CHANGES: readonly { readonly name: string; readonly runs: number; readonly change: Change }[] = [
  {
    name: 'a document of a bundle with any mutation',
    runs: 60,
    change: (configMap, document, mutations) => yaml(inDocument(configMap, document, (text) => mutatedYaml(text, mutations))),
  },
  { name: 'a ConfigMap with any mutation', runs: 25, change: (configMap, _, mutations) => yaml(mutated(configMap, mutations)) },
  {
    name: 'a text that is nearly a bundle',
    runs: 25,
    change: (configMap, _document, _mutations, slips) => slipped(yaml(configMap), slips),
  },
  {
    name: 'a document whose text is broken',
    runs: 25,
    change: (configMap, document, _, slips) => yaml(inDocument(configMap, document, (text) => slipped(text, slips))),
  },
];

const run = (front: Front) => runGracefully(front, { outside: outsideOf(world) });

for (const { name, runs, change } of CHANGES) {
  test(`${name} is used, or refused gracefully`, async () => {
    const anyChange = fc.tuple(fc.nat(12), anyMutations, anySlips);
    const property = fc.asyncProperty(anyConfigMap, anyChange, anyFront, async (i, [document, mutations, slips], front) => {
      writeFileSync(FILE, change(configMapOf(i), document, mutations, slips));
      await run(front);
    });
    await assertAlways(property, runs);
  });
}

test('a bundle in the cluster with any mutation is planned, or refused gracefully', async () => {
  const argv = ['plan', '--config-map', 'demo/kafka-tls-orders'];
  const property = fc.asyncProperty(anyConfigMap, fc.nat(12), anyMutations, async (i, document, mutations) => {
    const configMap = inDocument(configMapOf(i), document, (text) => mutatedYaml(text, mutations));
    const before = await world.cluster.get(refOf(configMap));
    if (before === undefined) await world.cluster.create(configMap);
    else await world.cluster.replace({ ...configMap, metadata: before.metadata });
    await run(argv);
  });
  await assertAlways(property, 20);
});
