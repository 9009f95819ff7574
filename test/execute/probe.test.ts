/** An issuer whose CA cannot be read: a certificate request shows which root it signs with, before the first write to the Kafka. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Acknowledgement, TlsIssuer, type TlsOnProps } from '#constructs/index';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { ClusterError } from '#reconciler/errors';
import { plan } from '#reconciler/plan/plan';
import type { Cluster } from '#reconciler/ports';
import { caSecret, issueCertificate } from '../support/certificate-factory';
import { assertConverged, assertDone } from '../support/converged';
import { MOVE, on, onByRestart } from '../support/desired-states';
import { Interrupted } from '../support/interrupting-cluster';
import { assertFails, COMBINED, failureOf, startPlaintext, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

const CA = ref(KINDS.Secret, 'cert-manager', 'corp-ca');
const ISSUER = ref(KINDS.ClusterIssuer, undefined, 'corp-ca');
const first = issueCertificate({ commonName: 'corp-ca', isCa: true });
const second = issueCertificate({ commonName: 'corp-ca-2', isCa: true });

const issuerOf = (name: string): KubeObject => ({
  apiVersion: ISSUER.apiVersion,
  kind: ISSUER.kind,
  metadata: { name },
  spec: { ca: { secretName: name } },
});

/** A Kafka with TLS by a ClusterIssuer. */
async function secured(executor: ExecutorName, decorate: (cluster: Cluster) => Cluster = (cluster) => cluster): Promise<void> {
  world = await startPlaintext(executor, { kafka: COMBINED, decorate, sandbox: { api: { namespaces: ['demo', 'cert-manager'] } } });
  for (const object of [caSecret({ name: CA.name, namespace: 'cert-manager' }, [first]), issuerOf('corp-ca')])
    await world.cluster.create(object);
  await world.apply(world.desired(by()));
  await world.environment.pass(60_000);
  world.events.length = 0;
}

const by = (change: Partial<TlsOnProps> = {}) => onByRestart({ issuer: TlsIssuer.clusterIssuer('corp-ca'), ...change });
const rotation = (change: Partial<TlsOnProps> = {}) => world.desired(by({ issuedAfter: world.clock.now().toISOString(), ...change }));

async function replaceCa(): Promise<void> {
  const has = (await world.cluster.get(CA)) as KubeObject;
  await world.cluster.replace({ ...has, data: caSecret({ name: CA.name }, [second]).data });
  await world.environment.pass(60_000);
}

const isProbe = ({ kind, metadata }: KubeObject) => kind === KINDS.CertificateRequest.kind && metadata.name.endsWith('-probe');

async function refused(): Promise<KubeObject> {
  throw new ClusterError('create CertificateRequest: denied by policy', { status: 403, reason: 'Forbidden' });
}

async function probesLeft(): Promise<number> {
  const all = await world.cluster.list(KINDS.CertificateRequest, { namespace: world.namespace });
  return all.filter(isProbe).length;
}

