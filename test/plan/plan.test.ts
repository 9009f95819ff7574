/**
 * Every row of "live x desired" for both executors, compared with the printed plan in `golden/<executor>/<row>.txt`. UPDATE_GOLDEN=1 writes
 * the files again.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { REQUEST } from '#model/names';
import { restartsOf } from '#reconciler/model/plan';
import { type PlanOptions, plan } from '#reconciler/plan/plan';
import { PLAIN } from '#reconciler/report/style';
import { planText } from '#reconciler/report/text';
import { untyped } from '#test/support/untyped';
import { ClusterBuilder, certificate, NOW, readyIssuer, root, signingWith, TLS, tlsBy } from '../support/cluster-builder';
import { expectGolden } from '../support/golden';

interface Row {
  readonly name: string;
  readonly cluster: () => ClusterBuilder;
  /** Default: both. */
  readonly only?: ExecutorName;
  readonly options?: PlanOptions;
  /** Number of pods that restart. */
  readonly restarts: number;
  readonly obstacle?: 'wait' | 'blocked' | 'invalid' | 'failed';
}

const MOVE = { acknowledge: [{ kind: 'clientsMoveToTls' as const }] };
const LEAVE = { acknowledge: [{ kind: 'clientsLeaveTls' as const }] };
const CA2 = { acknowledge: [{ kind: 'trustRootChangesTo' as const, issuer: 'ca-2' }] };
const plaintext = () => new ClusterBuilder('dedicated', 'off').wants(TLS);
const otherLeaf = { protocol: 'tls' as const, leaf: certificate('old'), isSignedBySecretCa: true };

const ALL = new ClusterBuilder().live.pods.map((p) => p.name);

function otherRoot(): ClusterBuilder {
  return new ClusterBuilder()
    .wants(tlsBy('ca-2'))
    .issuer({ kind: 'Issuer', name: 'ca-2', object: readyIssuer('ca-2'), ...signingWith(root('root-2')) });
}

/** These pods, and the Secrets, hold what expired yesterday. */
function expired(...pods: readonly string[]): ClusterBuilder {
  const leaf = certificate('expired', { notAfter: '2026-11-22T09:00:00Z' });
  const b = new ClusterBuilder().secret('orders-server-cert', { leaf }).secret('orders-client-cert', { leaf });
  for (const pod of pods)
    b.podServes(pod, { protocol: 'tls', leaf, expiredAt: leaf.notAfter, untrusted: `expired ${leaf.notAfter}`, isSignedBySecretCa: true });
  return b;
}

