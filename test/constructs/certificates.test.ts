import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientCertificate, Executor, KeyAlgorithm, Tls, TlsIssuer } from '#constructs/index';
import { untyped } from '#test/support/untyped';
import { document, kafkaTls, newChart, refusals } from './app-builder';

const issuer = TlsIssuer.issuer('ca');

test('with native another kind of key is in the Certificates of the brokers, and not in the Kafka', () => {
  const chart = newChart();
  const tls = Tls.on({ issuer, server: { keyAlgorithm: KeyAlgorithm.ecdsa(384) } });
  kafkaTls(chart, { executor: Executor.native(), tls });
  const keyOf = (alias: string) => untyped(document(chart, new RegExp(`^certificate-orders-${alias}-cert`)).spec).privateKey;
  assert.deepEqual(keyOf('server'), { algorithm: 'ECDSA', size: 384, encoding: 'PKCS8', rotationPolicy: 'Always' });
  assert.deepEqual(keyOf('client'), { encoding: 'PKCS8', rotationPolicy: 'Always' });
  assert.deepEqual(untyped(document(chart, /^kafkaopsrequest-orders-tls-[0-9a-f]+\.yaml/).spec).tls.certificates[0].privateKey, {
    encoding: 'PKCS8',
  });
});

test('application and CA have the configured kind of key', () => {
  const chart = newChart();
  const kafka = kafkaTls(chart, { tls: Tls.on({ issuer: TlsIssuer.selfSignedCa({ keyAlgorithm: KeyAlgorithm.ecdsa() }) }) });
  new ClientCertificate(chart, 'app', { kafkaTls: kafka, name: 'app', keyAlgorithm: KeyAlgorithm.ed25519() });
  const keyOf = (name: string) => untyped(document(chart, new RegExp(`^certificate-${name}\\.yaml`)).spec).privateKey;
  assert.deepEqual(keyOf('orders-ca'), { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Never' });
  assert.deepEqual(keyOf('app'), { algorithm: 'Ed25519', encoding: 'PKCS8', rotationPolicy: 'Always' });
});

test('an application with a literal subject has no common name', () => {
  for (const subject of [{ literalSubject: 'CN=app,OU=x' }, { extraSpec: { literalSubject: 'CN=app,OU=x' } }]) {
    const chart = newChart();
    const { certificate } = new ClientCertificate(chart, 'app', { kafkaTls: kafkaTls(chart), name: 'app', ...subject });
    assert.deepEqual(refusals(chart), []);
    const { commonName, literalSubject } = certificate?.toJson().spec ?? {};
    assert.deepEqual({ commonName, literalSubject }, { commonName: undefined, literalSubject: 'CN=app,OU=x' });
  }
});

test('a declared cluster domain is in the desired state and in the names of certificates', () => {
  const chart = newChart();
  kafkaTls(chart, { clusterDomain: 'k8s.corp.example', executor: Executor.native() });
  assert.equal((document(chart, /^desired/) as { readonly clusterDomain?: string }).clusterDomain, 'k8s.corp.example');
  const { dnsNames } = untyped(document(chart, /^certificate-orders-server/).spec);
  assert.ok(dnsNames.includes('*.orders-pods.demo.svc.k8s.corp.example'));
  assert.ok(!JSON.stringify(dnsNames).includes('cluster.local'));
});

test('without a declared domain, the desired state has none', () => {
  const chart = newChart();
  kafkaTls(chart, { executor: Executor.native() });
  assert.ok(!('clusterDomain' in document(chart, /^desired/)));
});
