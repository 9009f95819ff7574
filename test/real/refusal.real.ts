/**
 * How cert-manager handles a request that an issuer refuses: where it writes the reason, that it waits for an hour, and that the condition
 * that the product sets makes it try again at once.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasTrueCondition, KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { issuanceCause, triggerIssuance } from '#reconciler/execute/issuance';
import { issuanceFailure, statusOf } from '#reconciler/model/object-status';
import { untyped } from '#test/support/untyped';
import { issueCertificate } from '../support/certificate-factory';
import { World } from '../support/world';
import { realEnvironments } from './environment';

describe('a refused request', () => {
  const environments = realEnvironments();

  test('is reported with its reason, and tried again once its cause is fixed', async () => {
    const world = new World({ opsManager: false }, (options) => environments().environment('native', options));
    await world.start();
    const ca = issueCertificate({ commonName: 'root', isCa: true });
    const other = issueCertificate({ commonName: 'other root', isCa: true });
    const secret = world.ref(KINDS.Secret, 'mixed-up');
    const encoded = (text: string) => Buffer.from(text).toString('base64');
    const create = ({ apiVersion, kind }: Kind, name: string, rest: object) =>
      world.cluster.create({ apiVersion, kind, metadata: { name, namespace: world.namespace }, ...rest });
    await create(KINDS.Secret, secret.name, {
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': encoded(ca.cert), 'tls.key': encoded(other.key) },
    });
    await create(KINDS.Issuer, 'mixed-up', { spec: { ca: { secretName: secret.name } } });
    const issuer = world.ref(KINDS.Issuer, 'mixed-up');
    await world.until(async () => hasTrueCondition((await world.cluster.get(issuer)) as KubeObject, 'Ready'));
    const certificate = world.ref(KINDS.Certificate, 'app');
    await create(KINDS.Certificate, 'app', { spec: { secretName: 'app', dnsNames: ['a.example.org'], issuerRef: { name: 'mixed-up' } } });
    const get = async () => (await world.cluster.get(certificate)) as KubeObject;
    await world.until(async () => issuanceFailure(await get()) !== undefined);
    const reason = "Error signing certificate: error creating x509 certificate: x509: provided PrivateKey doesn't match parent's PublicKey";
    assert.equal(issuanceFailure(await get()), reason);
    assert.equal(await issuanceCause(world, await get()), `${reason} (CertificateRequest/${world.namespace}/app-1)`);
    const held = (await world.cluster.get(secret)) as KubeObject;
    await world.cluster.replace({ ...held, data: { ...untyped(held.data), 'tls.key': encoded(ca.key) } });
    await world.environment.pass(5_000);
    assert.equal(statusOf(await get()).state, 'Failed', 'cert-manager itself waits for an hour');
    await triggerIssuance(world, certificate);
    await world.until(async () => statusOf(await get()).state === 'Current');
    assert.equal(untyped((await get()).status).failedIssuanceAttempts, undefined);
    await world.stop();
  });
});
