/** The Applications of examples/argocd: options of a sync, what is pruned, and how a Kafka with TLS in Git is adopted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { KINDS, type KubeObject } from '#model/kube-object';

const file = (name: string) => readFileSync(`examples/argocd/${name}`, 'utf8');
const application = parse(file('application.yaml'));
const withTls = parse(file('adopt-with-tls.yaml'));
const scripts: Readonly<Record<string, string>> = parse(file('argocd-cm.yaml')).data;

test('a sync waits for no run: no hook, no wave, no PruneLast, and no object is created again', () => {
  for (const { spec } of [application, withTls]) {
    const options: readonly string[] = spec.syncPolicy.syncOptions ?? [];
    assert.deepEqual(
      options.filter((o) => /^(PruneLast|Replace|Force|ApplyOutOfSyncOnly)=/.test(o)),
      [],
    );
  }
  for (const { metadata } of manifests('expected.yaml')) {
    const keys = Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith('argocd.argoproj.io/'));
    assert.deepEqual(keys, metadata.name === 'orders' ? ['argocd.argoproj.io/sync-options'] : []);
  }
});

test('what the Job was named before goes, the Kafka does not', () => {
  assert.equal(application.spec.syncPolicy.automated.prune, true);
  const kafka = manifests('expected.yaml').find((m) => m.kind === KINDS.Kafka.kind);
  assert.equal(kafka?.metadata.annotations?.['argocd.argoproj.io/sync-options'], 'Prune=false,Delete=false');
});

test('a Kafka with TLS in Git is adopted by both TLS paths together, and they are respected', () => {
  const { ignoreDifferences, syncPolicy, ...rest } = withTls.spec;
  assert.deepEqual(ignoreDifferences, [
    { group: 'kubedb.com', kind: 'Kafka', name: 'orders', jsonPointers: ['/spec/enableSSL', '/spec/tls'] },
  ]);
  const { syncOptions, ...policy } = syncPolicy;
  assert.deepEqual(syncOptions, ['RespectIgnoreDifferences=true']);
  assert.deepEqual({ ...withTls, spec: { ...rest, syncPolicy: policy } }, application, 'nothing else differs');
});

test('the Application is not named like the Kafka, and objects are tracked by annotation', () => {
  assert.ok(!manifests('expected.yaml').some((m) => m.kind === KINDS.Kafka.kind && m.metadata.name === application.metadata.name));
  assert.equal(scripts['application.resourceTrackingMethod'], 'annotation');
});

function manifests(name: string): readonly KubeObject[] {
  return parseAllDocuments(file(name)).map((document) => document.toJS());
}
