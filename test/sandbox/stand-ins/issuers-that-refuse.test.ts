/** Issuers that are not free to sign what is asked for: an ACME server, a Vault with a role, and those that leave names out or backdate. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { SandboxTest } from './sandbox-test';

const NAMES = { dnsNames: ['orders.demo.svc', 'localhost', '*.orders-pods.demo.svc'], ipAddresses: ['127.0.0.1'] };

interface Case {
  readonly name: string;
  readonly spec: object;
  readonly annotations?: Record<string, string>;
  readonly names?: object;
  /** Why nothing is issued. */
  readonly refusal?: RegExp;
  /** What is issued. */
  readonly issued?: RegExp;
}

const VAULT = { vault: { server: 'https://vault.example.org', path: 'pki/sign/kafka', auth: { tokenSecretRef: { name: 't', key: 'k' } } } };
const ACME = { acme: { server: 'https://acme.example.org', privateKeySecretRef: { name: 'k' } } };
const of = (annotations: Record<string, string>) =>
  Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`sandbox.kafka-tls/${name}`, value]));

const CASES: readonly Case[] = [
  {
    name: 'an ACME server knows no internal name',
    spec: ACME,
    refusal: /order is in "errored" state: .*rejectedIdentifier: Cannot issue for "\*\.orders-pods\.demo\.svc"/,
  },
  { name: 'a Vault signs what its role allows', spec: VAULT, issued: /DNS:localhost, .*IP Address:127\.0\.0\.1/ },
  {
    name: 'a Vault whose role does not allow localhost',
    spec: VAULT,
    annotations: of({ 'vault-forbids': 'localhost' }),
    refusal:
      /URL: PUT https:\/\/vault\.example\.org\/v1\/pki\/sign\/kafka\nCode: 400\. Errors:\n\n\* subject alternate name localhost not allowed by this role$/,
  },
  {
    name: 'one that does not allow addresses',
    spec: VAULT,
    annotations: of({ 'vault-forbids': 'ip-sans' }),
    refusal: /IP Subject Alternative Names are not allowed/,
  },
  {
    name: 'one that does not allow wildcards',
    spec: VAULT,
    annotations: of({ 'vault-forbids': 'wildcards' }),
    refusal: /name \*\.orders-pods\.demo\.svc not allowed/,
  },
  {
    name: 'one that allows other domains',
    spec: VAULT,
    annotations: of({ 'vault-domains': 'example.org' }),
    refusal: /orders-pods\.demo\.svc not allowed/,
  },
  {
    name: 'one that allows these domains',
    spec: VAULT,
    annotations: of({ 'vault-domains': 'example.org, demo.svc' }),
    issued: /orders\.demo\.svc/,
  },
  {
    name: 'an issuer that leaves names out',
    spec: VAULT,
    annotations: of({ 'drops-names': 'localhost,127.0.0.1' }),
    issued: /^DNS:\*\.orders-pods\.demo\.svc, DNS:orders\.demo\.svc$/,
  },
];

async function requested(t: SandboxTest, { spec, annotations = {}, names = NAMES }: Case): Promise<KubeObject> {
  await t.create(KINDS.Issuer, { name: 'remote', annotations }, { spec });
  await t.create(KINDS.Certificate, { name: 'app' }, { spec: { secretName: 'app', ...names, issuerRef: { name: 'remote' } } });
  return t.until('the request is answered', async () => {
    const request = await t.sandbox.client.get(KINDS.CertificateRequest, 'demo', 'app-1');
    const ready = request === undefined ? undefined : conditionOf(request, 'Ready');
    return ready === undefined ? undefined : request;
  });
}

for (const c of CASES) {
  test(c.name, () =>
    SandboxTest.run({}, async (t) => {
      const request = await requested(t, c);
      const ready = conditionOf(request, 'Ready');
      assert.equal(conditionOf(await t.get(KINDS.Issuer, 'remote'), 'Ready')?.status, 'True');
      if (c.refusal !== undefined) {
        assert.deepEqual([ready?.status, ready?.reason], ['False', 'Failed']);
        assert.match(ready?.message ?? '', c.refusal);
        const issuing = await t.until('the failure is on the Certificate', async () => {
          const condition = conditionOf(await t.get(KINDS.Certificate, 'app'), 'Issuing');
          return condition?.status === 'False' ? condition : undefined;
        });
        assert.match(issuing.message ?? '', c.refusal);
        return;
      }
      assert.equal(ready?.status, 'True');
      const certificate = await t.until('it is issued', async () => {
        const object = await t.get(KINDS.Certificate, 'app');
        return conditionOf(object, 'Ready')?.status === 'True' && conditionOf(object, 'Issuing') === undefined ? object : undefined;
      });
      assert.match(new X509Certificate(await t.secret('app', 'tls.crt')).subjectAltName ?? '', c.issued as RegExp);
      assert.ok(
        new X509Certificate(await t.secret('app', 'tls.crt')).verify(new X509Certificate(await t.secret('app', 'ca.crt')).publicKey),
      );
      await t.clock.sleep(7_200_000);
      assert.equal((await t.get(KINDS.Certificate, 'app')).status.revision, certificate.status.revision, 'it is not issued again');
    }),
  );
}

describe('what is passed on', () => {
  test('an ACME order of a public name stays pending: nobody solves its challenge', () =>
    SandboxTest.run({}, async (t) => {
      const request = await requested(t, { name: '', spec: ACME, names: { dnsNames: ['kafka.example.org'] } });
      const ready = conditionOf(request, 'Ready');
      assert.deepEqual([ready?.status, ready?.reason], ['False', 'Pending']);
      assert.match(ready?.message ?? '', /^Waiting on certificate issuance from order demo\/app-1-1: "pending"$/);
    }));

  test('a backdated certificate says that it is older', () =>
    SandboxTest.run({}, async (t) => {
      await requested(t, { name: '', spec: VAULT, annotations: of({ backdates: '5m' }) });
      await t.until('it is issued', async () => ((await t.isTrue(KINDS.Certificate, 'app', 'Ready')) ? true : undefined));
      const { validFromDate } = new X509Certificate(await t.secret('app', 'tls.crt'));
      const age = t.clock.now().getTime() - validFromDate.getTime();
      assert.ok(age >= 300_000 && age < 310_000, `${age} ms`);
    }));
});
