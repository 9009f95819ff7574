/** A running Kafka process loads its key stores again on request, and only what Kafka would load. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { KINDS } from '#model/kube-object';
import { javaKeyStore } from '#reconciler/sandbox/stand-ins/pki/jks';
import { type Issued, issueCertificate } from '../../support/certificate-factory';
import { KAFKA, NAMESPACE, type SandboxTest, sandboxTest } from './sandbox-test';

const CA = issueCertificate({ commonName: 'ca', isCa: true });
const OTHER_CA = issueCertificate({ commonName: 'other-ca', isCa: true });
const NAMES = ['a.example', 'b.example'];
const leaf = (change: Partial<Parameters<typeof issueCertificate>[0]> = {}) =>
  issueCertificate({ commonName: 'node', issuer: CA, dnsNames: NAMES, ...change });
const BROKER = `${KAFKA}-broker-1`;
const CONTROLLER = `${KAFKA}-controller-1`;
const KEYSTORE = 'listener.name.broker.ssl.keystore.location';
const RESPELLED = { [KEYSTORE]: '/var/private/ssl/./server.keystore.jks' };

/** The files of a certificate as cert-manager writes them, the key store as a stand-in for its content. */
function material(issued: Issued, ca: readonly Issued[] = [CA]): Readonly<Record<string, string>> {
  const trusted = ca.map((c, i) => ({ alias: `ca-${i}`, certificate: new X509Certificate(c.cert).raw }));
  const stores = { 'keystore.jks': 'jks', 'truststore.jks': javaKeyStore(trusted, 'changeit', new Date()).toString('latin1') };
  return { 'tls.crt': issued.cert, 'tls.key': issued.key, 'ca.crt': ca.map((c) => c.cert).join(''), ...stores };
}

/** Returns the data of a Secret; files that are no text have one character a byte. */
function encoded(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(files).map(([key, text]) => [key, Buffer.from(text, 'latin1').toString('base64')]));
}

/** Starts a Kafka with TLS from a Secret without a Certificate. */
async function start(t: SandboxTest, first: Issued = leaf()): Promise<Issued> {
  await t.create(KINDS.Secret, `${KAFKA}-server-cert`, { data: encoded(material(first)) });
  await t.create(KINDS.Secret, `${KAFKA}-client-cert`, { data: encoded(material(first)) });
  const issuerRef = { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'none' };
  await t.startKafka({ enableSSL: true, tls: { issuerRef } });
  return first;
}

async function replace(t: SandboxTest, data: Readonly<Record<string, string>>, mountedAfterMs = 60_000): Promise<void> {
  await t.patch(KINDS.Secret, `${KAFKA}-server-cert`, { data: encoded(data) });
  await t.clock.sleep(mountedAfterMs);
}

const reload = (t: SandboxTest, pod: string) => t.sandbox.administration.reload(NAMESPACE, pod);
const servedBy = (t: SandboxTest, pod: string) => t.served(pod, pod.includes('broker') ? 'BROKER' : 'CONTROLLER');
const options = { opsManager: false } as const;

for (const pod of [BROKER, CONTROLLER]) {
  sandboxTest(
    `${pod} serves a changed certificate after the request, and not before`,
    async (t) => {
      const first = await start(t);
      const next = leaf();
      await replace(t, material(next));
      assert.equal(servedBy(t, pod), first.cert.trim());
      assert.deepEqual(reload(t, pod), { ok: true });
      assert.equal(servedBy(t, pod), next.cert.trim());
      assert.equal(servedBy(t, `${KAFKA}-broker-0`), first.cert.trim(), 'no other node has loaded it');
    },
    options,
  );
}

const refused: readonly [name: string, data: () => Readonly<Record<string, string>>, reason: RegExp][] = [
  [
    'another subject',
    () => material(leaf({ commonName: 'other' })),
    /Keystore DistinguishedName does not match: existing=\{alias=certificate/,
  ],
  ['fewer names', () => material(leaf({ dnsNames: NAMES.slice(1) })), /Keystore SubjectAltNames do not match/],
  ['another CA', () => material(leaf({ issuer: OTHER_CA }), [OTHER_CA]), /Keystore DistinguishedName does not match: existing=\{alias=ca/],
  ['more entries', () => material(leaf(), [CA, OTHER_CA]), /existing store contains 2 entries, new store contains 3 entries/],
  ['garbage', () => ({ ...material(leaf()), 'tls.crt': 'garbage' }), /Failed to load SSL keystore/],
  ['a key that is not its own', () => ({ ...material(leaf()), 'tls.key': OTHER_CA.key }), /Failed to load SSL keystore/],
];
for (const [name, data, reason] of refused) {
  sandboxTest(
    `${name} is refused: a broker gives the reason beforehand, and the node keeps its certificate`,
    async (t) => {
      await start(t);
      const before = [servedBy(t, BROKER), servedBy(t, CONTROLLER)];
      await replace(t, data());
      const { validate } = t.sandbox.administration;
      const answer = validate(NAMESPACE, BROKER, RESPELLED);
      assert.ok('refused' in answer, 'the broker refuses it');
      assert.match(answer.refused, reason);
      assert.deepEqual(validate(NAMESPACE, CONTROLLER, RESPELLED), { ok: true }, 'a controller judges nothing');
      const same = { [KEYSTORE]: '/var/private/ssl/server.keystore.jks' };
      assert.deepEqual(validate(NAMESPACE, BROKER, same), { ok: true }, 'the same spelling is not judged');
      for (const pod of [BROKER, CONTROLLER]) assert.deepEqual(reload(t, pod), { ok: true }, 'the answer proves nothing');
      assert.deepEqual([servedBy(t, BROKER), servedBy(t, CONTROLLER)], before);
    },
    options,
  );
}

sandboxTest(
  'files follow a changed Secret after a while',
  async (t) => {
    const first = (await start(t)).cert.trim();
    await t.annotate({ 'sandbox.kafka-tls/mount-takes': '40s' });
    await replace(t, material(leaf()), 39_000);
    reload(t, BROKER);
    assert.equal(servedBy(t, BROKER), first);
    await t.clock.sleep(2_000);
    reload(t, BROKER);
    assert.notEqual(servedBy(t, BROKER), first);
  },
  options,
);

sandboxTest(
  'a node is reached through the active controller, and answers for itself',
  async (t) => {
    await start(t);
    const { settings } = t.sandbox.administration;
    assert.equal(settings(NAMESPACE, BROKER)?.['ssl.keystore.location'], '/var/private/ssl/server.keystore.jks');
    assert.ok(!Object.keys(settings(NAMESPACE, BROKER) ?? {}).some((key) => /password/.test(key)));
    assert.equal(settings(NAMESPACE, 'orders-broker-7'), undefined);
    assert.deepEqual(reload(t, 'orders-broker-7'), { problem: 'connection refused' });
    await t.annotate({ 'sandbox.kafka-tls/crash-loop': '*' });
    for (const i of [0, 2]) await t.delete(KINDS.Pod, `${KAFKA}-controller-${i}`);
    await t.until('two controllers are gone', () => 'problem' in reload(t, BROKER));
    assert.deepEqual(reload(t, BROKER), { problem: 'it answers NOT_CONTROLLER' });
  },
  options,
);
