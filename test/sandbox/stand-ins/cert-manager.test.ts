import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { type Condition, conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import type { Timing } from '#reconciler/sandbox/index';
import { NAMESPACE, SandboxTest } from './sandbox-test';

const CERTIFICATE = 'app';
const SECRET = 'app-tls';
const PASSWORD = 'app-password';
const SPEC = {
  secretName: SECRET,
  commonName: 'app.demo.svc',
  dnsNames: ['app.demo.svc', 'localhost'],
  ipAddresses: ['127.0.0.1'],
  subject: { organizations: ['acme'] },
  usages: ['digital signature', 'key encipherment', 'server auth'],
  duration: '2160h',
  renewBefore: '720h',
  privateKey: { encoding: 'PKCS8' },
  secretTemplate: { labels: { team: 'streams' } },
  keystores: { jks: { create: true, passwordSecretRef: { name: PASSWORD, key: 'password' } } },
  issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: 'ca' },
};

/** Runs with an issued certificate. */
async function withCertificate(body: (t: SandboxTest) => Promise<void>, timing: Partial<Timing> = {}): Promise<void> {
  await SandboxTest.run({ timing }, async (t) => {
    await t.createIssuer('ca');
    await t.create(KINDS.Secret, { name: PASSWORD }, { stringData: { password: 'changeit' } });
    await t.create(KINDS.Certificate, { name: CERTIFICATE }, { spec: SPEC });
    await revision(t, 1);
    await body(t);
  });
}

/** Waits until the certificate is issued for the n-th time and nothing is under way. */
function revision(t: SandboxTest, n: number): Promise<KubeObject> {
  return t.until(`revision ${n}`, async () => {
    const c = await t.get(KINDS.Certificate, CERTIFICATE);
    return c.status?.revision === n && conditionOf(c, 'Ready')?.status === 'True' && conditionOf(c, 'Issuing') === undefined
      ? c
      : undefined;
  });
}

async function change(t: SandboxTest, spec: object): Promise<void> {
  await t.sandbox.client.patch(await t.get(KINDS.Certificate, CERTIFICATE), { spec });
}

async function trigger(t: SandboxTest): Promise<void> {
  const c = await t.get(KINDS.Certificate, CERTIFICATE);
  const issuing = {
    type: 'Issuing',
    status: 'True',
    reason: 'ManuallyTriggered',
    message: 'by hand',
    observedGeneration: c.metadata.generation,
    lastTransitionTime: t.clock.now().toISOString(),
  };
  await t.sandbox.client.replaceStatus({ ...c, status: { ...c.status, conditions: [...(c.status.conditions as Condition[]), issuing] } });
}

test('a CA issuer is ready once its Secret holds a CA', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.create(KINDS.Issuer, { name: 'ca' }, { spec: { ca: { secretName: 'ca' } } });
    const missing = await t.until('the issuer is judged', async () => conditionOf(await t.get(KINDS.Issuer, 'ca'), 'Ready'));
    assert.deepEqual([missing.status, missing.reason], ['False', 'ErrGetKeyPair']);
    assert.equal(missing.message, 'Error getting keypair for CA issuer: secret "ca" not found');
    await t.create(KINDS.Issuer, { name: 'selfsigned' }, { spec: { selfSigned: {} } });
    await t.create(
      KINDS.Certificate,
      { name: 'ca' },
      { spec: { isCA: true, commonName: 'ca', secretName: 'ca', issuerRef: { name: 'selfsigned' } } },
    );
    await t.until('the issuer is ready', async () => ((await t.isTrue(KINDS.Issuer, 'ca', 'Ready')) ? true : undefined));
    assert.equal(conditionOf(await t.get(KINDS.Issuer, 'ca'), 'Ready')?.reason, 'KeyPairVerified');
  });
});

test('a CA ClusterIssuer reads its Secret in the namespace of cert-manager', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.create(KINDS.ClusterIssuer, { name: 'selfsigned' }, { spec: { selfSigned: {} } });
    const spec = { isCA: true, commonName: 'corp', secretName: 'corp', issuerRef: { kind: 'ClusterIssuer', name: 'selfsigned' } };
    await t.create(KINDS.Certificate, { name: 'corp', namespace: 'cert-manager' }, { spec });
    await t.create(KINDS.ClusterIssuer, { name: 'corp' }, { spec: { ca: { secretName: 'corp' } } });
    await t.create(
      KINDS.Certificate,
      { name: CERTIFICATE },
      { spec: { secretName: SECRET, dnsNames: ['a'], issuerRef: { kind: 'ClusterIssuer', name: 'corp' } } },
    );
    await revision(t, 1);
    assert.equal((await t.get(KINDS.Secret, SECRET)).metadata.annotations?.['cert-manager.io/issuer-kind'], 'ClusterIssuer');
  });
});

