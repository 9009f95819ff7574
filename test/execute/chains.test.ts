/** CAs of two and three tiers: each rotation is an ordinary roll, and a new issuing CA below the same root is, too. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Rotation, TlsIssuer, type TlsOnProps } from '#constructs/index';
import { EXECUTORS, type ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { plan } from '#reconciler/plan/plan';
import { type CaContent, caSecret, issueCertificate } from '../support/certificate-factory';
import { assertConverged } from '../support/converged';
import { on } from '../support/desired-states';
import { COMBINED, failureOf, KAFKA, NAMESPACE, startSecured, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

const root = issueCertificate({ commonName: 'corp-root', isCa: true });
const policy = issueCertificate({ commonName: 'corp-policy', issuer: root, isCa: true });
const issuing = issueCertificate({ commonName: 'corp-issuing', issuer: root, isCa: true });
const issuing2 = issueCertificate({ commonName: 'corp-issuing-2', issuer: root, isCa: true });
const below = issueCertificate({ commonName: 'corp-below', issuer: policy, isCa: true });
const below2 = issueCertificate({ commonName: 'corp-below-2', issuer: policy, isCa: true });
const otherRoot = issueCertificate({ commonName: 'other-root', isCa: true });
const otherIssuing = issueCertificate({ commonName: 'other-issuing', issuer: otherRoot, isCa: true });

/** A Kafka with TLS by this CA. */
async function secured(executor: ExecutorName, pki: CaContent): Promise<void> {
  const issuer = { apiVersion: KINDS.Issuer.apiVersion, kind: 'Issuer', metadata: { name: 'corp' }, spec: { ca: { secretName: 'corp' } } };
  world = await startSecured(executor, by(), { kafka: COMBINED, objects: [caSecret({ name: 'corp', namespace: NAMESPACE }, pki), issuer] });
}

const by = (change: Partial<TlsOnProps> = {}) => on({ issuer: TlsIssuer.issuer('corp'), ...change });
const rotation = (change: Partial<TlsOnProps> = {}) => world.desired(by({ issuedAfter: world.clock.now().toISOString(), ...change }));
const BY_RESTART = { rotation: Rotation.restart() };

/** The CA Secret gets another content; nothing else changes. */
async function becomes(pki: CaContent): Promise<void> {
  const has = (await world.cluster.get(world.ref(KINDS.Secret, 'corp'))) as KubeObject;
  await world.cluster.replace({ ...has, data: caSecret({ name: 'corp', namespace: NAMESPACE }, pki).data });
  await world.environment.pass(60_000);
}

const GATED: readonly { readonly name: string; readonly before: CaContent; readonly after?: CaContent }[] = [
  { name: 'two tiers, the root in ca.crt', before: [issuing, [], root] },
  { name: 'two tiers, the root in tls.crt', before: [issuing, [root]] },
  { name: 'two tiers, the root known nowhere', before: [issuing] },
  { name: 'three tiers, in any order', before: [below, [root, policy], root] },
  { name: 'three tiers below an anchor that is not self-signed', before: [below, [], policy] },
  { name: 'another issuing CA below the same root', before: [issuing, [], root], after: [issuing2, [], root] },
  { name: 'another issuing CA below the same anchor', before: [below, [], policy], after: [below2, [], policy] },
  { name: 'the root is added', before: [issuing], after: [issuing, [], root] },
  { name: 'the root is left out', before: [issuing, [], root], after: [issuing] },
  { name: 'an issuing CA comes between: its root signed the leaves before', before: [root, [], root], after: [issuing, [], root] },
  { name: 'a tier more', before: [issuing, [], root], after: [below, [policy], root] },
];

for (const [i, { name, before, after = before }] of GATED.entries()) {
  // Certificates are judged in the plan, so each case is played with one of the executors.
  const executor = EXECUTORS[i % EXECUTORS.length] as ExecutorName;
  test(`a rotation under ${executor} is an ordinary roll: ${name}`, async () => {
    await secured(executor, before);
    await becomes(after);
    const bundle = rotation(BY_RESTART);
    const { cutover, obstacles } = plan(bundle, await world.observe(bundle), world.clock.now());
    assert.deepEqual([cutover, obstacles], [undefined, []]);
    await world.apply(bundle);
    assert.deepEqual([...world.evicted].sort(), [`${KAFKA}-0`, `${KAFKA}-1`, `${KAFKA}-2`]);
    await assertConverged(world, bundle);
  });
}

for (const executor of EXECUTORS) {
  describe(`a rotation under ${executor}`, () => {
    test('of a CA whose root is not known needs an acknowledgement when the issuing CA gets another key: pods trust only that', async () => {
      await secured(executor, [issuing]);
      await becomes([issuing2]);
      const failure = await failureOf(world.apply(rotation()));
      assert.match(failure.message, /signs with another CA than pods trust/);
      assert.deepEqual(world.evicted, []);
    });

    test('by another root needs an acknowledgement, which names it', async () => {
      await secured(executor, [issuing, [], root]);
      await becomes([otherIssuing, [], otherRoot]);
      const failure = await failureOf(world.apply(rotation()));
      assert.match(failure.message, /signs with another CA than pods trust/);
      assert.match(failure.hint ?? '', /trustRootChangesTo\('[0-9a-f]{64}'\)/);
      assert.deepEqual(world.evicted, []);
    });

    test('comes in time when the issuing CA was renewed, once, and not before', async () => {
      const ending = issueCertificate({ commonName: 'corp-issuing', issuer: root, isCa: true, notAfter: '2026-12-10T09:00:00Z' });
      await secured(executor, [ending, [], root]);
      const bundle = world.desired(by(BY_RESTART));
      assert.equal((await world.apply(bundle)).message, 'nothing to do', 'a rotation would bring the same CA');
      const { notes } = plan(bundle, await world.observe(bundle), world.clock.now());
      assert.match(notes.join('\n'), /CN=corp-issuing of Issuer\/corp expires 2026-12-10T09:00:00Z.* Renew it/);
      await becomes([issuing, [], root]);
      await world.apply(bundle);
      assert.equal(new Set(world.evicted).size, 3);
      await assertConverged(world, bundle);
      assert.equal((await world.apply(bundle)).message, 'nothing to do');
    });
  });
}
