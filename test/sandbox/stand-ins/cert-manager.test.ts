import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type Condition, conditionOf, KINDS } from '#model/kube-object';
import { trustedIn } from '#reconciler/pki/trust-store';
import type { Timing } from '#reconciler/sandbox/index';
import { issueCertificate } from '../../support/certificate-factory';
import { type LooseObject, type SandboxTest, sandboxTest } from './sandbox-test';

const { Certificate, CertificateRequest, ClusterIssuer, Issuer, Secret } = KINDS;
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

/** Registers a test that starts with an issued certificate. */
function certificateTest(name: string, body: (t: SandboxTest) => Promise<void>, timing: Partial<Timing> = {}): void {
  const start = async (t: SandboxTest) => {
    await t.createIssuer('ca');
    await t.create(Secret, PASSWORD, { stringData: { password: 'changeit' } });
    await t.create(Certificate, CERTIFICATE, { spec: SPEC });
    await revision(t, 1);
    await body(t);
  };
  sandboxTest(name, start, { timing });
}

/** Waits until the certificate was issued n times and no issuance is pending. */
function revision(t: SandboxTest, n: number): Promise<LooseObject> {
  return t.until(`revision ${n}`, async () => {
    const c = await t.get(Certificate, CERTIFICATE);
    return c.status?.revision === n && conditionOf(c, 'Ready')?.status === 'True' && conditionOf(c, 'Issuing') === undefined && c;
  });
}

const change = (t: SandboxTest, spec: object) => t.patch(Certificate, CERTIFICATE, { spec });
const ready = (t: SandboxTest) => t.condition(Certificate, CERTIFICATE, 'Ready');

sandboxTest('a CA issuer is Ready once its Secret holds a CA', async (t) => {
  await t.create(Issuer, 'ca', { spec: { ca: { secretName: 'ca' } } });
  const missing = await t.until('the issuer has a condition', () => t.condition(Issuer, 'ca', 'Ready'));
  assert.deepEqual([missing.status, missing.reason], ['False', 'ErrGetKeyPair']);
  assert.equal(missing.message, 'Error getting keypair for CA issuer: secret "ca" not found');
  await t.create(Issuer, 'selfsigned', { spec: { selfSigned: {} } });
  await t.create(Certificate, 'ca', { spec: { isCA: true, commonName: 'ca', secretName: 'ca', issuerRef: { name: 'selfsigned' } } });
  await t.untilTrue(Issuer, 'ca', 'Ready');
  assert.equal((await t.condition(Issuer, 'ca', 'Ready'))?.reason, 'KeyPairVerified');
});

sandboxTest('a CA ClusterIssuer reads its Secret in the namespace of cert-manager', async (t) => {
  const by = (name: string) => ({ issuerRef: { kind: 'ClusterIssuer', name } });
  await t.create(ClusterIssuer, 'selfsigned', { spec: { selfSigned: {} } });
  const ca = { isCA: true, commonName: 'corp', secretName: 'corp', ...by('selfsigned') };
  await t.create(Certificate, 'corp', { spec: ca }, { namespace: 'cert-manager' });
  await t.create(ClusterIssuer, 'corp', { spec: { ca: { secretName: 'corp' } } });
  await t.create(Certificate, CERTIFICATE, { spec: { secretName: SECRET, dnsNames: ['a'], ...by('corp') } });
  await revision(t, 1);
  assert.equal((await t.get(Secret, SECRET)).metadata.annotations?.['cert-manager.io/issuer-kind'], 'ClusterIssuer');
});

certificateTest('issues a certificate: request, Secret, status', async (t) => {
  const certificate = await t.get(Certificate, CERTIFICATE);
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
  const conditions: readonly Condition[] = (await t.get(CertificateRequest, 'app-1')).status.conditions;
  assert.deepEqual(
    conditions.map((c) => [c.type, c.status, c.reason]),
    [
      ['Approved', 'True', 'cert-manager.io'],
      ['Ready', 'True', 'Issued'],
    ],
  );
});

