/**
 * The output of a synth, rewritten by Kustomize: what is harmless is not mentioned, and what would break is refused with the name of the field
 * and what to do instead. By kubectl's own Kustomize; without kubectl on the PATH that is skipped.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { App, Chart, Yaml } from 'cdk8s';
import { parseAllDocuments } from 'yaml';
import { KafkaTls } from '#constructs/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import { bundleName } from '#model/names';
import { ClusterError } from '#reconciler/errors';
import type { Cluster } from '#reconciler/ports';
import { untyped } from '#test/support/untyped';
import { IMAGE, JOB } from '../constructs/app-builder';
import { yaml } from '../support/bundle-text';
import { kafkaTls, kafkaTlsIn } from '../support/command-line';
import { desiredProps, on } from '../support/desired-states';
import { inMemory, KAFKA, NAMESPACE, World } from '../support/world';

const RENAMED =
  /ConfigMap\/demo\/[\w-]+: metadata\.name: is [\w-]+, but the synthesised name is kafka-tls-orders: Kustomize's "namePrefix" or "nameSuffix" may have renamed it/;
const CHANGED_JOB =
  /Job\/demo\/kafka-tls-orders-[0-9a-f]{10}: its name holds a hash of its content.*Change the app instead: job\.image, job\.pod/;

interface Case {
  readonly name: string;
  readonly kustomization: object;
  /** What the plan refuses; undefined: nothing. */
  readonly says?: RegExp;
}

const IMAGE_NAME = IMAGE.split('@')[0];
const CASES: readonly Case[] = [
  { name: 'nothing', kustomization: {} },
  { name: 'namePrefix', kustomization: { namePrefix: 'prod-' }, says: RENAMED },
  { name: 'nameSuffix', kustomization: { nameSuffix: '-prod' }, says: RENAMED },
  { name: 'namespace', kustomization: { namespace: 'prod' }, says: /the ConfigMap is in prod: Kustomize's "namespace"/ },
  {
    name: 'images with a digest',
    kustomization: { images: [{ name: IMAGE_NAME, digest: `sha256:${'b'.repeat(64)}` }] },
    says: CHANGED_JOB,
  },
  { name: 'images with a name', kustomization: { images: [{ name: IMAGE_NAME, newName: 'mirror.example/kafka-tls' }] }, says: CHANGED_JOB },
  { name: 'images of something else', kustomization: { images: [{ name: 'registry.example/other', newTag: '2' }] } },
  { name: 'commonLabels', kustomization: { commonLabels: { build: '7' } }, says: CHANGED_JOB },
  { name: 'labels of objects and pods', kustomization: { labels: [{ pairs: { build: '7' }, includeTemplates: true }] }, says: CHANGED_JOB },
  { name: 'labels of objects', kustomization: { labels: [{ pairs: { build: '7', team: 'streams' } }] } },
  { name: 'commonAnnotations', kustomization: { commonAnnotations: { build: '7' } }, says: CHANGED_JOB },
  {
    name: 'a patch of the pod',
    kustomization: {
      patches: [{ target: { kind: 'Job' }, patch: yaml([{ op: 'add', path: '/spec/template/spec/priorityClassName', value: 'low' }]) }],
    },
    says: CHANGED_JOB,
  },
  {
    name: 'a patch of the bundle',
    kustomization: {
      patches: [
        { target: { kind: 'ConfigMap' }, patch: yaml([{ op: 'replace', path: '/data/desired.yaml', value: desired('other-owner') }]) },
      ],
    },
    says: /data: its digest is [0-9a-f]{16}, but the synthesised digest is .*a Kustomize patch or Flux's postBuild\.substitute/,
  },
];

/** A document that fits the bundle, from another owner. */
function desired(owner: string): string {
  const { data } = configMapOf(output());
  return String(untyped(data)['desired.yaml']).replace('owner: demo/orders', `owner: ${owner}`);
}

/** What the construct emits; the user has given labels to the chart and to the Job. */
function output(): readonly KubeObject[] {
  const chart = new Chart(new App(), 'orders', { namespace: NAMESPACE, labels: { team: 'platform' } });
  const orders = new KafkaTls(chart, 'tls', { ...desiredProps('ops-request', on()), job: JOB });
  orders.job?.metadata.addLabel('tier', 'gold');
  return chart.toJson();
}

function configMapOf(objects: readonly KubeObject[]): KubeObject {
  const found = objects.find(({ kind }) => kind === KINDS.ConfigMap.kind);
  assert.ok(found);
  return found;
}

function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(cwd, name), text);
  return cwd;
}

/** Plans the objects against the synthesised ones. */
function planOf(t: TestContext, objects: readonly KubeObject[]) {
  const cwd = folder(t, { 'base.yaml': Yaml.stringify(...output()), 'changed.yaml': Yaml.stringify(...objects) });
  return kafkaTls(['plan', '--base', 'base.yaml', '-f', 'changed.yaml'], { io: { cwd } });
}

