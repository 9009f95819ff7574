import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientCertificate, Executor, KafkaOperation, KafkaOpsRequest, KeyAlgorithm, Tls, TlsIssuer } from '#constructs/index';
import { document, kafkaTls, newChart, refusals } from './app-builder';

const issuer = TlsIssuer.issuer('ca');

test('gives the brokers another kind of key under native, in their Certificates and not in the Kafka', () => {
  const chart = newChart();
  const tls = Tls.on({ issuer, server: { keyAlgorithm: KeyAlgorithm.ecdsa(384) } });
  kafkaTls(chart, { executor: Executor.native(), tls });
  const keyOf = (alias: string) => document(chart, new RegExp(`^certificate-orders-${alias}-cert`)).spec.privateKey;
  assert.deepEqual(keyOf('server'), { algorithm: 'ECDSA', size: 384, encoding: 'PKCS8', rotationPolicy: 'Always' });
  assert.deepEqual(keyOf('client'), { encoding: 'PKCS8', rotationPolicy: 'Always' });
  assert.deepEqual(document(chart, /^kafkaopsrequest-orders-tls-[0-9a-f]+\.yaml/).spec.tls.certificates[0].privateKey, {
    encoding: 'PKCS8',
  });
});

test('refuses another kind of key for the brokers where KubeDB makes their Certificates', () => {
  const chart = newChart();
  kafkaTls(chart, { tls: Tls.on({ issuer, server: { keyAlgorithm: KeyAlgorithm.ed25519() } }) });
  assert.match(
    refusals(chart).join('\n'),
    /spec\.tls\.certificates\[0\]\.privateKey\.algorithm is "Ed25519": KubeDB's tls\.certificates\[\] has no such field\. .*Executor\.native\(\)/,
  );
});

test('refuses another kind of key in a request by hand', () => {
  const chart = newChart();
  const operation = KafkaOperation.reconfigureTls({ issuer, client: { keyAlgorithm: KeyAlgorithm.rsa(4096) } });
  new KafkaOpsRequest(chart, 'once', { name: 'once', kafka: 'orders', operation });
  assert.match(refusals(chart).join('\n'), /certificates\[1\]\.privateKey\.size is 4096: KubeDB's tls\.certificates\[\] has no such field/);
});

test('gives an application and a CA the kind of key that was asked for', () => {
  const chart = newChart();
  const kafka = kafkaTls(chart, { tls: Tls.on({ issuer: TlsIssuer.selfSignedCa({ keyAlgorithm: KeyAlgorithm.ecdsa() }) }) });
  new ClientCertificate(chart, 'app', { kafkaTls: kafka, name: 'app', keyAlgorithm: KeyAlgorithm.ed25519() });
  const keyOf = (name: string) => document(chart, new RegExp(`^certificate-${name}\\.yaml`)).spec.privateKey;
  assert.deepEqual(keyOf('orders-ca'), { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Never' });
  assert.deepEqual(keyOf('app'), { algorithm: 'Ed25519', encoding: 'PKCS8', rotationPolicy: 'Always' });
});

for (const [name, keyAlgorithm] of [
  ['a short RSA key', KeyAlgorithm.rsa(1024)],
  ['an RSA key beyond what cert-manager makes', KeyAlgorithm.rsa(16384)],
  ['half an RSA key', KeyAlgorithm.rsa(2048.5)],
  ['an ECDSA key of no known curve', KeyAlgorithm.ecdsa(512)],
] as const) {
  test(`refuses ${name}`, () => {
    const chart = newChart();
    new ClientCertificate(chart, 'app', { kafkaTls: kafkaTls(chart), name: 'app', keyAlgorithm });
    assert.match(refusals(chart).join('\n'), /Certificate\/demo\/app: spec\.privateKey\.size is /);
  });
}