for (const executor of EXECUTORS) {
  describe(`a rotation by an issuer whose CA cannot be read, under ${executor}`, () => {
    test('sends a request first, and is an ordinary roll when the root is the same', async () => {
      await secured(executor);
      const bundle = rotation();
      const { steps, notes } = plan(bundle, await world.observe(bundle), world.clock.now());
      assert.deepEqual([steps[0]?.kind, steps[0]?.subject.name], ['probe', 'corp-ca']);
      assert.match(
        notes.join('\n'),
        /The CA of ClusterIssuer\/corp-ca cannot be read\. Before anything is changed, a certificate request shows/,
      );
      await world.apply(bundle);
      assert.equal(world.evicted.length, 3);
      assert.equal(await probesLeft(), 0);
      await assertDone(world, bundle);
    });

    test('is refused before the first change when the root is another, and the error names the root', async () => {
      await secured(executor);
      await replaceCa();
      const requests = await world.requests();
      const failure = await assertFails(world.apply(rotation()), 2, /ClusterIssuer\/corp-ca signs with another CA than pods trust/);
      assert.match(failure.hint ?? '', /trustRootChangesTo\('[0-9a-f]{64}'\)/);
      assert.deepEqual(world.evicted, []);
      assert.equal((await world.requests()).length, requests.length, 'KubeDB was asked for nothing');
      assert.equal(await probesLeft(), 0);
    });

    test('changes the root when that was acknowledged, and the trust bundle holds it first', async () => {
      await secured(executor);
      await replaceCa();
      const failure = await failureOf(world.apply(rotation()));
      const root = /trustRootChangesTo\('([0-9a-f]{64})'\)/.exec(failure.hint ?? '')?.[1] ?? '';
      const bundle = rotation({ acknowledge: [...MOVE, Acknowledgement.trustRootChangesTo(root)] });
      await world.apply(bundle);
      assert.equal(new Set(world.evicted).size, 3);
      const published = world.events.findIndex((e) => e.event === 'applied' && e.message.includes('lacks'));
      assert.ok(published !== -1 && published < world.events.findIndex((e) => e.event === 'evicted'));
      await assertConverged(world, bundle);
    });

    test('finishes the acknowledged change after a run that was killed around its request', async () => {
      for (const writes of [4, 5, 6, 7]) {
        await secured(executor);
        await replaceCa();
        const failure = await failureOf(world.apply(rotation()));
        const root = /trustRootChangesTo\('([0-9a-f]{64})'\)/.exec(failure.hint ?? '')?.[1] ?? '';
        const bundle = rotation({ acknowledge: [...MOVE, Acknowledgement.trustRootChangesTo(root)] });
        world.killAfter = writes;
        await assert.rejects(world.apply(bundle), Interrupted, `killed before write ${writes + 1}`);
        world.killAfter = Number.POSITIVE_INFINITY;
        await world.apply(bundle);
        await assertConverged(world, bundle);
        await world.stop();
      }
    });

    test('continues with a warning when the request is denied', async () => {
      await secured(executor, (cluster) => ({ ...cluster, create: (object) => (isProbe(object) ? refused() : cluster.create(object)) }));
      const bundle = rotation();
      await world.apply(bundle);
      const warnings = world.events.filter((e) => e.event === 'warning').map((e) => e.message);
      assert.match(warnings.join('\n'), /the root that it signs with is not known: .*denied by policy/);
      await assertConverged(world, bundle);
    });

    test('without an answer, is stopped or warned about once the certificate is issued', async () => {
      await secured(executor, (cluster) => ({ ...cluster, create: (object) => (isProbe(object) ? refused() : cluster.create(object)) }));
      await replaceCa();
      const run = world.apply(rotation());
      if (executor === 'native') {
        const failure = await failureOf(run);
        assert.match(failure.message, /the issued certificate has another root than pods trust; no pod was restarted/);
        assert.deepEqual(world.evicted, []);
      } else {
        await run;
        const at = (fits: (e: { event: string; message: string }) => boolean) => world.events.findIndex(fits);
        const warned = at((e) => e.event === 'warning' && /another root than pods trust \(SHA-256 [0-9a-f]{64}\)/.test(e.message));
        assert.ok(warned !== -1 && warned < at((e) => e.event === 'ready'), 'reported before the first pod is back');
      }
    });

    test('by another issuer that was approved by its root ends when it signs with another root', async () => {
      await secured(executor);
      await world.cluster.create(caSecret({ name: 'corp-ca-2', namespace: 'cert-manager' }, [second]));
      await world.cluster.create(issuerOf('corp-ca-2'));
      await world.environment.pass(60_000);
      const approved = (root: string) => {
        const acknowledge = [...MOVE, Acknowledgement.trustRootChangesTo(root)];
        return world.desired(on({ issuer: TlsIssuer.clusterIssuer('corp-ca-2'), acknowledge }));
      };
      const failure = await failureOf(world.apply(approved('0'.repeat(64))));
      // Under native, nodes trust both roots by then; no client was cut off.
      const isLed = executor === 'native';
      assert.equal(failure.exitCode, isLed ? 4 : 2, failure.message);
      const root = /trustRootChangesTo\('([0-9a-f]{64})'\)/.exec(failure.hint ?? '')?.[1] ?? '';
      assert.equal(world.evicted.length, isLed ? 3 : 0);
      await world.apply(approved(root));
      assert.equal(new Set(world.evicted).size, 3);
      await assertConverged(world, approved(root));
    });
  });
}