async function assertPlan(t: TestContext, objects: readonly KubeObject[], says: RegExp | undefined): Promise<void> {
  const { exitCode, stdout, stderr } = await planOf(t, objects);
  if (says === undefined) {
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /Nothing to do/);
  } else {
    assert.equal(exitCode, 2);
    assert.match(stderr, says);
  }
}

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
describe("Kustomize's", { skip: hasKubectl ? false : 'kubectl is not on the PATH' }, () => {
  for (const { name, kustomization, says } of CASES) {
    test(`${name} ${says === undefined ? 'is accepted' : 'is refused'}`, async (t) => {
      const cwd = folder(t, {
        'orders.yaml': Yaml.stringify(...output()),
        'kustomization.yaml': yaml({ resources: ['orders.yaml'], ...kustomization }),
      });
      const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', cwd], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      await assertPlan(
        t,
        parseAllDocuments(stdout).map((document) => document.toJS()),
        says,
      );
    });
  }
});

/** What Argo CD and Flux add to what they apply, where it is rendered into files. */
const MARKS: readonly { readonly name: string; readonly metadata: Pick<KubeObject['metadata'], 'labels' | 'annotations'> }[] = [
  { name: "Argo CD's label", metadata: { labels: { 'app.kubernetes.io/instance': 'orders-tls' } } },
  { name: "Argo CD's annotation", metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'orders-tls:batch/Job:demo/x' } } },
  {
    name: "Flux's labels",
    metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'a', 'kustomize.toolkit.fluxcd.io/namespace': 'b' } },
  },
];
for (const { name, metadata } of MARKS) {
  test(`${name} on every object is accepted`, async (t) => {
    const marked = output().map((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        labels: { ...object.metadata.labels, ...metadata.labels },
        annotations: { ...object.metadata.annotations, ...metadata.annotations },
      },
    }));
    await assertPlan(t, marked, undefined);
  });
}

const OTHER_JOBS: readonly { readonly name: string; readonly change: (job: KubeObject) => KubeObject }[] = [
  { name: 'one that was read from a cluster', change: (job) => ({ ...job, metadata: { ...job.metadata, uid: 'x' }, status: {} }) },
  { name: 'one of another namespace', change: (job) => ({ ...job, metadata: { ...job.metadata, namespace: 'other' }, spec: {} }) },
  { name: 'one of an earlier content', change: (job) => ({ ...job, metadata: { ...job.metadata, name: 'kafka-tls-orders-0123456789' } }) },
];
for (const { name, change } of OTHER_JOBS) {
  test(`ignores a Job of another bundle: ${name}`, async (t) => {
    await assertPlan(
      t,
      output().map((object) => (object.kind === KINDS.Job.kind ? change(object) : object)),
      undefined,
    );
  });
}

/** Refuses to read a ConfigMap, as the API server does for a user without the right. */
function forbidding(cluster: Cluster, user: string): Cluster {
  return {
    ...cluster,
    get: async (subject) => {
      if (subject.kind !== KINDS.ConfigMap.kind) return cluster.get(subject);
      const said = `configmaps "${subject.name}" is forbidden: User "${user}" cannot get resource "configmaps"`;
      throw new ClusterError(`may not get configmaps: 403 Forbidden: ${said}.`, { subject, status: 403, reason: 'Forbidden' });
    },
  };
}

describe('a Job whose ConfigMap was renamed', () => {
  for (const [account, exitCode] of [
    ['prod-kafka-tls-orders', 2],
    ['kafka-tls-orders-prod', 2],
    ['kafka-tls-orders', 1],
    ['another-account', 1],
  ] as const) {
    test(`ends with exit ${exitCode} as ServiceAccount ${account}`, async (t) => {
      const environment = inMemory({});
      const world = await new World({}, () => environment).start();
      t.after(() => world.stop());
      const product = forbidding(environment.cluster, `system:serviceaccount:demo:${account}`);
      const ran = await kafkaTlsIn({ ...environment, product }, ['apply', '--config-map', bundleName(KAFKA)]);
      assert.equal(ran.exitCode, exitCode, ran.stderr);
      if (exitCode === 2) assert.match(ran.stderr, /synthesised for kafka-tls-orders: Kustomize's "namePrefix" or "nameSuffix"/);
    });
  }

  test('gets the same error with the right to read every ConfigMap, and from a file', async (t) => {
    const environment = inMemory({});
    const world = await new World({}, () => environment).start();
    t.after(() => world.stop());
    const { metadata, ...configMap } = configMapOf(output());
    await environment.cluster.create({ ...configMap, metadata: { ...metadata, name: 'prod-kafka-tls-orders' } } as KubeObject);
    const missing = await kafkaTlsIn(environment, ['apply', '--config-map', 'kafka-tls-orders']);
    assert.equal(missing.exitCode, 2);
    assert.match(missing.stderr, /does not exist.*\n.*Kustomize's "namePrefix" or "nameSuffix"/);
    const renamed = await kafkaTlsIn(environment, ['apply', '--config-map', 'prod-kafka-tls-orders']);
    assert.equal(renamed.exitCode, 2);
    assert.match(renamed.stderr, RENAMED);
  });
});