test('issues a certificate: request, Secret, status', async () => {
  await withCertificate(async (t) => {
    const certificate = await t.get(KINDS.Certificate, CERTIFICATE);
    const leaf = new X509Certificate(await t.secret(SECRET, 'tls.crt'));
    assert.ok(leaf.verify(new X509Certificate(await t.secret('ca', 'tls.crt')).publicKey));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(await t.secret(SECRET, 'tls.key'))));
    assert.match(await t.secret(SECRET, 'tls.key'), /BEGIN PRIVATE KEY/);
    assert.equal(await t.secret(SECRET, 'ca.crt'), await t.secret('ca', 'tls.crt'));
    assert.equal(leaf.validFromDate.toISOString().slice(0, 16), t.clock.now().toISOString().slice(0, 16));
    const day = 24 * 3_600_000;
    assert.equal(leaf.validToDate.getTime() - leaf.validFromDate.getTime(), 90 * day);
    assert.equal(Date.parse(certificate.status.renewalTime), leaf.validToDate.getTime() - 30 * day);
    assert.equal(conditionOf(certificate, 'Ready')?.observedGeneration, 1);
    const request = await t.get(KINDS.CertificateRequest, 'app-1');
    assert.deepEqual(
      request.status.conditions.map((c: Condition) => [c.type, c.status, c.reason]),
      [
        ['Approved', 'True', 'cert-manager.io'],
        ['Ready', 'True', 'Issued'],
      ],
    );
  });
});

test('a Secret tells what was issued', async () => {
  await withCertificate(async (t) => {
    const { metadata, type, data } = await t.get(KINDS.Secret, SECRET);
    assert.equal(type, 'kubernetes.io/tls');
    assert.deepEqual(Object.keys(data).sort(), ['ca.crt', 'keystore.jks', 'tls.crt', 'tls.key', 'truststore.jks']);
    assert.deepEqual(metadata.labels, { 'controller.cert-manager.io/fao': 'true', team: 'streams' });
    assert.deepEqual(metadata.annotations, {
      'cert-manager.io/alt-names': 'app.demo.svc,localhost',
      'cert-manager.io/certificate-name': 'app',
      'cert-manager.io/common-name': 'app.demo.svc',
      'cert-manager.io/ip-sans': '127.0.0.1',
      'cert-manager.io/issuer-group': 'cert-manager.io',
      'cert-manager.io/issuer-kind': 'Issuer',
      'cert-manager.io/issuer-name': 'ca',
      'cert-manager.io/subject-organizations': 'acme',
      'cert-manager.io/uri-sans': '',
    });
  });
});

const reissues: readonly [string, object][] = [
  ['dnsNames', { dnsNames: ['app.demo.svc', 'more'] }],
  ['ipAddresses', { ipAddresses: ['10.0.0.1'] }],
  ['uris', { uris: ['spiffe://app'] }],
  ['emailAddresses', { emailAddresses: ['a@example.org'] }],
  ['commonName', { commonName: 'other' }],
  ['subject', { subject: { organizations: ['other'] } }],
  ['usages', { usages: ['client auth'] }],
  ['duration', { duration: '4320h' }],
  ['private key algorithm', { privateKey: { algorithm: 'ECDSA', size: 256 } }],
  ['private key size', { privateKey: { size: 3072 } }],
  ['literalSubject', { literalSubject: 'CN=other', commonName: null, subject: null }],
];
for (const [name, spec] of reissues) {
  test(`a change of ${name} issues anew`, async () => {
    await withCertificate(async (t) => {
      const old = await t.secret(SECRET, 'tls.crt');
      await change(t, spec);
      const certificate = await revision(t, 2);
      assert.notEqual(await t.secret(SECRET, 'tls.crt'), old);
      assert.equal(conditionOf(certificate, 'Ready')?.observedGeneration, 2);
      assert.equal(await t.sandbox.client.get(KINDS.CertificateRequest, NAMESPACE, 'app-1'), undefined, 'one request is kept');
    });
  });
}

const quiet: readonly [string, object][] = [
  ['renewBefore', { renewBefore: '1h' }],
  ['private key encoding', { privateKey: { encoding: 'PKCS1' } }],
  ['rotationPolicy', { privateKey: { rotationPolicy: 'Never' } }],
  ['secretTemplate', { secretTemplate: { labels: { team: 'other' } } }],
  ['keystores', { keystores: null }],
  ['additionalOutputFormats', { additionalOutputFormats: [{ type: 'CombinedPEM' }] }],
  ['revisionHistoryLimit', { revisionHistoryLimit: 3 }],
];
for (const [name, spec] of quiet) {
  test(`a change of ${name} issues nothing`, async () => {
    await withCertificate(async (t) => {
      const old = await t.secret(SECRET, 'tls.crt');
      await change(t, spec);
      await t.clock.sleep(60_000);
      const certificate = await t.get(KINDS.Certificate, CERTIFICATE);
      assert.equal(certificate.status.revision, 1);
      assert.equal(conditionOf(certificate, 'Ready')?.observedGeneration, 2);
      assert.equal(await t.secret(SECRET, 'tls.crt'), old);
    });
  });
}

