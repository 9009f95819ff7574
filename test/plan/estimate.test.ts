import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PetSetState, PodFacts } from '#reconciler/model/observation';
import { type Estimate, type Plan, partsOf, restartsOf } from '#reconciler/model/plan';
import { planOffline } from '#reconciler/plan/offline';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, NOW, readyIssuer, root, signingWith, TLS, tlsBy } from '../support/cluster-builder';

const MOVE = { acknowledge: [{ kind: 'clientsMoveToTls' as const }] };
const adding = (topology?: 'combined') => new ClusterBuilder(topology, 'off').wants(TLS).desires(MOVE);
/** TLS is being added, and the first pods have it. */
function begun(converted = 1): ClusterBuilder {
  const b = new ClusterBuilder().turningOn();
  for (const { name } of b.live.pods.slice(converted))
    b.podServes(name, { protocol: 'plaintext' }).pod(name, { certificateSecret: undefined as never });
  return b.request(b.bundle.converge.metadata.name, 'Progressing', { executor: 'native', from: 'off' }, { tls: TLS });
}
/** How long the pods of a role took to start. */
const starts = (b: ClusterBuilder, ms: Readonly<Record<string, number>>) =>
  b.sees(({ pods }) => ({ pods: pods.map((p) => ({ ...p, ...(ms[p.role] === undefined ? {} : { startMs: ms[p.role] as number }) })) }));

/** The estimate without its rows. */
function totals({ estimate }: Plan): Omit<Estimate, 'rowsMs'> {
  const { rowsMs: _, ...rest } = estimate as Estimate;
  return rest;
}

const GRACE = '30 s for a broker without a controller to end';
function withGrace(set: PetSetState, terminationGracePeriodSeconds: number): PetSetState {
  const { spec, ...object } = set.object;
  const template = { ...spec.template, spec: { ...spec.template.spec, terminationGracePeriodSeconds } };
  return { ...set, object: { ...object, spec: { ...spec, template } } };
}

/** Before the restarts: 15 s for the claim, 20 s for two certificates, 5 s for the provisioner. */
const BEFORE = 40_000;

