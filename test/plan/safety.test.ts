/** What a plan must never hold: a restart that TLS does not ask for, a loop, a success that is none. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../constructs/model/kube-object';
import { PAUSE_REASON, REQUEST } from '../../constructs/model/names';
import type { Plan } from '../../reconciler/plan/nouns';
import { type PlanOptions, plan } from '../../reconciler/plan/plan';
import { ClusterBuilder, certificate, NOW, TLS, tlsBy } from '../support/cluster-builder';

const SERVER = 'orders-server-cert';
const later = (hours: number) => new Date(Date.parse(NOW) + hours * 3_600_000);
const planOf = (c: ClusterBuilder, options?: PlanOptions, now = new Date(NOW)): Plan => plan(c.bundle, c.live, now, options);
const kinds = (p: Plan) => p.steps.map((s) => s.kind);
const restarts = (p: Plan) => p.steps.flatMap((s) => (s.kind === 'evict' ? [s.subject.name] : []));
const submitted = (p: Plan) => p.steps.flatMap((s) => (s.kind === 'submitOpsRequest' ? [s] : []));

test('B template changed for other reasons restarts nobody', () => {
  const c = new ClusterBuilder().sees(({ petSets }) => ({
    petSets: petSets.map((s) => ({ ...s, object: { ...s.object, status: { ...s.object.status, updateRevision: 'newer' } } })),
  }));
  assert.deepEqual(restarts(planOf(c)), []);
});

for (const executor of ['native', 'ops-request'] as const) {
  test(`D from of a second attempt ${executor}`, () => {
    // off -> on, attempt 1 has written the spec and failed; attempt 2 is planned
    const hash = new ClusterBuilder().bundle.converge.metadata.name;
    const c = new ClusterBuilder('dedicated', 'off')
      .wants(TLS)
      .desires({ executor, acknowledge: [{ kind: 'clientsMoveToTls' }] })
      .kafka((k) => ({ ...k, spec: { ...k.spec, enableSSL: true, tls: TLS } }))
      .request(hash, 'Failed', { executor, from: 'off' }, { tls: TLS });
    const p = planOf(c);
    const from = submitted(p)[0]?.manifest.metadata.annotations?.[REQUEST.from];
    assert.equal(from, JSON.stringify('off'));
  });
  test(`D2 repair does not acknowledge a later cut ${executor}`, () => {
    const c = new ClusterBuilder().desires({ executor }).certificate(SERVER, (x) => ({ ...x, spec: { ...x.spec, secretName: 'x' } }));
    const p = planOf(c);
    assert.equal(submitted(p)[0]?.manifest.metadata.annotations?.[REQUEST.from], undefined, JSON.stringify(p.obstacle));
  });
  test(`E rotation by backdating issuer is bounded ${executor}`, () => {
    const c = new ClusterBuilder()
      .desires({ executor, issuedAfter: '2026-11-23T08:00:00Z' })
      .request(
        'orders-tls-rotate-x',
        'Successful',
        { executor, annotations: { [REQUEST.verified]: NOW } },
        { tls: { rotateCertificates: true } },
      );
    const p = planOf(c);
    assert.equal(p.obstacle?.kind, 'failed', JSON.stringify(kinds(p)));
  });
  test(`E2 beforeExpiry longer than lifetime ${executor}`, () => {
    const leaf = certificate('server', { notBefore: NOW, notAfter: '2026-11-24T09:00:00Z' });
    const c = new ClusterBuilder().desires({ executor, beforeExpiry: '720h' }).secret(SERVER, { leaf });
    for (const pod of c.live.pods) c.podServes(pod.name, { protocol: 'tls', leaf, isSignedBySecretCa: true });
    assert.deepEqual(kinds(planOf(c)), []);
  });
  test(`F untrusted is not as desired ${executor}`, () => {
    const c = new ClusterBuilder().desires({ executor });
    const pod = c.live.pods[3]!;
    c.podServes(pod.name, { ...pod.served[0]!, untrusted: 'not valid for x' });
    const p = planOf(c);
    assert.equal(p.obstacle?.kind, 'failed');
  });
  test(`L unmarked success of long ago ${executor}`, () => {
    const name = new ClusterBuilder().bundle.converge.metadata.name;
    const c = new ClusterBuilder('dedicated', 'off')
      .wants(TLS)
      .desires({ executor, acknowledge: [{ kind: 'clientsMoveToTls' }] })
      .request(name, 'Successful', { executor, from: 'off' }, { tls: TLS })
      .request('orders-tls-x', 'Successful', { executor, from: TLS, annotations: { [REQUEST.verified]: NOW } });
    const p = planOf(c);
    assert.equal(p.obstacle, undefined);
  });
}

test('G switch of executor resumes', () => {
  const c = new ClusterBuilder('dedicated', 'off')
    .wants(TLS)
    .desires({ executor: 'ops-request', acknowledge: [{ kind: 'clientsMoveToTls' }] })
    .kafkaCondition({ type: 'Paused', status: 'True', reason: PAUSE_REASON, message: '' } as never);
  assert.ok(kinds(planOf(c)).includes('resume'));
});

test('I a request that is not wanted any more is superseded', () => {
  const c = new ClusterBuilder('dedicated', 'off')
    .wants('off')
    .request(new ClusterBuilder().bundle.converge.metadata.name, 'Progressing', { executor: 'native', from: 'off' }, { tls: TLS });
  assert.ok(kinds(planOf(c)).includes('supersede'), kinds(planOf(c)).join());
});

test('P ipv6', () => {
  const tls = tlsBy('orders-ca', { certificates: [{ alias: 'server', ipAddresses: ['2001:DB8:0::1'] }] });
  const leaf = certificate('server', { ipAddresses: ['127.0.0.1', '2001:db8::1'] });
  const c = new ClusterBuilder('dedicated', tls).secret(SERVER, { leaf });
  for (const pod of c.live.pods) c.podServes(pod.name, { protocol: 'tls', leaf, isSignedBySecretCa: true });
  assert.deepEqual(kinds(planOf(c)), []);
});
test('secret not signed by its ca', () => {
  const c = new ClusterBuilder().secret(SERVER, { isSignedByCa: false });
  assert.notDeepEqual(planOf(c).steps, []);
});
void later;
void ({} as KubeObject);
void describe;
