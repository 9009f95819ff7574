/** Kafkas whose configuration differs from the plain one: KubeDB adds listeners, and clusters have other DNS domains. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { KafkaTlsProps, Tls } from '../../constructs';
import type { ExecutorName } from '../../constructs/model/desired';
import { KINDS } from '../../constructs/model/kube-object';
import { readProperties } from '../../constructs/model/properties';
import { assertSettled } from '../support/settled';
import { off, on, wish } from '../support/wishes';
import { KAFKA, kafkaManifest, World } from '../support/world';

const storage = { resources: { requests: { storage: '1Gi' } } };
const SHAPES = { dedicated: {}, combined: { topology: undefined, replicas: 3, storage } };

for (const executor of ['ops-request', 'native'] as const satisfies readonly ExecutorName[]) {
  describe(`executor ${executor}`, () => {
    let world: World;
    afterEach(() => world?.stop());

    const bundle = (tls: Tls, change: Partial<KafkaTlsProps> = {}) => world.bundle(wish(executor, tls, change));

    /** Applies a desired state twice: the first run restarts every pod once, the second one has nothing to do. */
    const converge = async (tls: Tls) => {
      world.events.length = 0;
      await world.apply(bundle(tls));
      const pods = Object.keys(await world.podUids()).sort();
      assert.deepEqual([...world.evicted].sort(), pods, 'every pod restarts once');
      await assertSettled(world, bundle(tls));
      assert.deepEqual(await world.apply(bundle(tls)), { changed: false, message: 'nothing to do' });
    };

    for (const [shape, spec] of Object.entries(SHAPES)) {
      test(`a ${shape} Kafka with Cruise Control keeps its listener when TLS is turned on, rotated and turned off`, async () => {
        world = new World({ opsManager: executor === 'ops-request' });
        await world.start(kafkaManifest({ ...spec, cruiseControl: {} }));
        await world.settle();
        await converge(on());
        assert.equal(await protocolOf(shape, 'CC'), 'SASL_SSL');
        await world.place.pass(3_600_000);
        await converge(on({ issuedAfter: world.clock.now().toISOString() }));
        await converge(off());
        assert.equal(await protocolOf(shape, 'CC'), 'SASL_PLAINTEXT');
      });
    }

    async function protocolOf(shape: string, listener: string): Promise<string | undefined> {
      const name = shape === 'combined' ? `${KAFKA}-config` : `${KAFKA}-broker-config`;
      const secret = await world.cluster.get(world.ref(KINDS.Secret, name));
      const properties = readProperties(Buffer.from(secret?.data['config.properties'], 'base64').toString());
      const entries = properties.get('listener.security.protocol.map')?.split(',') ?? [];
      return entries.find((entry) => entry.startsWith(`${listener}:`))?.split(':')[1];
    }
  });
}
