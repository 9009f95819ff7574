/** What an operation of KubeDB repairs is not waited for before it is asked for; anything else is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '#reconciler/model/plan';
import { repairOf } from '#reconciler/plan/repair';
import { ClusterBuilder, certificate, NOW } from '../support/cluster-builder';

const old = { protocol: 'tls' as const, leaf: certificate('old'), isSignedBySecretCa: true };
const expired = certificate('expired', { notAfter: '2026-11-23T08:00:00Z' });
const POD = 'orders-broker-1';
const unready = (c: ClusterBuilder) => c.pod(POD, { isReady: false });
const stuck = (c: ClusterBuilder) => c.pod(POD, { isReady: false, stuck: 'CrashLoopBackOff' });

const cases: readonly { name: string; operation: Operation; cluster: ClusterBuilder; says?: string }[] = [
  { name: 'a whole Kafka', operation: 'rotate', cluster: new ClusterBuilder() },
  { name: 'a pod that is outdated and Ready', operation: 'restart', cluster: new ClusterBuilder().podServes(POD, old) },
  {
    name: 'one that is outdated and not Ready',
    operation: 'restart',
    cluster: unready(new ClusterBuilder().podServes(POD, old)),
    says: 'orders-broker-1 is not Ready and outdated',
  },
  {
    name: 'one that is outdated and stuck',
    operation: 'update',
    cluster: stuck(new ClusterBuilder().podServes(POD, old)),
    says: 'orders-broker-1 is CrashLoopBackOff and outdated',
  },
  { name: 'one that is up to date and not Ready', operation: 'restart', cluster: unready(new ClusterBuilder()) },
  { name: 'one that is up to date and stuck', operation: 'rotate', cluster: stuck(new ClusterBuilder()) },
  {
    name: 'one whose Secret lacks a key',
    operation: 'update',
    cluster: unready(new ClusterBuilder().secret('orders-server-cert', { keys: ['tls.crt'] })),
    says: 'orders-broker-1 is not Ready, and its Secret is not whole',
  },
  {
    name: 'the same, which a restart does not cure',
    operation: 'restart',
    cluster: unready(new ClusterBuilder().secret('orders-server-cert', { keys: ['tls.crt'] })),
  },
  {
    name: 'an expired certificate, Ready or not',
    operation: 'rotate',
    cluster: new ClusterBuilder().secret('orders-server-cert', { leaf: expired }),
    says: 'orders-controller-0: the certificate that it would load (Secret orders-server-cert) has expired 2026-11-23T08:00:00Z',
  },
  {
    name: 'the same, which a restart does not cure, either',
    operation: 'restart',
    cluster: new ClusterBuilder().secret('orders-server-cert', { leaf: expired }),
  },
];
for (const { name, operation, cluster, says } of cases) {
  test(`${name}: ${says === undefined ? 'nothing' : 'repaired'} (${operation})`, () => {
    const { bundle, live } = cluster;
    assert.equal(repairOf({ bundle, live, now: new Date(NOW) }, operation), says);
  });
}