test('a literal subject stands in the certificate in the reverse order of its text', async () => {
  await withCertificate(async (t) => {
    await change(t, { literalSubject: 'CN=billing,OU=payments,DC=corp,DC=example', commonName: null, subject: null });
    await revision(t, 2);
    const leaf = new X509Certificate(await t.secret(SECRET, 'tls.crt'));
    assert.equal(leaf.subject, 'DC=example\nDC=corp\nOU=payments\nCN=billing');
    const { annotations } = (await t.get(KINDS.Secret, SECRET)).metadata;
    assert.equal(annotations?.['cert-manager.io/common-name'], 'billing');
  });
});

const neverIssued: readonly [string, object][] = [
  ['a name beyond ASCII', { dnsNames: ['b\u00fccher.example.org'] }],
  ['another kind of a key that is kept', { privateKey: { rotationPolicy: 'Never', algorithm: 'ECDSA' } }],
];
for (const [name, spec] of neverIssued) {
  test(`a Certificate with ${name} is never issued`, async () => {
    await withCertificate(async (t) => {
      await change(t, spec);
      await t.clock.sleep(600_000);
      const certificate = await t.get(KINDS.Certificate, CERTIFICATE);
      assert.equal(certificate.status.revision, 1);
      assert.equal(conditionOf(certificate, 'Issuing')?.status, 'True');
    });
  });
}

const notAdmitted: readonly [string, object, RegExp][] = [
  ['a literal subject beside a common name', { literalSubject: 'CN=x' }, /no `commonName` may be provided/],
  ['a literal subject that cannot be read', { literalSubject: 'cn=x', commonName: null, subject: null }, /literalSubject/],
  ['a signature that does not fit the key', { signatureAlgorithm: 'ECDSAWithSHA256' }, /signatureAlgorithm/],
  ['name constraints of a leaf', { nameConstraints: { permitted: { dnsDomains: ['a'] } } }, /isCa should be true/],
];
for (const [name, spec, says] of notAdmitted) {
  test(`the webhook refuses ${name}`, async () => {
    await withCertificate(async (t) => {
      await assert.rejects(change(t, spec), says);
    });
  });
}

test('labels, stores and formats of an existing Secret follow the spec', async () => {
  await withCertificate(async (t) => {
    await change(t, {
      secretTemplate: { labels: { team: null, tier: 'gold' } },
      keystores: null,
      additionalOutputFormats: [{ type: 'CombinedPEM' }],
    });
    const secret = await t.until('the Secret follows', async () => {
      const s = await t.get(KINDS.Secret, SECRET);
      return s.data['tls-combined.pem'] === undefined ? undefined : s;
    });
    assert.deepEqual(secret.metadata.labels, { 'controller.cert-manager.io/fao': 'true', tier: 'gold' });
    assert.deepEqual(Object.keys(secret.data).sort(), ['ca.crt', 'tls-combined.pem', 'tls.crt', 'tls.key']);
  });
});

test('Ready stays True while a certificate is issued anew by hand', async () => {
  await withCertificate(
    async (t) => {
      await trigger(t);
      await t.until('it is asked for', async () => t.sandbox.client.get(KINDS.CertificateRequest, NAMESPACE, 'app-2'));
      const certificate = await t.get(KINDS.Certificate, CERTIFICATE);
      assert.deepEqual(
        ['Ready', 'Issuing'].map((type) => conditionOf(certificate, type)?.status),
        ['True', 'True'],
      );
      await revision(t, 2);
    },
    { issuanceMs: 1000 },
  );
});

test('another issuer: Ready is False until the certificate is from there', async () => {
  await withCertificate(async (t) => {
    await change(t, { issuerRef: { name: 'ca-2' } });
    const waiting = await t.until('it waits', async () => {
      const ready = conditionOf(await t.get(KINDS.Certificate, CERTIFICATE), 'Ready');
      return ready?.status === 'False' ? ready : undefined;
    });
    assert.equal(waiting.reason, 'IncorrectIssuer');
    const request = await t.until('the request waits', async () => {
      const r = await t.sandbox.client.get(KINDS.CertificateRequest, NAMESPACE, 'app-2');
      return r === undefined ? undefined : conditionOf(r, 'Ready');
    });
    assert.deepEqual([request.reason, request.message], ['Pending', 'Referenced "Issuer" not found: "ca-2"']);
    await t.createIssuer('ca-2');
    await revision(t, 2);
    assert.equal(await t.secret(SECRET, 'ca.crt'), await t.secret('ca-2', 'tls.crt'));
  });
});