certificateTest('labels and annotations of a Secret describe its certificate', async (t) => {
  const { metadata, type, data } = await t.get(Secret, SECRET);
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
  certificateTest(`a change of ${name} issues a new certificate`, async (t) => {
    const old = await t.secret(SECRET, 'tls.crt');
    await change(t, spec);
    const certificate = await revision(t, 2);
    assert.notEqual(await t.secret(SECRET, 'tls.crt'), old);
    assert.equal(conditionOf(certificate, 'Ready')?.observedGeneration, 2);
    assert.equal(await t.find(CertificateRequest, 'app-1'), undefined, 'only the latest request is kept');
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
  certificateTest(`a change of ${name} issues no new certificate`, async (t) => {
    const old = await t.secret(SECRET, 'tls.crt');
    await change(t, spec);
    await t.clock.sleep(60_000);
    const certificate = await t.get(Certificate, CERTIFICATE);
    assert.deepEqual([certificate.status.revision, conditionOf(certificate, 'Ready')?.observedGeneration], [1, 2]);
    assert.equal(await t.secret(SECRET, 'tls.crt'), old);
  });
}

certificateTest('the subject of a certificate has the reverse order of its literal subject', async (t) => {
  await change(t, { literalSubject: 'CN=billing,OU=payments,DC=corp,DC=example', commonName: null, subject: null });
  await revision(t, 2);
  assert.equal(new X509Certificate(await t.secret(SECRET, 'tls.crt')).subject, 'DC=example\nDC=corp\nOU=payments\nCN=billing');
  assert.equal((await t.get(Secret, SECRET)).metadata.annotations?.['cert-manager.io/common-name'], 'billing');
});

const neverIssued: readonly [string, object][] = [
  ['a name beyond ASCII', { dnsNames: ['b\u00fccher.example.org'] }],
  ['another kind of key than the one it keeps', { privateKey: { rotationPolicy: 'Never', algorithm: 'ECDSA' } }],
];
for (const [name, spec] of neverIssued) {
  certificateTest(`a Certificate with ${name} is never issued`, async (t) => {
    await change(t, spec);
    await t.clock.sleep(600_000);
    assert.equal((await t.get(Certificate, CERTIFICATE)).status.revision, 1);
    assert.equal((await t.condition(Certificate, CERTIFICATE, 'Issuing'))?.status, 'True');
  });
}

certificateTest('labels, stores and formats of an existing Secret follow the spec', async (t) => {
  const secretTemplate = { labels: { team: null, tier: 'gold' } };
  await change(t, { secretTemplate, keystores: null, additionalOutputFormats: [{ type: 'CombinedPEM' }] });
  const secret = await t.until('the Secret follows', async () => {
    const s = await t.get(Secret, SECRET);
    return s.data['tls-combined.pem'] !== undefined && s;
  });
  assert.deepEqual(secret.metadata.labels, { 'controller.cert-manager.io/fao': 'true', tier: 'gold' });
  assert.deepEqual(Object.keys(secret.data).sort(), ['ca.crt', 'tls-combined.pem', 'tls.crt', 'tls.key']);
});

const trigger = (t: SandboxTest) =>
  t.setCondition(Certificate, CERTIFICATE, 'Issuing', { status: 'True', reason: 'ManuallyTriggered', message: 'by hand' });

certificateTest(
  'Ready stays True during an issuance that was triggered by hand',
  async (t) => {
    await trigger(t);
    await t.until('a request exists', () => t.find(CertificateRequest, 'app-2'));
    assert.equal((await ready(t))?.status, 'True');
    assert.equal((await t.condition(Certificate, CERTIFICATE, 'Issuing'))?.status, 'True');
    await revision(t, 2);
  },
  { issuanceMs: 1000 },
);

certificateTest('after a change of the issuer, Ready is False until that issuer has signed', async (t) => {
  await change(t, { issuerRef: { name: 'ca-2' } });
  await t.until('Ready is False', async () => (await ready(t))?.status === 'False');
  assert.equal((await ready(t))?.reason, 'IncorrectIssuer');
  const request = await t.until('the request waits', () => t.condition(CertificateRequest, 'app-2', 'Ready'));
  assert.deepEqual([request.reason, request.message], ['Pending', 'Referenced "Issuer" not found: "ca-2"']);
  await t.createIssuer('ca-2');
  await revision(t, 2);
  assert.equal(await t.secret(SECRET, 'ca.crt'), await t.secret('ca-2', 'tls.crt'));
});

certificateTest('a changed CA of the issuer causes no new certificate', async (t) => {
  const [old, oldCa] = [await t.secret(SECRET, 'tls.crt'), await t.secret('ca', 'tls.crt')];
  await t.delete(Secret, 'ca');
  await t.until('another CA exists', async () => {
    return (await t.find(Secret, 'ca')) !== undefined && (await t.secret('ca', 'tls.crt')) !== oldCa;
  });
  await t.clock.sleep(60_000);
  assert.deepEqual([await t.secret(SECRET, 'tls.crt'), await t.secret(SECRET, 'ca.crt')], [old, oldCa]);
});

certificateTest('renews a certificate at its renewal time', async (t) => {
  await change(t, { duration: '2h', renewBefore: '30m' });
  await revision(t, 2);
  await t.clock.sleep(91 * 60_000);
  await revision(t, 3);
});

certificateTest('issues again after the Secret was deleted', async (t) => {
  await t.delete(Secret, SECRET);
  await revision(t, 2);
});

certificateTest('a Secret survives its Certificate', async (t) => {
  await t.delete(Certificate, CERTIFICATE);
  await t.clock.sleep(1000);
  await t.get(Secret, SECRET);
  assert.ok(!(await t.names(CertificateRequest)).some((name) => name.startsWith('app-')));
});

sandboxTest('waits for the password of its key stores', async (t) => {
  await t.createIssuer('ca');
  await t.create(Certificate, CERTIFICATE, { spec: SPEC });
  await t.clock.sleep(60_000);
  assert.equal(await t.find(Secret, SECRET), undefined);
  await t.create(Secret, PASSWORD, { stringData: { password: 'changeit' } });
  await revision(t, 1);
});

certificateTest(
  'tries a failed request again after an hour, or at once after a change of the spec',
  async (t) => {
    const fail = async (name: string) => {
      const request = await t.until('a request exists', () => t.find(CertificateRequest, name));
      const at = `${t.clock.now().toISOString().slice(0, 19)}Z`;
      const conditions = [{ type: 'Ready', status: 'False', reason: 'Failed', message: 'no', lastTransitionTime: at }];
      await t.sandbox.client.replaceStatus({ ...request, status: { conditions, failureTime: at } });
      return t.until('the Certificate reports the failure', async () => {
        const issuing = await t.condition(Certificate, CERTIFICATE, 'Issuing');
        return issuing?.status === 'False' && issuing;
      });
    };
    await t.clock.sleep(1000);
    await change(t, { dnsNames: ['other'] });
    const { message } = await fail('app-2');
    assert.match(message ?? '', /^The certificate request has failed to complete and will be retried: no/);
    assert.equal((await t.get(Certificate, CERTIFICATE)).status.failedIssuanceAttempts, 1);
    await t.clock.sleep(30 * 60_000);
    assert.equal((await t.condition(Certificate, CERTIFICATE, 'Issuing'))?.status, 'False');
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

certificateTest('of two Certificates with one Secret, only the older is issued', async (t) => {
  await t.create(Certificate, 'intruder', { spec: { ...SPEC, commonName: 'intruder' } });
  await t.clock.sleep(60_000);
  const { status, reason } = (await t.condition(Certificate, 'intruder', 'Ready')) as Condition;
  assert.deepEqual([status, reason], ['False', 'IncorrectCertificate']);
  assert.equal(await t.condition(Certificate, 'intruder', 'Issuing'), undefined);
  assert.equal((await t.get(Certificate, CERTIFICATE)).status.revision, 1);
});

const stored = async (t: SandboxTest) => trustedIn(Buffer.from((await t.get(Secret, SECRET)).data['truststore.jks'], 'base64'))?.length;

certificateTest(
  'trust stores hold what ca.crt holds when an annotation of the certificate is put right, and nothing is issued',
  async (t) => {
    const before = await t.get(Secret, SECRET);
    const own = Buffer.from(before.data['ca.crt'], 'base64').toString();
    const data = { 'ca.crt': Buffer.from(own + issueCertificate({ commonName: 'other', isCa: true }).cert).toString('base64') };
    await t.patch(Secret, SECRET, { data });
    await t.clock.sleep(60_000);
    assert.equal(await stored(t), 1, 'a patch of ca.crt alone brings nothing about');
    await t.patch(Secret, SECRET, { metadata: { annotations: { 'cert-manager.io/common-name': 'other' } } });
    await t.until('both stores are written', async () => (await stored(t)) === 2);
    await t.clock.sleep(60_000);
    const after = await t.get(Secret, SECRET);
    assert.deepEqual(after.data['ca.crt'], data['ca.crt']);
    assert.deepEqual([after.data['tls.crt'], after.metadata.annotations], [before.data['tls.crt'], before.metadata.annotations]);
    assert.equal((await t.get(Certificate, CERTIFICATE)).status.revision, 1);
    await change(t, { dnsNames: ['again.demo.svc'] });
    await revision(t, 2);
    assert.equal(await stored(t), 1, 'the next issuance brings what the issuer gives');
  },
);
