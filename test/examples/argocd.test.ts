/** What examples/argocd says is what Argo CD makes of it: health checks in its Lua, over recorded statuses and over every status of a run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { KINDS, type KubeObject } from '#model/kube-object';
import { type LuaCheck, luaCheck } from '../support/lua-health';
import { KAFKAS, REQUESTS } from '../support/recorded-statuses';
import { historyOf, UNDISTURBED } from '../support/undisturbed-runs';

const file = (name: string) => readFileSync(`examples/argocd/${name}`, 'utf8');
const application = parse(file('application.yaml'));
const withTls = parse(file('adopt-with-tls.yaml'));
const scripts: Readonly<Record<string, string>> = parse(file('argocd-cm.yaml')).data;

describe('health', () => {
  let kafkaHealth: LuaCheck;
  let requestHealth: LuaCheck;
  before(async () => {
    kafkaHealth = await luaCheck(scripts['resource.customizations.health.kubedb.com_Kafka'] ?? '');
    requestHealth = await luaCheck(scripts['resource.customizations.health.ops.kubedb.com_KafkaOpsRequest'] ?? '');
  });

  for (const { name, object, argo } of KAFKAS) test(`Kafka: ${name}: ${argo.status}`, () => assert.deepEqual(kafkaHealth(object), argo));
  for (const { name, object, argo } of REQUESTS)
    test(`KafkaOpsRequest: ${name}: ${argo.status}`, () => assert.deepEqual(requestHealth(object), argo));

  for (const run of UNDISTURBED) {
    const pass = run.isWorstInPass ? ['Degraded', 'Progressing'] : [];
    const expected = ['Healthy', 'Progressing', ...pass, 'Healthy'];
    test(`${expected.join(', ')}: ${run.name}`, async () => {
      const { kafka, requests } = await historyOf(run);
      assert.ok(
        kafka.some((k) => k.status?.phase === run.worst),
        `the Kafka was ${run.worst} meanwhile`,
      );
      assert.deepEqual(changes(kafka, kafkaHealth), expected);
      assert.deepEqual(changes(requests, requestHealth), ['Progressing', 'Healthy']);
    });
  }
});

/** The health of one state after the other, each change once. */
function changes(states: readonly KubeObject[], check: LuaCheck): readonly string[] {
  return states.map((state) => check(state).status).filter((status, i, all) => status !== all[i - 1]);
}

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
