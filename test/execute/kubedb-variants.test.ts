/** Kafkas whose configuration differs from the plain one: KubeDB adds listeners, and clusters have other DNS domains. */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Size } from 'cdk8s';
import { KafkaCluster, type Tls } from '#constructs/index';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { readProperties } from '#reconciler/model/properties';
import { untyped } from '#test/support/untyped';
import { assertDone, NOTHING_TO_DO } from '../support/converged';
import { off, on, onByRestart } from '../support/desired-states';
import { assertFails, COMBINED, KAFKA, startPlaintext, World } from '../support/world';

const SHAPES = { dedicated: {}, combined: COMBINED };

for (const executor of ['ops-request', 'native'] as const satisfies readonly ExecutorName[]) {
  describe(`executor ${executor}`, () => {
    let world: World;
    afterEach(() => world?.stop());

    /** Applies a desired state twice: the first run restarts every pod once, the second one has nothing to do. */
    const converge = async (tls: Tls) => {
      world.events.length = 0;
      await world.apply(world.desired(tls));
      const pods = Object.keys(await world.podUids()).sort();
      assert.deepEqual([...world.evicted].sort(), pods, 'every pod restarts once');
      await assertDone(world, world.desired(tls));
    };

    for (const [shape, spec] of Object.entries(SHAPES)) {
      test(`a ${shape} Kafka with Cruise Control keeps its listener when TLS is turned on, rotated and turned off`, async () => {
        world = await startPlaintext(executor, { kafka: { ...spec, cruiseControl: {} } });
        await converge(on());
        assert.equal(await protocolOf(shape, 'CC'), 'SASL_SSL');
        await world.environment.pass(3_600_000);
        await converge(onByRestart({ issuedAfter: world.clock.now().toISOString() }));
        await converge(off());
        assert.equal(await protocolOf(shape, 'CC'), 'SASL_PLAINTEXT');
      });
    }

    describe('in a cluster whose DNS domain is k8s.corp.example', () => {
      const DOMAIN = 'k8s.corp.example';
      const cluster = KafkaCluster.dedicated({
        name: KAFKA,
        version: '4.2.0',
        controllers: { replicas: 1, storage: Size.gibibytes(1) },
        brokers: { replicas: 1, storage: Size.gibibytes(1) },
      });
      const dnsNames = async () => {
        const certificate = await world.cluster.get(world.ref(KINDS.Certificate, `${KAFKA}-server-cert`));
        return (untyped(certificate?.spec)?.dnsNames ?? []).filter((name: string) => name.includes('.svc.'));
      };
      const NAMES = [`*.${KAFKA}-pods.demo.svc.${DOMAIN}`, `${KAFKA}-pods.demo.svc.${DOMAIN}`];

      test('TLS is turned on and rotated with the names that nodes have there', async () => {
        world = await startPlaintext(executor, { sandbox: { clusterDomain: DOMAIN } });
        await converge(on());
        assert.deepEqual(await dnsNames(), NAMES);
        await world.environment.pass(3_600_000);
        await converge(onByRestart({ issuedAfter: world.clock.now().toISOString() }));
        assert.deepEqual(await dnsNames(), NAMES);
      });

      test('names of the user are added to those', async () => {
        world = await startPlaintext(executor, { sandbox: { clusterDomain: DOMAIN } });
        await converge(on({ server: { dnsNames: ['kafka.example.org'] } }));
        assert.deepEqual(await dnsNames(), NAMES);
        const { pods } = await world.observe(world.desired(on()));
        assert.deepEqual(pods[0]?.fqdn, `${pods[0]?.name}.${KAFKA}-pods.demo.svc.${DOMAIN}`);
      });

      test('a Kafka that is created by a declared domain has the names of that domain', async () => {
        world = await new World({
          executor,
          opsManager: capabilitiesOf({ executor }).needsOpsManager,
          sandbox: { clusterDomain: DOMAIN },
        }).start();
        const props = { cluster, clusterDomain: DOMAIN };
        await world.apply(world.desired(on(), props));
        assert.deepEqual(await dnsNames(), NAMES);
        assert.deepEqual(
          world.events.filter((e) => e.event === 'warning'),
          [],
        );
        assert.deepEqual(world.evicted, []);
        assert.deepEqual(await world.apply(world.desired(on(), props)), NOTHING_TO_DO);
      });

      test('a declared domain that the nodes do not have is refused before anything is touched', async () => {
        world = await startPlaintext(executor, { sandbox: { clusterDomain: DOMAIN } });
        await assertFails(
          world.apply(world.desired(on(), { clusterDomain: 'cluster.local' })),
          2,
          /its nodes reach each other by names in k8s\.corp\.example, and clusterDomain is cluster\.local/,
        );
        assert.deepEqual(await dnsNames(), []);
      });
    });

    async function protocolOf(shape: string, listener: string): Promise<string | undefined> {
      const name = shape === 'combined' ? `${KAFKA}-config` : `${KAFKA}-broker-config`;
      const secret = await world.cluster.get(world.ref(KINDS.Secret, name));
      const properties = readProperties(Buffer.from(untyped(secret?.data)?.['config.properties'], 'base64').toString());
      const entries = properties.get('listener.security.protocol.map')?.split(',') ?? [];
      return entries.find((entry) => entry.startsWith(`${listener}:`))?.split(':')[1];
    }
  });
}