describe('an estimate', () => {
  const cases: readonly { name: string; cluster: ClusterBuilder; expect: Partial<Estimate> | undefined }[] = [
    { name: 'of nothing to do is none', cluster: new ClusterBuilder(), expect: undefined },
    {
      name: 'is assumed where no pod tells how long it took: brokers end after their grace period, and the first one serves until then',
      cluster: adding(),
      expect: {
        durationMs: BEFORE + 3 * 60_000 + 3 * (60_000 + 30_000),
        outageMs: 3 * 60_000 + 2 * 30_000,
        because: `${GRACE}; assumed: 60 s for a pod to restart, 10 s for a certificate to be issued`,
      },
    },
    {
      name: 'uses the start times of the live pods by role, rounded up, plus 10 s, or the grace period of a broker that finds no controller',
      cluster: starts(adding(), { controller: 12_000, broker: 41_000 }),
      expect: {
        durationMs: BEFORE + 3 * (15_000 + 10_000) + 3 * (45_000 + 30_000),
        outageMs: 3 * 45_000 + 2 * 30_000,
        because: `a pod took 15 to 45 s to get Ready; ${GRACE}; assumed: 10 s for it to stop and to catch up, 10 s for a certificate to be issued`,
      },
    },
    {
      name: 'uses the longest start of a role, and the shortest of brokers that are not waited for',
      cluster: starts(adding(), { controller: 12_000, broker: 12_000 })
        .pod('orders-controller-1', { startMs: 25_000 })
        .pod('orders-broker-1', { startMs: 85_000 }),
      expect: { durationMs: BEFORE + 3 * (30_000 + 10_000) + 3 * (15_000 + 30_000), outageMs: 3 * 15_000 + 2 * 30_000 },
    },
    {
      name: 'uses the other roles for a role without start times',
      cluster: starts(adding(), { controller: 25_000 }),
      expect: { outageMs: 3 * 30_000 + 2 * 30_000 },
    },
    {
      name: 'ignores a readiness that was lost and regained days later',
      cluster: starts(adding(), { controller: 12_000, broker: 12_000 }).pod('orders-broker-1', { startMs: 86_400_000 }),
      expect: { outageMs: 3 * 15_000 + 2 * 30_000 },
    },
    {
      name: 'counts at least 10 s for a start',
      cluster: starts(adding(), { controller: 1_000, broker: 1_000 }),
      expect: { outageMs: 3 * 10_000 + 2 * 30_000 },
    },
    {
      name: 'takes the grace period from the PetSet of the brokers',
      cluster: starts(adding(), { controller: 12_000, broker: 12_000 }).sees(({ petSets }) => ({
        petSets: petSets.map((s) => (s.role === 'broker' ? withGrace(s, 120) : s)),
      })),
      expect: { outageMs: 3 * 15_000 + 2 * 120_000 },
    },
    {
      name: 'of a stop is the stop and the start of the slowest pod, which has nothing to catch up with',
      cluster: starts(adding().desires({ cutover: 'stop' }), { controller: 12_000, broker: 25_000 }),
      expect: { durationMs: BEFORE + 35_000, outageMs: 35_000 },
    },
    {
      name: 'of combined nodes: one of three is no loss, and the last one finds no controller when it is to end',
      cluster: adding('combined'),
      expect: { outageMs: 2 * 60_000 + 30_000 },
    },
    {
      name: 'of five combined nodes: nor is one of five, but two of them may hold two replicas of a partition',
      cluster: adding('combined').sees(({ pods: [first, ...more] }) => ({
        pods: [first as PodFacts, ...more, ...[3, 4].map((n) => ({ ...(first as PodFacts), name: `orders-${n}`, ordinal: n, nodeId: n }))],
      })),
      expect: { durationMs: BEFORE + 5 * 60_000 + 2 * 30_000, outageMs: 4 * 60_000 + 2 * 30_000 },
    },
    {
      name: 'of a cut-over that was begun with the first controller: brokers still serve',
      cluster: begun(),
      expect: { durationMs: 5_000 + 2 * 60_000 + 3 * 90_000, outageMs: 3 * 60_000 + 2 * 30_000 },
    },
    {
      name: 'of a cut-over in which a broker is converted: the outage has begun',
      cluster: begun(4),
      expect: { durationMs: 5_000 + 2 * 90_000, outageMs: 2 * 90_000 },
    },
    {
      name: 'of two requests of which one is a cut-over: the other is no part of the outage',
      cluster: new ClusterBuilder()
        .byRestart()
        .wants(tlsBy('orders-ca', { certificates: [{ alias: 'server', renewBefore: '720h' }] }))
        .issuer({ kind: 'Issuer', name: 'orders-ca', object: readyIssuer('orders-ca'), ...signingWith(root('new')) })
        .desires({ executor: 'ops-request', issuedAfter: NOW, acknowledge: [{ kind: 'trustRootChangesTo', root: 'fp-new' }] }),
      expect: { durationMs: 2 * (140_000 + 6 * 65_000) + 3 * 30_000, outageMs: 3 * 65_000 + 2 * 30_000 },
    },
    {
      name: 'of a rotation without restarts: the kubelets bring the files, then nodes load them',
      cluster: new ClusterBuilder().desires({ issuedAfter: '2026-11-23T08:59:00Z' }),
      expect: { durationMs: 20_000 + 60_000 + 6 * 2_000 },
    },
    {
      name: 'of a rotation by restart has no outage',
      cluster: new ClusterBuilder().byRestart().desires({ issuedAfter: '2026-11-23T08:59:00Z' }),
      expect: { durationMs: 15_000 + 20_000 + 360_000 },
    },
    {
      name: "of a rotation by KubeDB has KubeDB's preparation, and 5 s between two pods",
      cluster: new ClusterBuilder().byRestart().desires({ issuedAfter: '2026-11-23T08:59:00Z', executor: 'ops-request' }),
      expect: { durationMs: 140_000 + 6 * 65_000, because: 'assumed: 60 s for a pod to restart, 140 s for KubeDB to prepare' },
    },
  ];
  for (const { name, cluster, expect } of cases) {
    test(name, () => {
      const { estimate } = plan(cluster.bundle, cluster.live, new Date(NOW));
      assert.deepEqual(estimate, expect === undefined ? undefined : { ...estimate, ...expect });
    });
  }

  test('is the sum of its rows, and of pods that stop together the longest counts', () => {
    for (const { name, cluster } of cases) {
      const { steps, cutover, estimate } = plan(cluster.bundle, cluster.live, new Date(NOW));
      if (estimate === undefined) continue;
      const rows = estimate.rowsMs ?? [];
      const parts = steps.flatMap(partsOf);
      assert.equal(rows.length, parts.length, name);
      const restarts = restartsOf(steps);
      const isRestart = (i: number) => restarts.some((r) => r === parts[i]);
      const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
      const restarting = rows.filter((_, i) => isRestart(i));
      const restartMs = cutover?.mode === 'stop' ? Math.max(0, ...restarting) : sum(restarting);
      assert.equal(sum(rows.filter((_, i) => !isRestart(i))) + restartMs, estimate.durationMs, name);
    }
  });

  test('of a Kafka that no cluster was asked about is by pod', () => {
    const before = new ClusterBuilder().wants('off').bundle;
    assert.deepEqual(totals(planOffline(before, adding().bundle)), {
      durationMs: BEFORE,
      perPodMs: 60_000,
      because: 'assumed: 60 s for a pod to restart, 10 s for a certificate to be issued',
    });
  });

  test('of a rotation that no cluster was asked about is by the nodes that the app says it has, with and without restarts', () => {
    const rotated = (nodes?: number) =>
      new ClusterBuilder().desires({ issuedAfter: NOW, ...(nodes === undefined ? {} : { nodes }) }).bundle;
    const before = new ClusterBuilder().bundle;
    const { because: _, ...known } = totals(planOffline(before, rotated(6)));
    assert.deepEqual(known, { durationMs: 80_000 + 6 * 2_000, restartingMs: 15_000 + 20_000 + 6 * 60_000 });
    const { because: __, ...unknown } = totals(planOffline(before, rotated()));
    assert.deepEqual(unknown, { durationMs: 80_000, perPodMs: 60_000 });
  });

  for (const { cutover, durationMs } of [
    { cutover: 'rolling' as const, durationMs: BEFORE + 6 * 60_000 },
    { cutover: 'stop' as const, durationMs: BEFORE + 60_000 },
  ]) {
    test(`of a Kafka that no cluster was asked about is by the nodes that the app says it has (${cutover})`, () => {
      const before = new ClusterBuilder().wants('off').bundle;
      assert.deepEqual(totals(planOffline(before, adding().desires({ nodes: 6, cutover }).bundle)), {
        durationMs,
        because: 'assumed: 60 s for a pod to restart, 10 s for a certificate to be issued',
      });
    });
  }
});
