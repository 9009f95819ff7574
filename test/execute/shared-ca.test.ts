/** Kafkas of several apps with one CA: the KafkaTls that creates the CA owns it, and the others refer to it. */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Duration } from 'cdk8s';
import { ClientCertificate, KafkaCluster, Tls, TlsIssuer } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { untyped } from '#test/support/untyped';
import { NOTHING_TO_DO } from '../support/converged';
import { MOVE, on } from '../support/desired-states';
import { assertFails, COMBINED, kafkaManifest, startPlaintext, type World } from '../support/world';

const SMALL = { ...COMBINED, replicas: 1 };

for (const executor of ['ops-request', 'native'] as const satisfies readonly ExecutorName[]) {
  describe(`executor ${executor}`, () => {
    let world: World;
    afterEach(() => world?.stop());

    const wanted = (kafka: string, issuer: TlsIssuer) =>
      world.desired(on({ issuer }), { cluster: KafkaCluster.existing(kafka, { nodes: 1 }) });
    const ca = () => world.cluster.get(world.ref(KINDS.Certificate, 'kafka-ca'));

    test('the CA stays with the first one, and the second one may refer to it', async () => {
      const orders = kafkaManifest(SMALL);
      const parcels: KubeObject = { ...orders, metadata: { ...orders.metadata, name: 'parcels' } };
      world = await startPlaintext(executor, { kafka: SMALL, objects: [parcels] });
      const made = TlsIssuer.selfSignedCa({ name: 'kafka-ca' });
      await world.apply(wanted('orders', made));
      const before = await ca();

      const longer = TlsIssuer.selfSignedCa({ name: 'kafka-ca', duration: Duration.days(3650) });
      await assertFails(world.apply(wanted('parcels', longer)), 2, /belongs to demo\/orders, and only one KafkaTls may own it/);
      assert.deepEqual(await ca(), before);

      await world.apply(wanted('parcels', TlsIssuer.issuer('kafka-ca')));
      for (const [kafka, issuer] of [
        ['orders', made],
        ['parcels', TlsIssuer.issuer('kafka-ca')],
      ] as const) {
        assert.deepEqual(await world.apply(wanted(kafka, issuer)), NOTHING_TO_DO);
      }
      assert.deepEqual(await ca(), before);
    });

    test('an Issuer that a user created is adopted if it is the same, and never overwritten', async () => {
      const issuer = (name: string, spec: object): KubeObject => ({
        apiVersion: KINDS.Issuer.apiVersion,
        kind: KINDS.Issuer.kind,
        metadata: { name },
        spec,
      });
      const objects = [issuer('orders-ca-selfsigned', { selfSigned: {} }), issuer('orders-ca', { ca: { secretName: 'by-hand' } })];
      world = await startPlaintext(executor, { kafka: SMALL, objects });
      const tls = Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: MOVE });
      const bundle = world.desired(tls);
      await assertFails(world.apply(bundle), 2, /belongs to no KafkaTls, and has other content: spec\.ca\.secretName differs/);
      const subject = world.ref(KINDS.Issuer, 'orders-ca');
      assert.equal(untyped((await world.cluster.get(subject))?.spec).ca.secretName, 'by-hand');

      await world.delete(subject);
      await world.apply(bundle);
      assert.equal(untyped((await world.cluster.get(subject))?.spec).ca.secretName, 'orders-ca');
    });

    test('a Certificate that a user created in another spelling is adopted unchanged, and nothing is issued', async () => {
      world = await startPlaintext(executor, { kafka: SMALL });
      const tls = on();
      await world.apply(world.desired(tls));
      const subject = world.ref(KINDS.Certificate, 'billing');
      await world.cluster.create({
        apiVersion: KINDS.Certificate.apiVersion,
        kind: KINDS.Certificate.kind,
        metadata: { name: 'billing', namespace: world.namespace },
        spec: {
          secretName: 'billing',
          commonName: 'billing',
          dnsNames: ['Billing.example.org', 'a.example.org'],
          ipAddresses: ['0:0:0:0:0:0:0:1'],
          usages: ['client auth', 'digital signature', 'key encipherment'],
          privateKey: { encoding: 'PKCS8' },
          issuerRef: { name: 'orders-ca' },
        },
      });
      await world.until(async () => untyped((await world.cluster.get(subject))?.status)?.revision === 1);
      const before = await world.cluster.get(subject);
      const names = { dnsNames: ['a.example.org', 'billing.example.org'], ipAddresses: ['::1'] };
      const wanted = world.desired(
        tls,
        {},
        (kafkaTls) => void new ClientCertificate(kafkaTls, 'billing', { kafkaTls, name: 'billing', ...names }),
      );
      await world.apply(wanted);
      const after = await world.cluster.get(subject);
      assert.equal(after?.metadata.labels?.['kafka-tls/kafka'], 'orders');
      assert.deepEqual(untyped(after?.spec)?.dnsNames, untyped(before?.spec)?.dnsNames);
      assert.equal(untyped(after?.status)?.revision, 1);
      assert.deepEqual(await world.apply(wanted), NOTHING_TO_DO);
    });
  });
}
