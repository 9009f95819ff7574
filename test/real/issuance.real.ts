/**
 * The order in which real cert-manager issues again, which this project relies on. And KubeDB's race, in which a rotation is
 * Successful before the new certificate is there, does not reach a Kafka that this project looks after.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { statusOf } from '#reconciler/model/object-status';
import { mismatches } from '#reconciler/plan/verify';
import { untyped } from '#test/support/untyped';
import { desiredProps, on, onByRestart } from '../support/desired-states';
import { KAFKA, kafkaManifest, World } from '../support/world';
import { realEnvironments } from './environment';
import { WITHOUT_KUBEDB } from './kubedb-kinds';

/** One state that a Certificate was in. */
interface Seen {
  readonly revision: number;
  readonly isReady: boolean;
  readonly isIssuing: boolean;
  /** What its Secret held when that was seen. */
  readonly certificate: string;
}

describe('issuance', { skip: WITHOUT_KUBEDB }, () => {
  const environments = realEnvironments();

  async function secured(opsManager: boolean | { rotationRace: true }): Promise<World> {
    const world = new World({ opsManager }, (options) => environments().environment('ops-request', options));
    await world.start(kafkaManifest({ topology: undefined, replicas: 2, storage: { resources: { requests: { storage: '1Gi' } } } }));
    await world.settle();
    await world.apply(world.bundle(desiredProps('ops-request', on())));
    await world.environment.pass(60_000);
    return world;
  }

  test('Ready stays True while a certificate is issued again, and the Secret has the new one before the revision changes', async () => {
    const world = await secured(true);
    const certificate = world.ref(KINDS.Certificate, `${KAFKA}-server-cert`);
    const secret = world.ref(KINDS.Secret, `${KAFKA}-server-cert`);
    const look = async (): Promise<Seen> => {
      // The Certificate first: what its Secret holds is at least as new.
      const object = await world.cluster.get(certificate);
      const held = await world.cluster.get(secret);
      return {
        revision: untyped(object?.status)?.revision ?? 0,
        isReady: conditionOf(object as KubeObject, 'Ready')?.status === 'True',
        isIssuing: conditionOf(object as KubeObject, 'Issuing')?.status === 'True',
        certificate: untyped(held?.data)?.['tls.crt'] ?? '',
      };
    };
    const first = await look();
    await world.askForRenewal(certificate);
    const seen: Seen[] = [];
    while (seen.at(-1)?.revision !== first.revision + 1 && seen.length < 300_000) seen.push(await look());

    assert.ok(
      seen.some((s) => s.isIssuing),
      'it is seen to be issuing',
    );
    assert.ok(
      seen.every((s) => s.isReady),
      'Ready alone would not have shown the issuance',
    );
    const last = seen.at(-1) as Seen;
    assert.deepEqual([last.revision, last.isIssuing], [first.revision + 1, false], 'the revision counts and Issuing ends in one write');
    assert.notEqual(last.certificate, first.certificate, 'and by then the Secret holds another certificate');
    await world.stop();
  });

  test('a Certificate that is created again takes over the Secret of the previous one if it fits, whatever the encoding of its key', async () => {
    const world = await secured(true);
    const certificate = world.ref(KINDS.Certificate, 'again');
    const made = async (encoding: 'PKCS1' | 'PKCS8') => {
      const { apiVersion, kind, name, namespace } = certificate;
      const spec = { secretName: name, dnsNames: ['a.example.org'], issuerRef: { kind: 'Issuer', name: `${KAFKA}-ca` } };
      await world.cluster.create({
        apiVersion,
        kind,
        metadata: { name, namespace: namespace ?? '' },
        spec: { ...spec, privateKey: { encoding, rotationPolicy: 'Always' } },
      });
      await world.until(async () => statusOf(await world.cluster.get(certificate)).state === 'Current');
      return (await world.cluster.get(world.ref(KINDS.Secret, name)))?.data;
    };
    const first = await made('PKCS1');
    await world.delete(certificate);
    const second = await made('PKCS8');
    assert.equal(untyped(second)['tls.crt'], untyped(first)['tls.crt'], 'nothing was issued');
    assert.equal(untyped(second)['tls.key'], untyped(first)['tls.key'], 'nor written in the other encoding');
    await world.stop();
  });

  test('a rotation that KubeDB calls Successful too early is followed by a Restart, until every pod serves the new certificate', async () => {
    const world = await secured({ rotationRace: true });
    const bundle = world.bundle(desiredProps('ops-request', onByRestart({ issuedAfter: world.clock.now().toISOString() })));
    await world.apply(bundle);
    const types = (await world.requests()).map((r) => untyped(r.spec).type);
    assert.ok(types.includes('Restart'), types.join(', '));
    assert.deepEqual(mismatches(await world.observe(bundle), bundle.tls), []);
    assert.deepEqual(await world.apply(bundle), { changed: false, message: 'nothing to do' });
    await world.stop();
  });
});
