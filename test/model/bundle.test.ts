import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assembleBundle, type Bundle, bundleDocuments, DESIRED_KEY, documentKey, issuingOrder } from '#model/bundle';
import { BUNDLE_FORMAT } from '#model/desired';
import { KINDS, type Kind, type KubeObject, manifestOf } from '#model/kube-object';
import { candidate, candidateName, issuerManifests, OPERATION } from '#model/manifests';
import type { TlsState } from '#model/tls';
import { desiredOf } from '../support/bundle-text';

const PLACE = { kafka: 'orders', namespace: 'demo', owner: 'demo/orders' };
const TLS = { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' }, certificates: [] } as const;
const object = (kind: Kind, name: string, spec: object = {}, namespace = 'demo') => manifestOf(kind, { name, namespace }, spec);
const converge = (tls: TlsState) => candidate(PLACE, 'orders-tls-ab', OPERATION.converge(tls), '10m');
const ROTATE = candidate(PLACE, candidateName('orders', 'rotate'), OPERATION.rotate, '10m');
const RESTART = candidate(PLACE, candidateName('orders', 'restart'), OPERATION.restart, '10m');
const CA = issuerManifests({ kind: 'selfSignedCa' }, PLACE);

function bundleOf(manifests: readonly KubeObject[]): Bundle {
  const bundle = assembleBundle(desiredOf(), manifests);
  assert.ok('digest' in bundle, String(bundle));
  return bundle;
}

test('sorts manifests into their parts, whatever their order', () => {
  const server = object(KINDS.Certificate, 'orders-server-cert');
  const client = object(KINDS.Certificate, 'orders-client-cert');
  const kafka = object(KINDS.Kafka, 'orders');
  const all = [...CA, client, server, kafka, converge(TLS), ROTATE, RESTART];
  for (const order of [all, all.toReversed()]) {
    const bundle = bundleOf(order);
    assert.deepEqual(bundle.issuerManifests.map(documentKey), [
      'issuer-orders-ca-selfsigned.yaml',
      'certificate-orders-ca.yaml',
      'issuer-orders-ca.yaml',
    ]);
    assert.deepEqual(
      bundle.brokerCertificates.map((c) => c.metadata.name),
      ['orders-server-cert', 'orders-client-cert'],
    );
    assert.equal(bundle.kafka?.metadata.name, 'orders');
    assert.deepEqual(
      [bundle.converge, bundle.rotate, bundle.restart].map((r) => r?.metadata.name),
      ['orders-tls-ab', 'orders-tls-rotate', 'orders-tls-restart'],
    );
    assert.deepEqual(bundle.tls, TLS);
    assert.equal(bundle.digest, bundleOf(all).digest);
  }
});

test('TLS is off if the converging request removes it, and there is no rotation', () => {
  const bundle = bundleOf([converge('off'), RESTART]);
  assert.equal(bundle.tls, 'off');
  assert.equal(bundle.rotate, undefined);
});

test('gives another digest to other content', () => {
  assert.notEqual(bundleOf([converge(TLS), ROTATE, RESTART]).digest, bundleOf([converge('off'), RESTART]).digest);
});

const problems: readonly (readonly [name: string, manifests: readonly KubeObject[], says: RegExp])[] = [
  ['no converging request', [RESTART], /none with issuerRef, certificates or remove/],
  ['no request to restart', [converge(TLS)], /none of type Restart/],
  [
    'a kind that a bundle may not hold',
    [converge(TLS), RESTART, object(KINDS.Secret, 'x')],
    /^Secret\/x: v1 Secret is not a kind a bundle may hold/,
  ],
  [
    'an object of another namespace',
    [converge(TLS), RESTART, object(KINDS.Issuer, 'x', {}, 'other')],
    /^Issuer\/x: namespace other is not that of the bundle, demo/,
  ],
];
for (const [name, manifests, says] of problems) {
  test(`reports the problem of a bundle with ${name}`, () => {
    const found = assembleBundle(desiredOf(), manifests);
    assert.ok(!('digest' in found));
    assert.ok(
      found.some((text) => says.test(text)),
      found.join('\n'),
    );
  });
}

test('reports all problems of a bundle at once, a newer format first', () => {
  const found = assembleBundle(desiredOf({ formatVersion: BUNDLE_FORMAT + 1 }), [object(KINDS.Secret, 'x')]);
  assert.ok(!('digest' in found));
  assert.match(found[0] ?? '', /made by a newer version/);
  assert.equal(found.length, 4);
});

test('orders issuers and certificates so that each comes after what it needs', () => {
  const leaf = object(KINDS.Certificate, 'a-leaf', { secretName: 'a-leaf', issuerRef: { name: 'orders-ca' } });
  assert.deepEqual(
    issuingOrder([leaf, ...CA]).map((m) => m.metadata.name),
    ['orders-ca-selfsigned', 'orders-ca', 'orders-ca', 'a-leaf'],
  );
});

test('orders a cycle by name', () => {
  const issuer = object(KINDS.Issuer, 'ca', { ca: { secretName: 'ca' } });
  const certificate = object(KINDS.Certificate, 'ca', { secretName: 'ca', issuerRef: { name: 'ca' } });
  assert.deepEqual(issuingOrder([issuer, certificate]).map(documentKey), ['certificate-ca.yaml', 'issuer-ca.yaml']);
});

test('keeps the desired state beside the manifests, each under a separate key', () => {
  assert.deepEqual(Object.keys(bundleDocuments(desiredOf(), [RESTART])), [DESIRED_KEY, 'kafkaopsrequest-orders-tls-restart.yaml']);
});
