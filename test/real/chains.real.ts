/**
 * How real cert-manager handles a CA of two tiers and a CertificateRequest of the product. `observe/secret.ts`, the sandbox's CA issuer and the
 * probe of a CA that cannot be read rely on it.
 */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { TlsIssuer } from '#constructs/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import { statusOf } from '#reconciler/model/object-status';
import { createRequest } from '#reconciler/pki/certificate-request';
import { plan } from '#reconciler/plan/plan';
import { untyped } from '#test/support/untyped';
import { assertConverged } from '../support/converged';
import { desiredProps, on, onByRestart } from '../support/desired-states';
import { KAFKA, kafkaManifest, World } from '../support/world';
import { realEnvironments } from './environment';
import { WITHOUT_KUBEDB } from './kubedb-kinds';

const issuer = (name: string, spec: object): KubeObject => ({
  apiVersion: KINDS.Issuer.apiVersion,
  kind: 'Issuer',
  metadata: { name },
  spec,
});
const ca = (name: string, by: string): KubeObject => ({
  apiVersion: KINDS.Certificate.apiVersion,
  kind: 'Certificate',
  metadata: { name },
  spec: {
    secretName: name,
    isCA: true,
    commonName: name,
    duration: '43800h',
    privateKey: { rotationPolicy: 'Never' },
    issuerRef: { name: by },
  },
});
const PKI = [
  issuer('bootstrap', { selfSigned: {} }),
  ca('corp-root', 'bootstrap'),
  issuer('corp-root', { ca: { secretName: 'corp-root' } }),
  ca('corp-issuing', 'corp-root'),
  issuer('corp-issuing', { ca: { secretName: 'corp-issuing' } }),
];

describe('chains', { skip: WITHOUT_KUBEDB }, () => {
  const environments = realEnvironments();

  async function secured(): Promise<World> {
    const world = new World({ opsManager: false }, (options) => environments().environment('native', options));
    const storage = { resources: { requests: { storage: '1Gi' } } };
    await world.start(...PKI, kafkaManifest({ topology: undefined, replicas: 2, storage }));
    await world.settle();
    await world.until(async () => statusOf(await world.cluster.get(world.ref(KINDS.Issuer, 'corp-issuing'))).state === 'Current');
    await world.apply(world.bundle(desiredProps('native', on({ issuer: TlsIssuer.issuer('corp-issuing') }))));
    return world;
  }

  /** Common names of the certificates under a key of a Secret. */
  async function names(world: World, secret: string, key: string): Promise<readonly string[]> {
    const object = await world.cluster.get(world.ref(KINDS.Secret, secret));
    const pem = Buffer.from(untyped(object?.data)?.[key] ?? '', 'base64').toString('utf8');
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((block) => /CN=(.*)/.exec(new X509Certificate(block).subject)?.[1] ?? '');
  }

  test('a leaf below an issuing CA trusts the root, brings the issuing CA along, and rotates as an ordinary roll', async () => {
    const world = await secured();
    assert.deepEqual(await names(world, 'corp-issuing', 'tls.crt'), ['corp-issuing']);
    assert.deepEqual(await names(world, 'corp-issuing', 'ca.crt'), ['corp-root']);
    assert.deepEqual((await names(world, `${KAFKA}-server-cert`, 'tls.crt')).slice(1), ['corp-issuing']);
    assert.deepEqual(await names(world, `${KAFKA}-server-cert`, 'ca.crt'), ['corp-root']);
    await world.environment.pass(3_000);
    const bundle = world.bundle(
      desiredProps('native', onByRestart({ issuer: TlsIssuer.issuer('corp-issuing'), issuedAfter: world.clock.now().toISOString() })),
    );
    const { cutover, obstacles, steps } = plan(bundle, await world.observe(bundle), world.clock.now());
    assert.deepEqual([cutover, obstacles], [undefined, []]);
    assert.ok(steps.some((s) => s.kind === 'evict'));
    await world.apply(bundle);
    await assertConverged(world, bundle);
    await world.stop();
  });

  test('a certificate request of ours is approved and answered, with the root', async () => {
    const world = await secured();
    const subject = world.ref(KINDS.CertificateRequest, 'probe');
    const spec = { issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: 'corp-issuing' }, duration: '1h' };
    await world.cluster.create({
      apiVersion: subject.apiVersion,
      kind: subject.kind,
      metadata: { name: subject.name, namespace: world.namespace },
      spec: { ...spec, ...createRequest({ commonName: 'orders.demo.svc', dnsName: 'orders.demo.svc' }) },
    });
    await world.until(async () => untyped((await world.cluster.get(subject))?.status)?.ca !== undefined);
    const status = (await world.cluster.get(subject))?.status;
    const root = new X509Certificate(Buffer.from(untyped(status).ca, 'base64'));
    assert.match(root.subject, /CN=corp-root/);
    assert.match(
      Buffer.from(untyped(status).certificate, 'base64').toString('utf8'),
      /^(-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\s*){2}$/,
    );
    await world.stop();
  });
});
