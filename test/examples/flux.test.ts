/** The Kustomizations of examples/flux: how long they wait, what they force or prune, and how a Kafka with TLS in Git is adopted. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { goDurationMs } from '#model/go-duration';
import { KINDS, type KubeObject } from '#model/kube-object';
import { Client } from '#reconciler/sandbox/client';
import { untyped } from '#test/support/untyped';
import { desiredProps, off, on } from '../support/desired-states';
import { inMemory, World } from '../support/world';

const manifests = (name: string): readonly KubeObject[] =>
  parseAllDocuments(readFileSync(`examples/flux/${name}`, 'utf8')).map((document) => document.toJS());
const kustomization = only('kustomization.yaml', 'Kustomization');
const withTls = only('adopt-with-tls.yaml', 'Kustomization');

function only(name: string, kind: string): KubeObject {
  const found = manifests(name).filter((m) => m.kind === kind);
  assert.equal(found.length, 1, `${name} has ${found.length} objects of kind ${kind}`);
  return found[0] as KubeObject;
}

test('waits for everything, and longer than the Job may take', () => {
  const { wait, timeout, prune } = untyped(kustomization.spec);
  assert.equal(wait, true);
  assert.equal(prune, true);
  const deadlineSeconds: number = untyped(only('expected.yaml', 'Job').spec).activeDeadlineSeconds;
  const timeoutSeconds = (goDurationMs(timeout) ?? 0) / 1000;
  assert.ok(timeoutSeconds > deadlineSeconds, `timeout ${timeoutSeconds} s, Job ${deadlineSeconds} s`);
  const written = readFileSync('examples/flux/kustomization.yaml', 'utf8');
  const hours = `${Math.floor(deadlineSeconds / 3600)}h${(deadlineSeconds % 3600) / 60}m`;
  assert.ok(written.includes(`here\n  # ${hours})`), `the comment says that the Job's deadline is ${hours}`);
});

test('forces nothing, and keeps the Kafka', () => {
  for (const { spec } of [kustomization, withTls]) assert.equal(untyped(spec).force, undefined);
  for (const { kind, metadata } of manifests('expected.yaml')) {
    const applied = Object.entries(metadata.annotations ?? {}).filter(([key]) =>
      /^kustomize\.toolkit\.fluxcd\.io\/(force|prune|reconcile|ssa)$/.test(key),
    );
    assert.deepEqual(applied, kind === KINDS.Kafka.kind ? [['kustomize.toolkit.fluxcd.io/prune', 'Disabled']] : []);
  }
});

test('a Kafka with TLS in Git is adopted by both TLS paths together', () => {
  const { ignore, ...rest } = untyped(withTls.spec);
  assert.deepEqual(ignore, [{ paths: ['/spec/enableSSL', '/spec/tls'], target: { group: 'kubedb.com', kind: 'Kafka', name: 'orders' } }]);
  assert.deepEqual({ ...withTls, spec: rest }, kustomization, 'nothing else differs');
});

describe('applying the Kafka of Git again', () => {
  const withoutTls = only('expected.yaml', KINDS.Kafka.kind);
  const tls = { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' } };
  const inGit: readonly { readonly name: string; readonly kafka: KubeObject; readonly isKept: boolean }[] = [
    { name: 'leaves alone what the reconciler wrote, if Git says nothing of TLS', kafka: withoutTls, isKept: true },
    {
      name: 'reverts it if Git sets TLS and no rule ignores the fields',
      kafka: { ...withoutTls, spec: { ...untyped(withoutTls.spec), enableSSL: true, tls } },
      isKept: false,
    },
  ];
  for (const { name, kafka, isKept } of inGit) {
    test(name, async () => {
      const environment = inMemory({});
      const world = new World({}, () => environment);
      const flux = new Client({ send: (request) => environment.sandbox.api.handle(request), manager: 'kustomize-controller' });
      try {
        await world.start();
        await flux.apply(withoutTls);
        await world.settle();
        await world.apply(world.bundle(desiredProps('ops-request', on())));
        await flux.apply(kafka);
        await world.apply(world.bundle(desiredProps('ops-request', off())));
        const generation = (await world.settle()).metadata.generation;
        const { metadata, spec } = await flux.apply(kafka);
        assert.equal(untyped(spec).tls === undefined, isKept);
        assert.equal(metadata.generation === generation, isKept);
      } finally {
        await world.stop();
      }
    });
  }
});
