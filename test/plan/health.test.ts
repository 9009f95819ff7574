/** How a plan uses the phase that KubeDB reports for the Kafka. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Condition } from '#model/kube-object';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, NOW } from '../support/cluster-builder';

const condition = (type: string, status: 'True' | 'False', message: string): Condition => ({ type, status, reason: 'r', message });
const reported =
  (phase: string, ...conditions: Condition[]) =>
  (b: ClusterBuilder) =>
    b.kafka((k) => ({ ...k, status: { ...k.status, phase, conditions: [...(k.status?.conditions ?? []), ...conditions] } }));
const notReady = reported('NotReady', condition('AcceptingConnection', 'False', 'it is not accepting client requests'));
const critical = reported('Critical', condition('ReplicaReady', 'False', 'PetSet orders-broker: ready replicas: 2'));
const paused = reported('NotReady', condition('Paused', 'True', 'for maintenance'));

const cases: readonly { name: string; cluster: ClusterBuilder; obstacle?: RegExp; notes?: RegExp }[] = [
  { name: 'Ready, nothing to do', cluster: new ClusterBuilder() },
  {
    name: 'NotReady, nothing to do',
    cluster: notReady(new ClusterBuilder()),
    obstacle: /but KubeDB cannot use the Kafka: phase NotReady: .*not accepting/,
  },
  { name: 'NotReady, no TLS and none wanted', cluster: notReady(new ClusterBuilder('dedicated', 'off')) },
  { name: 'Critical, nothing to do', cluster: critical(new ClusterBuilder()) },
  { name: 'paused by another', cluster: paused(new ClusterBuilder()), obstacle: /is paused/ },
  {
    name: 'NotReady, something to do',
    cluster: notReady(new ClusterBuilder().desires({ issuedAfter: NOW })),
    notes: /^KubeDB reports phase NotReady: it is not accepting client requests$/m,
  },
  {
    name: 'Critical, something to do',
    cluster: critical(new ClusterBuilder().desires({ issuedAfter: NOW })),
    notes: /^KubeDB reports phase Critical: PetSet orders-broker: ready replicas: 2$/m,
  },
];

describe('the phase of the Kafka', () => {
  for (const { name, cluster, obstacle, notes } of cases) {
    test(name, () => {
      const drawn = plan(cluster.bundle, cluster.live, new Date(NOW));
      const messages = drawn.obstacles.map((o) => o.message).join('\n');
      if (obstacle === undefined) assert.equal(messages, '');
      else assert.match(messages, obstacle);
      if (notes === undefined) assert.doesNotMatch(drawn.notes.join('\n'), /KubeDB reports phase/);
      else assert.match(drawn.notes.join('\n'), notes);
    });
  }

  test('is awaited after all restarts, before the change is recorded as complete', () => {
    for (const executor of ['native', 'ops-request'] as const) {
      const c = new ClusterBuilder().wants('off').desires({ executor, acknowledge: [{ kind: 'clientsLeaveTls' }] });
      const kinds = plan(c.bundle, c.live, new Date(NOW)).steps.map((s) => s.kind);
      const [health, resume, complete] = [kinds.indexOf('awaitHealth'), kinds.lastIndexOf('resume'), kinds.lastIndexOf('record')];
      assert.ok(resume < health && kinds.indexOf('verify') < health && health < complete, kinds.join());
    }
  });
});
