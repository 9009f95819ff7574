/**
 * Labels of the chart, at run time: a policy that refuses every object without one lets a whole run through, and a label that comes later is
 * written without a restart.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { App, Chart, Testing } from 'cdk8s';
import { ClientCertificate, KafkaTls, type KafkaTlsProps } from '#constructs/index';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { bundleName } from '#model/names';
import { ClusterError } from '#reconciler/errors';
import type { Cluster } from '#reconciler/ports';
import { DEDICATED } from '../constructs/app-builder';
import { kafkaTlsIn, type Ran } from '../support/command-line';
import { desiredProps, on } from '../support/desired-states';
import { inMemory, KAFKA, kafkaManifest, type MemoryEnvironment, NAMESPACE, World } from '../support/world';

const TEAM = { team: 'streams' };

/** As Kyverno and Gatekeeper do it: what a run creates or applies needs the label, and so does the Lease whenever it is taken. */
function withPolicy(cluster: Cluster): Cluster {
  const assertLabelled = ({ kind, metadata }: KubeObject) => {
    if (metadata.labels?.team !== undefined) return;
    const subject = { apiVersion: '', kind, name: metadata.name };
    throw new ClusterError('was refused: the label team is required.', { subject, status: 400, reason: 'BadRequest' });
  };
  return {
    ...cluster,
    create: async (object) => {
      assertLabelled(object);
      return cluster.create(object);
    },
    apply: async (object, options) => {
      assertLabelled(object);
      return cluster.apply(object, options);
    },
    replace: async (object, options) => {
      if (object.kind === KINDS.Lease.kind) assertLabelled(object);
      return cluster.replace(object, options);
    },
  };
}

/** Puts the ConfigMap of a KafkaTls into the cluster, as Argo CD and Flux do. */
async function commit(cluster: Cluster, props: KafkaTlsProps, labels: Readonly<Record<string, string>>): Promise<void> {
  const chart = new Chart(new App(), 'chart', { namespace: NAMESPACE, labels: { ...labels } });
  const kafkaTls = new KafkaTls(chart, 'tls', props);
  new ClientCertificate(chart, 'app', { kafkaTls, name: 'billing' });
  const configMap = Testing.synth(chart).find((o: KubeObject) => o.kind === 'ConfigMap');
  await cluster.apply(configMap, { force: true });
}

async function worldIn(t: TestContext, executor: ExecutorName, kafka?: KubeObject) {
  const environment = inMemory({ opsManager: capabilitiesOf({ executor }).needsOpsManager });
  const world = await new World({}, () => environment).start(...(kafka === undefined ? [] : [kafka]));
  t.after(() => world.stop());
  if (kafka !== undefined) await world.settle();
  const guarded: MemoryEnvironment = { ...environment, product: withPolicy(environment.product ?? environment.cluster) };
  const run = async (...argv: readonly string[]): Promise<Ran> => {
    const ran = await kafkaTlsIn(guarded, [...argv, '--config-map', bundleName(KAFKA)]);
    assert.equal(ran.exitCode, 0, ran.stderr);
    return ran;
  };
  return { world, cluster: environment.cluster, run };
}

/** Kinds of which a run creates objects. */
const CREATED: readonly Kind[] = [KINDS.Issuer, KINDS.Certificate, KINDS.KafkaOpsRequest, KINDS.Lease, KINDS.Event];

for (const executor of ['native', 'ops-request'] as const) {
  describe(`under ${executor}`, () => {
    test('every object that a run creates has the label that a policy requires', async (t) => {
      const { cluster, run } = await worldIn(t, executor, kafkaManifest());
      await commit(cluster, desiredProps(executor, on()), TEAM);
      await run('apply');
      for (const kind of CREATED) {
        const isOurs = ({ metadata }: KubeObject) => executor === 'native' || !/^orders-(server|client)-cert$/.test(metadata.name);
        const objects = (await cluster.list(kind, { namespace: NAMESPACE })).filter(isOurs);
        assert.ok(objects.length > 0, kind.kind);
        for (const { metadata } of objects) assert.equal(metadata.labels?.team, 'streams', `${kind.kind} ${metadata.name}`);
      }
      for (const name of ['billing', 'orders-ca', ...(executor === 'native' ? ['orders-keystore-cred', 'orders-server-cert'] : [])]) {
        const secret = await cluster.get({ ...KINDS.Secret, namespace: NAMESPACE, name });
        assert.equal(secret?.metadata.labels?.team, 'streams', name);
      }
      const trust = await cluster.get({ ...KINDS.ConfigMap, namespace: NAMESPACE, name: 'kafka-tls-orders-trust' });
      assert.deepEqual(trust?.metadata.labels, { ...TEAM, 'kafka-tls/kafka': KAFKA });
    });

    test('a created Kafka has the label', async (t) => {
      const { world, cluster, run } = await worldIn(t, executor);
      await commit(cluster, desiredProps(executor, on(), { cluster: DEDICATED }), TEAM);
      await run('apply');
      assert.equal((await world.kafka())?.metadata.labels?.team, 'streams');
    });

    test('a label that is added later is written, also onto the Lease, and restarts no pod', async (t) => {
      const { world, cluster, run } = await worldIn(t, executor, kafkaManifest());
      await commit(cluster, desiredProps(executor, on()), { team: 'before' });
      await run('apply');
      const [pods, requests] = [await world.podUids(), (await world.requests()).map((r) => r.metadata.name)];

      await commit(cluster, desiredProps(executor, on()), TEAM);
      const { stdout } = await run('plan');
      assert.match(stdout, /configure +Issuer\/demo\/orders-ca +.*metadata\.labels\.team differs/);
      assert.doesNotMatch(stdout, /restart|KafkaOpsRequest/);
      await run('apply');
      assert.deepEqual([await world.podUids(), (await world.requests()).map((r) => r.metadata.name)], [pods, requests]);
      const named = { namespace: NAMESPACE, name: bundleName(KAFKA) };
      assert.equal((await cluster.get({ ...KINDS.Lease, ...named }))?.metadata.labels?.team, 'streams');
      if (executor === 'native') {
        const broker = await cluster.get({ ...KINDS.Certificate, namespace: NAMESPACE, name: 'orders-server-cert' });
        assert.equal(broker?.metadata.labels?.team, 'streams');
      }
      assert.match((await run('plan')).stdout, /Nothing to do/);
    });
  });
}
