/**
 * Another client writes to the same objects at the same time: a run tries again on fresh facts, or stops with the reason. It reverts none of
 * the other client's changes and leaves nothing half done. In memory and on a real API server.
 */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { ClientCertificate, type KafkaTls, type Tls } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { bundleName, trustName } from '#model/names';
import { type HeldLease, withLease } from '#reconciler/cluster/lease';
import { fenced } from '#reconciler/cluster/write-guard';
import type { Clock, Cluster } from '#reconciler/ports';
import { Client } from '#reconciler/sandbox/client';
import { assertDone as assertNothingLeft } from './converged';
import { desiredProps, off, on, onByRestart } from './desired-states';
import { RIVAL, Rival } from './rival';
import { untyped } from './untyped';
import { assertFails, COMBINED, hasCondition, KAFKA, kafkaManifest, type TestEnvironment, World, type WorldOptions } from './world';

/** Writes that another client can be faster at, in an operation of each kind. */
const BEATEN = {
  native: [
    'create KafkaOpsRequest',
    'patch Kafka',
    'replace Certificate/status',
    'replace Kafka',
    'replace Kafka/status',
    'replace KafkaOpsRequest',
    'replace KafkaOpsRequest/status',
    'replace PetSet',
    'replace Secret',
  ],
  'ops-request': ['create KafkaOpsRequest', 'replace Kafka', 'replace KafkaOpsRequest'],
} as const satisfies Record<ExecutorName, readonly string[]>;