const ROWS: readonly Row[] = [
  { name: 'everything as desired', cluster: () => new ClusterBuilder(), restarts: 0 },
  { name: 'no TLS and none wanted', cluster: () => new ClusterBuilder('dedicated', 'off'), restarts: 0 },
  { name: 'no Kafka, declared', cluster: () => new ClusterBuilder().declares().noKafka(), restarts: 0 },
  { name: 'no Kafka, only referenced', cluster: () => new ClusterBuilder().noKafka(), restarts: 0, obstacle: 'wait' },
  {
    name: 'Kafka without pods, never provisioned',
    cluster: () =>
      plaintext()
        .sees(() => ({ pods: [], petSets: [] }))
        .kafka((k) => ({ ...k, status: {} })),
    restarts: 0,
  },
  { name: 'add TLS', cluster: () => plaintext().desires(MOVE), restarts: 6 },
  { name: 'add TLS in one stop', cluster: () => plaintext().desires({ ...MOVE, cutover: 'stop' }), restarts: 6 },
  { name: 'add TLS, not acknowledged', cluster: plaintext, restarts: 0, obstacle: 'invalid' },
  { name: 'add TLS to combined nodes', cluster: () => new ClusterBuilder('combined', 'off').wants(TLS).desires(MOVE), restarts: 3 },
  {
    name: 'other names',
    cluster: () => new ClusterBuilder().wants(tlsBy('orders-ca', { certificates: [{ alias: 'server', dnsNames: ['kafka.example.org'] }] })),
    restarts: 6,
  },
  {
    name: 'other renewBefore',
    cluster: () => new ClusterBuilder().wants(tlsBy('orders-ca', { certificates: [{ alias: 'server', renewBefore: '720h' }] })),
    restarts: 0,
    only: 'native',
  },
  {
    name: 'other key encoding',
    cluster: () =>
      new ClusterBuilder().wants(tlsBy('orders-ca', { certificates: [{ alias: 'server', privateKey: { encoding: 'PKCS1' } }] })),
    restarts: 6,
    only: 'native',
  },
  {
    name: 'another kind of key',
    cluster: () => new ClusterBuilder().wantsKey({ algorithm: 'ECDSA', size: 256 }),
    restarts: 6,
    only: 'native',
  },
  {
    name: 'the default kind of key again',
    cluster: () =>
      new ClusterBuilder().certificate('orders-server-cert', (c) => ({
        ...c,
        spec: { ...c.spec, privateKey: { ...c.spec.privateKey, algorithm: 'ECDSA', size: 256 } },
      })),
    restarts: 6,
    only: 'native',
  },
  {
    name: 'another kind of key is wanted, and nothing issued since',
    cluster: () =>
      new ClusterBuilder().secret('orders-server-cert', {
        leaf: certificate('server', { keyKind: { algorithm: 'ECDSA', size: 256 } }),
      }),
    restarts: 6,
    only: 'native',
  },
  {
    name: 'other issuer, same root',
    cluster: () =>
      new ClusterBuilder()
        .wants(tlsBy('ca-2'))
        .issuer({ kind: 'Issuer', name: 'ca-2', object: readyIssuer('ca-2'), caPublicKeys: ['key-root-of-orders-ca'] }),
    restarts: 6,
  },
  {
    name: 'other issuer, other root, not acknowledged',
    only: 'ops-request',
    cluster: otherRoot,
    restarts: 0,
    obstacle: 'invalid',
  },
  { name: 'other issuer, other root, to be acknowledged later', only: 'native', cluster: otherRoot, restarts: ALL.length },
  {
    name: 'other issuer, other root',
    cluster: () =>
      new ClusterBuilder()
        .wants(tlsBy('ca-2'))
        .desires(CA2)
        .issuer({ kind: 'Issuer', name: 'ca-2', object: readyIssuer('ca-2'), ...signingWith(root('root-2')) }),
    restarts: 6,
  },
  { name: 'other issuer, root unknown', cluster: () => new ClusterBuilder().wants(tlsBy('ca-2')).desires(CA2), restarts: 6 },
  {
    name: 'same issuer with another CA, and its name was acknowledged',
    cluster: () =>
      new ClusterBuilder()
        .desires({ issuedAfter: NOW, acknowledge: [{ kind: 'trustRootChangesTo', issuer: 'orders-ca' }] })
        .issuer({ kind: 'Issuer', name: 'orders-ca', object: readyIssuer('orders-ca'), ...signingWith(root('new')) }),
    restarts: 0,
    obstacle: 'invalid',
  },
  {
    name: 'half of the pods serve another root',
    cluster: () => {
      const b = new ClusterBuilder().desires({ acknowledge: [{ kind: 'trustRootChangesTo', root: 'fp-root-of-orders-ca' }] });
      for (const i of [0, 1, 2]) b.podServes(`orders-broker-${i}`, { ...otherLeaf, isSignedBySecretCa: false });
      return b.sees(({ trust }) => ({ trust: { ...trust, ca: [root('old-root'), ...(trust?.ca ?? [])] } })).toldAll();
    },
    restarts: 3,
    only: 'native',
  },
  {
    name: 'the issuer gets another CA, and nothing is issued yet',
    cluster: () =>
      new ClusterBuilder().issuer({ kind: 'Issuer', name: 'orders-ca', object: readyIssuer('orders-ca'), ...signingWith(root('new')) }),
    restarts: 0,
  },
  { name: 'the trust bundle is missing', cluster: () => new ClusterBuilder().sees(() => ({ trust: { ca: [] } })), restarts: 0 },
  {
    name: 'the trust bundle was edited',
    cluster: () => new ClusterBuilder().sees(({ trust }) => ({ trust: { ...trust, ca: [root('rogue')], digest: 'edited' } })),
    restarts: 0,
  },
  {
    name: 'other issuer, root unknown, not acknowledged',
    cluster: () => new ClusterBuilder().wants(tlsBy('ca-2')),
    restarts: 0,
    obstacle: 'invalid',
  },
  {
    name: 'same issuer with another CA',
    cluster: () =>
      new ClusterBuilder()
        .desires({ issuedAfter: NOW, acknowledge: [{ kind: 'trustRootChangesTo', root: 'fp-new' }] })
        .issuer({ kind: 'Issuer', name: 'orders-ca', object: readyIssuer('orders-ca'), ...signingWith(root('new')) }),
    restarts: 6,
  },
  { name: 'rotate by issuedAfter', cluster: () => new ClusterBuilder().desires({ issuedAfter: '2026-11-23T08:59:00Z' }), restarts: 0 },
  {
    name: 'rotate by issuedAfter, by restart',
    cluster: () => new ClusterBuilder().byRestart().desires({ issuedAfter: '2026-11-23T08:59:00Z' }),
    restarts: 6,
  },
  { name: 'issuedAfter in the future', cluster: () => new ClusterBuilder().desires({ issuedAfter: '2026-12-24T00:00:00Z' }), restarts: 0 },
  { name: 'every certificate has expired', cluster: () => expired(...ALL), restarts: 6 },
  {
    name: 'every certificate has expired, in one stop',
    cluster: () => expired(...ALL).desires({ cutover: 'stop' }),
    restarts: 6,
    only: 'native',
  },
  {
    name: 'one broker serves an expired certificate',
    cluster: () =>
      expired('orders-broker-1')
        .secret('orders-server-cert', { leaf: certificate('new') })
        .byRestart()
        .desires({ cutover: 'stop', issuedAfter: NOW }),
    restarts: 6,
    only: 'native',
  },
  { name: 'rotate before expiry', cluster: () => new ClusterBuilder().desires({ beforeExpiry: '1440h' }), restarts: 0 },
  {
    name: 'update and rotation in one commit',
    cluster: () =>
      new ClusterBuilder()
        .wants(
          tlsBy('orders-ca', {
            certificates: [
              { alias: 'server', dnsNames: ['k.example.org'] },
              { alias: 'client', dnsNames: ['k.example.org'] },
            ],
          }),
        )
        .desires({ issuedAfter: '2026-11-23T08:59:00Z' }),
    restarts: 6,
  },
  {
    name: 'two pods with an old certificate',
    cluster: () => new ClusterBuilder().byRestart().podServes('orders-broker-1', otherLeaf).podServes('orders-controller-2', otherLeaf),
    restarts: 2,
    only: 'native',
  },
  {
    name: 'a pod with an old certificate',
    cluster: () => new ClusterBuilder().byRestart().podServes('orders-broker-1', otherLeaf),
    restarts: 6,
    only: 'ops-request',
  },
  {
    name: 'a certificate that cert-manager is at work on',
    cluster: () =>
      new ClusterBuilder().certificate('orders-server-cert', (c) => ({
        ...c,
        status: { ...c.status, conditions: [...(c.status?.conditions ?? []), { type: 'Issuing', status: 'True', reason: 'Renewing' }] },
      })),
    restarts: 0,
  },
  {
    name: 'a pod that cannot be seen',
    cluster: () => new ClusterBuilder().podServes('orders-broker-1', { protocol: 'unknown', because: 'connection refused' }),
    restarts: 0,
  },
  { name: 'remove TLS', cluster: () => new ClusterBuilder().wants('off').desires(LEAVE), restarts: 6 },
  { name: 'remove TLS, not acknowledged', cluster: () => new ClusterBuilder().wants('off'), restarts: 0, obstacle: 'invalid' },
  {
    name: 'revert of the last operation needs no acknowledgement',
    cluster: () =>
      new ClusterBuilder().wants('off').remembers({ change: { from: { tls: 'off' }, to: { tls: TLS, root: 'key-root-of-orders-ca' } } }),
    restarts: 6,
  },
  {
    name: 'other fields of a declared Kafka differ',
    cluster: () => new ClusterBuilder().declares().kafka((k) => ({ ...k, spec: { ...untyped(k.spec), version: '4.0.0' } })),
    restarts: 0,
  },
  {
    name: 'a foreign operation is unfinished',
    cluster: () =>
      new ClusterBuilder().wants('off').desires(LEAVE).request('scale-out', 'Progressing', undefined, { type: 'HorizontalScaling' }),
    restarts: 0,
    obstacle: 'wait',
  },
  {
    name: 'our own request is under way',
    cluster: () => plaintext().desires(MOVE).request('orders-tls-x', 'Progressing', { executor: 'ops-request', from: 'off' }, { tls: TLS }),
    restarts: 6,
    only: 'ops-request',
  },
  {
    name: 'an ops-manager carries out our request',
    cluster: () => plaintext().desires(MOVE).request('orders-tls-x', 'Progressing', { executor: 'ops-request', from: 'off' }, { tls: TLS }),
    restarts: 0,
    only: 'native',
    obstacle: 'wait',
  },
  {
    name: 'our own run was killed',
    only: 'native',
    restarts: 5,
    cluster: () => {
      const b = new ClusterBuilder().turningOn();
      for (const pod of b.live.pods.slice(1))
        b.podServes(pod.name, { protocol: 'plaintext' }).pod(pod.name, { certificateSecret: undefined as never });
      return b.request(b.bundle.converge.metadata.name, 'Progressing', { executor: 'native', from: 'off' }, { tls: TLS });
    },
  },
  {
    name: 'our own run was killed and the desired state changed',
    only: 'native',
    restarts: 1,
    cluster: () => {
      const b = new ClusterBuilder('dedicated', 'off').turningOn().podServes('orders-controller-0', otherLeaf);
      return b.request('orders-tls-other', 'Progressing', { executor: 'native', from: 'off' }, { tls: TLS });
    },
  },
  {
    name: 'paused by another writer',
    cluster: () =>
      new ClusterBuilder()
        .wants('off')
        .desires(LEAVE)
        .kafkaCondition({ type: 'Paused', status: 'True', reason: 'Maintenance', message: 'disk swap' }),
    restarts: 0,
    obstacle: 'blocked',
  },
  {
    name: 'halted',
    cluster: () => new ClusterBuilder().kafka((k) => ({ ...k, spec: { ...untyped(k.spec), halted: true } })),
    restarts: 0,
    obstacle: 'blocked',
  },
  {
    name: 'a gitops Kafka of the same name',
    cluster: () => new ClusterBuilder().sees(({ kafka }) => ({ gitOpsKafka: kafka as NonNullable<typeof kafka> })),
    restarts: 0,
    obstacle: 'blocked',
  },
  {
    name: 'owned by another KafkaTls',
    cluster: () => new ClusterBuilder().desires({ owner: 'demo/other' }),
    restarts: 0,
    obstacle: 'invalid',
  },
  {
    name: 'taken over from another KafkaTls',
    cluster: () => new ClusterBuilder().desires({ owner: 'demo/other' }),
    restarts: 0,
    options: { takeOver: true },
  },
  {
    name: 'PetSets that replace their pods',
    only: 'native',
    restarts: 0,
    obstacle: 'invalid',
    cluster: () =>
      new ClusterBuilder().sees(({ petSets }) => ({
        petSets: petSets.map((s) => ({
          ...s,
          object: { ...s.object, spec: { ...s.object.spec, updateStrategy: { type: 'RollingUpdate' } } },
        })),
      })),
  },
];