test('a changed CA behind an issuer issues nothing by itself', async () => {
  await withCertificate(async (t) => {
    const [old, oldCa] = [await t.secret(SECRET, 'tls.crt'), await t.secret('ca', 'tls.crt')];
    await t.sandbox.client.delete(await t.get(KINDS.Secret, 'ca'));
    await t.until('another CA is there', async () => {
      const secret = await t.sandbox.client.get(KINDS.Secret, NAMESPACE, 'ca');
      return secret !== undefined && (await t.secret('ca', 'tls.crt')) !== oldCa ? true : undefined;
    });
    await t.clock.sleep(60_000);
    assert.equal(await t.secret(SECRET, 'tls.crt'), old);
    assert.equal(await t.secret(SECRET, 'ca.crt'), oldCa);
  });
});

test('renews by itself when the time has come', async () => {
  await withCertificate(async (t) => {
    await change(t, { duration: '2h', renewBefore: '30m' });
    await revision(t, 2);
    await t.clock.sleep(91 * 60_000);
    await revision(t, 3);
  });
});

test('a deleted Secret comes back', async () => {
  await withCertificate(async (t) => {
    await t.sandbox.client.delete(await t.get(KINDS.Secret, SECRET));
    await revision(t, 2);
  });
});

test('a Secret survives its Certificate', async () => {
  await withCertificate(async (t) => {
    await t.sandbox.client.delete(await t.get(KINDS.Certificate, CERTIFICATE));
    await t.clock.sleep(1000);
    await t.get(KINDS.Secret, SECRET);
    assert.equal(
      (await t.list(KINDS.CertificateRequest)).some((r) => r.metadata.name.startsWith('app-')),
      false,
    );
  });
});

test('waits for the password of its key stores', async () => {
  await SandboxTest.run({}, async (t) => {
    await t.createIssuer('ca');
    await t.create(KINDS.Certificate, { name: CERTIFICATE }, { spec: SPEC });
    await t.clock.sleep(60_000);
    assert.equal(await t.sandbox.client.get(KINDS.Secret, NAMESPACE, SECRET), undefined);
    await t.create(KINDS.Secret, { name: PASSWORD }, { stringData: { password: 'changeit' } });
    await revision(t, 1);
  });
});

test('a failed request is tried again after an hour, or at once when the spec has changed', async () => {
  await withCertificate(
    async (t) => {
      const fail = async (name: string) => {
        const request = await t.until('it is asked for', async () => t.sandbox.client.get(KINDS.CertificateRequest, NAMESPACE, name));
        const at = `${t.clock.now().toISOString().slice(0, 19)}Z`;
        const conditions = [{ type: 'Ready', status: 'False', reason: 'Failed', message: 'no', lastTransitionTime: at }];
        await t.sandbox.client.replaceStatus({ ...request, status: { conditions, failureTime: at } });
        return t.until('the failure is noted', async () => {
          const c = await t.get(KINDS.Certificate, CERTIFICATE);
          return conditionOf(c, 'Issuing')?.status === 'False' ? c : undefined;
        });
      };
      await t.clock.sleep(1000);
      await change(t, { dnsNames: ['other'] });
      const failed = await fail('app-2');
      assert.equal(failed.status.failedIssuanceAttempts, 1);
      assert.match(
        conditionOf(failed, 'Issuing')?.message ?? '',
        /^The certificate request has failed to complete and will be retried: no/,
      );
      await t.clock.sleep(30 * 60_000);
      assert.equal(conditionOf(await t.get(KINDS.Certificate, CERTIFICATE), 'Issuing')?.status, 'False');
      await t.clock.sleep(31 * 60_000);
      await revision(t, 2);
      await change(t, { dnsNames: ['third'] });
      await fail('app-3');
      await t.clock.sleep(2000);
      await change(t, { dnsNames: ['fourth'] });
      await revision(t, 3);
    },
    { issuanceMs: 500 },
  );
});

test('of two Certificates with one Secret only the older is issued', async () => {
  await withCertificate(async (t) => {
    await t.create(KINDS.Certificate, { name: 'intruder' }, { spec: { ...SPEC, commonName: 'intruder' } });
    await t.clock.sleep(60_000);
    const intruder = await t.get(KINDS.Certificate, 'intruder');
    assert.deepEqual(
      ['Ready', 'Issuing'].map((type) => conditionOf(intruder, type)?.status),
      ['False', undefined],
    );
    assert.equal(conditionOf(intruder, 'Ready')?.reason, 'IncorrectCertificate');
    assert.equal((await t.get(KINDS.Certificate, CERTIFICATE)).status.revision, 1);
  });
});
