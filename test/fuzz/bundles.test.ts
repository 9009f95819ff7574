/** Bundles from any source: any text is answered with a plan or manifests, or with an error that names the problem. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type KubeObject, refOf } from '#model/kube-object';
import { parseYaml } from '#reconciler/input/yaml';
import { bundleConfigMap, configMapOfBundle, yaml } from '../support/bundle-text';
import { ClusterBuilder } from '../support/cluster-builder';
import type { World } from '../support/world';
import { bundlesFor, outsideOf, tlsWorld } from './fixtures';
import { assertAlways, runGracefully } from './graceful';
import { anyMutations, anySlips, type Mutation, mutated, slipped } from './mutations';

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

/** A ConfigMap, one document of which is not as it was. */
function withMutatedDocument({ data, ...rest }: KubeObject, document: number, mutations: readonly Mutation[]): KubeObject {
  const keys = Object.keys(data);
  const key = keys[document % keys.length] as string;
  const parsed = parseYaml(data[key]);
  return { ...rest, data: { ...data, [key]: yaml(mutated('values' in parsed ? parsed.values[0] : undefined, mutations)) } };
}

const run = (front: Front) => runGracefully(front, { outside: outsideOf(world) });

test('a document of a bundle with any mutation is used, or refused gracefully', async () => {
  const property = fc.asyncProperty(anyConfigMap, fc.nat(12), anyMutations, anyFront, async (i, document, mutations, front) => {
    writeFileSync(FILE, yaml(withMutatedDocument(configMapOf(i), document, mutations)));
    await run(front);
  });
  await assertAlways(property, 60);
});

test('a bundle in the cluster with any mutation is planned, or refused gracefully', async () => {
  const argv = ['plan', '--config-map', 'demo/kafka-tls-orders'];
  const property = fc.asyncProperty(anyConfigMap, fc.nat(12), anyMutations, async (i, document, mutations) => {
    await putInCluster(withMutatedDocument(configMapOf(i), document, mutations));
    await run(argv);
  });
  await assertAlways(property, 20);
});

async function putInCluster(configMap: KubeObject): Promise<void> {
  const before = await world.cluster.get(refOf(configMap));
  if (before === undefined) await world.cluster.create(configMap);
  else await world.cluster.replace({ ...configMap, metadata: before.metadata });
}

test('a ConfigMap with any mutation is used, or refused gracefully', async () => {
  const property = fc.asyncProperty(anyConfigMap, anyMutations, anyFront, async (i, mutations, front) => {
    writeFileSync(FILE, yaml(mutated(configMapOf(i), mutations)));
    await run(front);
  });
  await assertAlways(property, 25);
});

test('a text that is nearly a bundle is used, or refused gracefully', async () => {
  const property = fc.asyncProperty(anyConfigMap, anySlips, anyFront, async (i, slips, front) => {
    writeFileSync(FILE, slipped(yaml(configMapOf(i)), slips));
    await run(front);
  });
  await assertAlways(property, 25);
});

test('a document whose text is broken is used, or refused gracefully', async () => {
  const property = fc.asyncProperty(anyConfigMap, fc.nat(12), anySlips, anyFront, async (i, document, slips, front) => {
    const { data, ...rest } = configMapOf(i);
    const keys = Object.keys(data);
    const key = keys[document % keys.length] as string;
    writeFileSync(FILE, yaml({ ...rest, data: { ...data, [key]: slipped(data[key], slips) } }));
    await run(front);
  });
  await assertAlways(property, 25);
});