for (const executor of EXECUTORS) {
  describe(`plan, executor ${executor}`, () => {
    for (const row of ROWS.filter((r) => r.only === undefined || r.only === executor)) {
      test(row.name, () => {
        const cluster = row.cluster().desires({ executor });
        const drawn = plan(cluster.bundle, cluster.live, new Date(NOW), row.options);
        assert.equal(drawn.obstacles[0]?.kind, row.obstacle);
        if (drawn.obstacles.length > 0) assert.deepEqual(drawn.steps, [], 'nothing is planned past an obstacle');
        assert.equal(restartsOf(drawn.steps).length, row.restarts);
        assert.deepEqual(plan(cluster.bundle, cluster.live, new Date(NOW), row.options), drawn, 'planning is deterministic');
        expectGolden(
          `test/plan/golden/${executor}/${row.name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.txt`,
          planText(drawn, PLAIN, { applyWith: 'kafka-tls apply' }),
        );
      });
    }
  });
}

describe('attempts', () => {
  const name = new ClusterBuilder().wants('off').bundle.converge.metadata.name;
  const off = () => new ClusterBuilder().wants('off').desires({ ...LEAVE, executor: 'ops-request' });
  const first = (b: ClusterBuilder, options?: PlanOptions) => {
    const drawn = plan(b.bundle, b.live, new Date(NOW), options);
    const [obstacle] = drawn.obstacles;
    return obstacle === undefined
      ? drawn.steps.find((s) => s.kind === 'submitOpsRequest')?.subject.name
      : `${obstacle.kind}: ${obstacle.message}`;
  };
  const ours = { executor: 'ops-request' as const, from: TLS };
  const verified = { ...ours, annotations: { [REQUEST.verified]: NOW } };
  const cases: readonly { name: string; cluster: ClusterBuilder; options?: PlanOptions; expect: string | RegExp }[] = [
    { name: 'the first is named by content', cluster: off(), expect: name },
    { name: 'a failure is tried again once', cluster: off().request(name, 'Failed', ours), expect: `${name}-2` },
    {
      name: 'a second failure is not',
      cluster: off().request(name, 'Failed', ours).request(`${name}-2`, 'Failed', ours),
      expect: /^failed: failed 2 times/,
    },
    {
      name: '--retry ignores failures',
      cluster: off().request(name, 'Failed', ours).request(`${name}-2`, 'Failed', ours),
      options: { retry: true },
      expect: `${name}-3`,
    },
    {
      name: 'a superseded request is no failure',
      cluster: off()
        .request(name, 'Failed', { ...ours, annotations: { [REQUEST.superseded]: 'true' } })
        .request(`${name}-2`, 'Failed', ours),
      expect: `${name}-3`,
    },
    { name: 'a verified success may be submitted again', cluster: off().request(name, 'Successful', verified), expect: `${name}-2` },
    {
      name: 'a success without effect is not tried again',
      cluster: off().request(name, 'Successful', ours),
      expect: /^failed: was Successful without effect: Kafka\/demo\/orders: spec.enableSSL/,
    },
    {
      name: 'it is tried again after the Kafka has changed',
      cluster: off().request(name, 'Successful', { ...ours, annotations: { [REQUEST.ineffectiveAt]: '0' } }),
      expect: `${name}-2`,
    },
    { name: 'a Skipped request is submitted again', cluster: off().request(name, 'Skipped', ours), expect: `${name}-2` },
    { name: 'a Denied request is not', cluster: off().request(name, 'Denied', ours), expect: /^blocked: was denied/ },
    {
      name: 'an old failure does not count after a verified success',
      cluster: off().request(name, 'Failed', ours).request(`${name}-2`, 'Successful', verified).request(`${name}-3`, 'Failed', ours),
      expect: `${name}-4`,
    },
    { name: 'a name of another owner is not used', cluster: off().request(name, 'Successful', undefined), expect: `${name}-2` },
  ];
  for (const c of cases) {
    test(c.name, () => {
      const has = first(c.cluster, c.options);
      if (typeof c.expect === 'string') assert.equal(has, c.expect);
      else assert.match(has ?? '', c.expect);
    });
  }
});
