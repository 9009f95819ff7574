/** Issuers that do not sign every request as it is: an ACME server, a Vault with a role, and issuers that leave names out or backdate. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type Condition, KINDS } from '#model/kube-object';
import { type SandboxTest, sandboxTest } from './sandbox-test';

const NAMES = { dnsNames: ['orders.demo.svc', 'localhost', '*.orders-pods.demo.svc'], ipAddresses: ['127.0.0.1'] };
const VAULT = { vault: { server: 'https://vault.example.org', path: 'pki/sign/kafka', auth: { tokenSecretRef: { name: 't', key: 'k' } } } };
const ACME = { acme: { server: 'https://acme.example.org', privateKeySecretRef: { name: 'k' } } };

type Faults = Readonly<Record<string, string>>;

/** Requests a certificate and returns the Ready condition of the request. */
async function requested(t: SandboxTest, spec: object, faults: Faults = {}, names: object = NAMES): Promise<Condition> {
  const annotations = Object.fromEntries(Object.entries(faults).map(([fault, value]) => [`sandbox.kafka-tls/${fault}`, value]));
  await t.create(KINDS.Issuer, 'remote', { spec }, { annotations });
  await t.create(KINDS.Certificate, 'app', { spec: { secretName: 'app', ...names, issuerRef: { name: 'remote' } } });
  const ready = await t.until('the request is answered', () => t.condition(KINDS.CertificateRequest, 'app-1', 'Ready'));
  assert.equal((await t.condition(KINDS.Issuer, 'remote', 'Ready'))?.status, 'True');
  return ready;
}

const VAULT_REFUSES =
  /URL: PUT https:\/\/vault\.example\.org\/v1\/pki\/sign\/kafka\nCode: 400\. Errors:\n\n\* subject alternate name localhost not allowed by this role$/;
const REFUSED: readonly [name: string, spec: object, faults: Faults, refusal: RegExp][] = [
  [
    'an ACME server refuses an internal name',
    ACME,
    {},
    /"errored" state: .*rejectedIdentifier: Cannot issue for "\*\.orders-pods\.demo\.svc"/,
  ],
  ['a Vault whose role forbids localhost refuses it', VAULT, { 'vault-forbids': 'localhost' }, VAULT_REFUSES],
  [
    'a Vault whose role forbids addresses refuses them',
    VAULT,
    { 'vault-forbids': 'ip-sans' },
    /IP Subject Alternative Names are not allowed/,
  ],
  [
    'a Vault whose role forbids wildcards refuses them',
    VAULT,
    { 'vault-forbids': 'wildcards' },
    /name \*\.orders-pods\.demo\.svc not allowed/,
  ],
  ['a Vault whose role allows other domains refuses', VAULT, { 'vault-domains': 'example.org' }, /orders-pods\.demo\.svc not allowed/],
];
for (const [name, spec, faults, refusal] of REFUSED) {
  sandboxTest(name, async (t) => {
    const { status, reason, message } = await requested(t, spec, faults);
    assert.deepEqual([status, reason], ['False', 'Failed']);
    assert.match(message ?? '', refusal);
    const issuing = await t.until('the Certificate reports the failure', async () => {
      const condition = await t.condition(KINDS.Certificate, 'app', 'Issuing');
      return condition?.status === 'False' && condition;
    });
    assert.match(issuing.message ?? '', refusal);
  });
}

const ISSUED: readonly [name: string, faults: Faults, issued: RegExp][] = [
  ['a Vault signs what its role allows', {}, /DNS:localhost, .*IP Address:127\.0\.0\.1/],
  ['a Vault whose role allows these domains signs', { 'vault-domains': 'example.org, demo.svc' }, /orders\.demo\.svc/],
  ['an issuer may leave names out', { 'drops-names': 'localhost,127.0.0.1' }, /^DNS:\*\.orders-pods\.demo\.svc, DNS:orders\.demo\.svc$/],
];
for (const [name, faults, issued] of ISSUED) {
  sandboxTest(name, async (t) => {
    assert.equal((await requested(t, VAULT, faults)).status, 'True');
    await t.untilTrue(KINDS.Certificate, 'app', 'Ready');
    const leaf = new X509Certificate(await t.secret('app', 'tls.crt'));
    assert.match(leaf.subjectAltName ?? '', issued);
    assert.ok(leaf.verify(new X509Certificate(await t.secret('app', 'ca.crt')).publicKey));
    await t.clock.sleep(7_200_000);
    assert.equal((await t.get(KINDS.Certificate, 'app')).status.revision, 1, 'it is not issued again');
  });
}

sandboxTest('an ACME order of a public name stays pending, because no challenge is solved', async (t) => {
  const { status, reason, message } = await requested(t, ACME, {}, { dnsNames: ['kafka.example.org'] });
  assert.deepEqual([status, reason], ['False', 'Pending']);
  assert.match(message ?? '', /^Waiting on certificate issuance from order demo\/app-1-1: "pending"$/);
});

sandboxTest('a backdated certificate is valid from an earlier time', async (t) => {
  await requested(t, VAULT, { backdates: '5m' });
  await t.untilTrue(KINDS.Certificate, 'app', 'Ready');
  const age = t.clock.now().getTime() - new X509Certificate(await t.secret('app', 'tls.crt')).validFromDate.getTime();
  assert.ok(age >= 300_000 && age < 310_000, `${age} ms`);
});
