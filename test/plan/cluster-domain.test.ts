/** Clusters with another DNS domain: names that work are never replaced by guessed ones, whatever was synthesised. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXECUTORS } from '#model/desired';
import type { Observation } from '#reconciler/model/observation';
import { partsOf } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, certificate, NOW } from '../support/cluster-builder';

const DOMAIN = 'k8s.corp.example';
const elsewhere = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('svc.cluster.local', `svc.${DOMAIN}`));
const changes = (c: ClusterBuilder, live: Observation = c.live) => {
  const { obstacles, steps } = plan(c.bundle, live, new Date(NOW));
  return [
    ...obstacles.map((o) => `${o.kind} ${o.subject.name}: ${o.message}`),
    ...steps.flatMap((s) => partsOf(s).map((p) => `${s.kind} ${p.subject.name}`)),
  ];
};

for (const executor of EXECUTORS) {
  for (const shape of ['dedicated', 'combined'] as const) {
    describe(`a ${shape} Kafka in ${DOMAIN}, executor ${executor}`, () => {
      const cluster = () => new ClusterBuilder(shape).desires({ executor });

      test('has nothing to do where all is well', () => assert.deepEqual(changes(cluster(), elsewhere(cluster().live)), []));

      test('has nothing to do where only its Certificates show the domain', () => {
        const { petSets, ...live } = elsewhere(cluster().live);
        const without = petSets.map(({ config: _, ...set }) => set);
        assert.deepEqual(changes(cluster(), { ...live, petSets: without }), []);
      });

      test('has nothing to do where the domain is declared', () => {
        const c = cluster().desires({ clusterDomain: DOMAIN });
        const bundle = elsewhere(c.bundle); // as it is synthesised then
        assert.deepEqual(plan(bundle, elsewhere(c.live), new Date(NOW)).steps, []);
      });

      test('is refused where another domain is declared', () => {
        const c = cluster().desires({ clusterDomain: 'other.example' });
        assert.deepEqual(changes(c, elsewhere(c.live)).slice(0, 1), [
          `invalid orders: its nodes reach each other by names in ${DOMAIN}, and clusterDomain is other.example`,
        ]);
      });

      test('is well though a handshake asked for a name in another domain', () => {
        const live = elsewhere(cluster().live);
        const pods = live.pods.map((pod) => ({
          ...pod,
          served: pod.served.map((s) => ({ ...s, untrusted: `not valid for ${pod.name}.orders-pods.demo.svc.cluster.local, only for x` })),
        }));
        assert.deepEqual(changes(cluster(), { ...live, pods }), []);
      });
    });
  }
}

test('native restores the names that an earlier version has taken from a Kafka', () => {
  const { certificates } = new ClusterBuilder().live;
  const live = elsewhere(new ClusterBuilder().live);
  const found = changes(new ClusterBuilder(), { ...live, certificates });
  assert.ok(found.includes('issue orders-server-cert'), found.join('\n'));
});

test('a certificate for another pod is not taken for right', () => {
  const c = new ClusterBuilder();
  const pods = c.live.pods.map((pod) => ({
    ...pod,
    served: pod.served.map((s) => ({
      ...s,
      leaf: certificate('server', { dnsNames: ['elsewhere.orders-pods.demo.svc.cluster.local'] }),
      untrusted: `not valid for ${pod.name}.orders-pods.demo.svc.cluster.local, only for x`,
    })),
  }));
  const [first] = changes(c, { ...c.live, pods });
  assert.match(first ?? '', /^failed .*not valid for orders-\S+\.orders-pods\.demo\.svc\.cluster\.local, only for elsewhere/);
});