/** Plays all of them with an executor. `leaseClock` measures how long a Lease is held: real time can be hurried there. */
export function conflicts(
  executor: ExecutorName,
  environment: (options: WorldOptions) => TestEnvironment,
  leaseClock: (clock: Clock) => Clock,
): void {
  // They share a world.
  describe(`executor ${executor}`, { concurrency: 1 }, () => {
    let world: World;
    /** Decorates the cluster that the product sees, from now on. */
    let between: (cluster: Cluster) => Cluster = (cluster) => cluster;
    afterEach(() => world?.stop());

    const bundle = (tls: Tls) => world.bundle(desiredProps(executor, tls));
    /** A Kafka without TLS that another client created. */
    const plaintext = async () => {
      between = (cluster) => cluster;
      world = new World({ opsManager: capabilitiesOf({ executor }).needsOpsManager, decorate: (cluster) => between(cluster) }, environment);
      await world.start(kafkaManifest(COMBINED));
      await world.settle();
    };
    const secured = async () => {
      await plaintext();
      await world.apply(bundle(on()));
      await world.environment.pass(60_000);
    };
    const rivalClient = () => new Client({ send: world.environment.send, manager: RIVAL });
    const rotation = () => onByRestart({ issuedAfter: world.clock.now().toISOString() });

    const assertDone = (wanted: Bundle) => {
      between = (cluster) => cluster;
      return assertNothingLeft(world, wanted);
    };

    test('every object changes just before the run writes it: each write is tried once more', async () => {
      await plaintext();
      const rival = new Rival(world);
      for (const tls of [() => on(), rotation, () => off()]) {
        between = (cluster) => rival.ahead(cluster);
        world.events.length = 0;
        const wanted = bundle(tls());
        await world.apply(wanted);
        assert.equal(new Set(world.evicted).size, world.evicted.length, `restarted twice: ${world.evicted}`);
        await assertDone(wanted);
        assert.deepEqual(await rival.lost(), [], 'the other client lost no change');
        await world.environment.pass(60_000);
      }
      assert.deepEqual([...rival.beaten].sort(), BEATEN[executor]);
    });

    test('a field that another manager has taken is named, and nothing is done until it is released', async () => {
      await secured();
      const ca = {
        apiVersion: KINDS.Certificate.apiVersion,
        kind: 'Certificate',
        metadata: { name: `${KAFKA}-ca`, namespace: world.namespace },
      };
      await rivalClient().apply({ ...ca, spec: { renewBefore: '2h' } });
      const before = await world.podUids();
      const wanted = bundle(rotation());
      await assertFails(world.apply(wanted), 1, /Certificate\/.*\/orders-ca: spec\.renewBefore belongs to field manager "rival"/);
      assert.equal(untyped((await world.cluster.get(world.ref(KINDS.Certificate, `${KAFKA}-ca`)))?.spec).renewBefore, '2h');
      assert.deepEqual(await world.podUids(), before);
      assert.ok(!hasCondition(await world.kafka(), 'Paused'));
      await rivalClient().apply({ ...ca, spec: {} });
      await world.apply(wanted);
      await assertDone(wanted);
    });

    const trust = () => world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA)));
    /** Another client changes the trust bundle. */
    const editTrust = async (note: string) => {
      const { apiVersion, kind, metadata } = (await trust()) as KubeObject;
      const data = { 'ca.crt': note, note };
      await rivalClient().apply({ apiVersion, kind, metadata: { name: metadata.name, namespace: world.namespace }, data });
    };

    test('the trust bundle is edited just before the run writes it: it is written on fresh facts', async () => {
      await secured();
      const before = await trust();
      await editTrust('before the run');
      let writes = 0;
      between = (cluster) => ({
        ...cluster,
        apply: async (object, options) => {
          if (object.kind === 'ConfigMap' && ++writes === 1) await editTrust('during the run');
          return cluster.apply(object, options);
        },
      });
      await world.apply(bundle(on()));
      assert.equal(writes, 2);
      assert.deepEqual((await trust())?.data, { ...untyped(before?.data), note: 'during the run' });
      await assertDone(bundle(on()));
    });

    test('the trust bundle is emptied just after the run wrote it: no pod restarts before it is restored', async () => {
      await plaintext();
      let writes = 0;
      between = (cluster) => ({
        ...cluster,
        apply: async (object, options) => {
          const applied = await cluster.apply(object, options);
          if (object.kind === 'ConfigMap' && ++writes === 1) await editTrust('emptied');
          return applied;
        },
      });
      const seen: Promise<KubeObject | undefined>[] = [];
      world.onEvent = ({ event }) => void (event === 'evicted' && seen.push(trust()));
      await world.apply(bundle(on()));
      assert.equal(seen.length, 3);
      for (const configMap of await world.environment.run(Promise.all(seen)))
        assert.match(untyped(configMap?.data)?.['ca.crt'], /BEGIN CERTIFICATE/);
      await assertDone(bundle(on()));
    });

    test('a Certificate that was created again under the same name is not deleted', async () => {
      await plaintext();
      const billing = (kafkaTls: KafkaTls) => void new ClientCertificate(kafkaTls, 'billing', { kafkaTls, name: 'billing' });
      await world.apply(world.bundle(desiredProps(executor, on()), billing));
      const subject = world.ref(KINDS.Certificate, 'billing');
      let theirs: KubeObject | undefined;
      between = (cluster) => ({
        ...cluster,
        delete: async (of, uid) => {
          if (of.name === subject.name && theirs === undefined) {
            const { apiVersion, kind, metadata, spec } = (await world.cluster.get(subject)) as KubeObject;
            await rivalClient().delete({ apiVersion, kind, metadata });
            theirs = await rivalClient().create({ apiVersion, kind, metadata: { name: subject.name, namespace: world.namespace }, spec });
          }
          return cluster.delete(of, uid);
        },
      });
      await world.apply(bundle(on()));
      assert.ok(theirs !== undefined, 'the run tried to delete it');
      assert.equal((await world.cluster.get(subject))?.metadata.uid, theirs.metadata.uid);
      await assertDone(bundle(on()));
    });

    test('a run whose Lease is taken writes nothing more, and the next one goes on', async () => {
      await secured();
      world.events.length = 0;
      const { cluster, product = cluster, clock } = world.environment;
      const lease = world.ref(KINDS.Lease, bundleName(KAFKA));
      const wanted = bundle(rotation());
      let held: HeldLease | undefined;
      const run = () => {
        const options = { namespace: world.namespace, name: lease.name, identity: 'late', waitMs: 0, report: () => {} };
        return withLease(product, leaseClock(clock), options, (h) => {
          held = h;
          return world.reconcile(() => wanted);
        });
      };
      // When the request is created another client takes the Lease, and the run stands still until it can know.
      let stolen: KubeObject | undefined;
      // A patch, since the run may renew its Lease between a read and a write.
      const handTo = (holderIdentity: string) => {
        const { apiVersion, kind, name } = lease;
        return rivalClient().patch({ apiVersion, kind, metadata: { name, namespace: world.namespace } }, { spec: { holderIdentity } });
      };
      between = (decorated) =>
        fenced(
          {
            ...decorated,
            create: async (object) => {
              const created = await decorated.create(object);
              if (stolen !== undefined) return created;
              stolen = await handTo(RIVAL);
              while (held?.isHeld()) await clock.sleep(100);
              return created;
            },
          },
          { isHeld: () => held?.isHeld() ?? false },
        );
      await assertFails(world.environment.run(run()), 4, /no longer holds its Lease/);
      assert.equal(untyped((await cluster.get(lease))?.spec).holderIdentity, RIVAL, 'the run that lost the Lease does not release it');
      if (executor === 'native') assert.deepEqual(world.evicted, [], 'its request was not begun');

      await handTo('');
      await world.environment.run(run());
      await assertDone(wanted);
    });

    if (executor === 'native') {
      test('a pod that was replaced just before its eviction is not restarted once more', async () => {
        await secured();
        const before = await world.podUids();
        // The last one: a budget counts an eviction that came too late, too, and allows no other one for two minutes.
        const asked = new Set<string>();
        let replaced: string | undefined;
        between = (cluster) => ({
          ...cluster,
          evict: async (pod, uid) => {
            asked.add(pod.name);
            if (replaced === undefined && asked.size === Object.keys(before).length) {
              replaced = pod.name;
              await rivalClient().delete((await world.cluster.get(pod)) as KubeObject);
              while (!isBack(await world.cluster.get(pod), uid)) await world.clock.sleep(100);
            }
            return cluster.evict(pod, uid);
          },
        });
        world.events.length = 0;
        const wanted = bundle(rotation());
        await world.apply(wanted);
        assert.equal(Object.keys(before).length - 1, world.evicted.length);
        assert.ok(replaced !== undefined && !world.evicted.includes(replaced), `${replaced} was restarted by another client`);
        for (const [pod, uid] of Object.entries(await world.podUids())) assert.notEqual(uid, before[pod]);
        await assertDone(wanted);
      });
    }
  });
}

function isBack(pod: KubeObject | undefined, gone: string): boolean {
  return pod !== undefined && pod.metadata.uid !== gone && hasCondition(pod, 'Ready');
}
