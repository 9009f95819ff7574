import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Desired } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import {
  type ClusterSettings,
  candidate,
  candidateName,
  completeTls,
  type IssuerSettings,
  issuerManifests,
  kafkaManifest,
  OPERATION,
} from '#model/manifests';
import type { TlsState } from '#model/tls';
import { manifestViolations, validate } from '#model/validate';
import { formatViolation, type Violation } from '#model/violation';
import { desiredOf } from '../support/bundle-text';
import { accepted, refused } from './certificate-cases';
import { certificate, combined, errors, fine, ISSUER, object, type Row, SELF_SIGNED, STORAGE, TLS, warnings } from './manifest-cases';

const certificateErrors: readonly Row[] = refused.map(({ spec, ...row }) => ({ ...row, manifest: certificate(spec) }));
for (const row of [...errors, ...certificateErrors]) {
  test(`refuses ${row.name}`, () => {
    const found = manifestViolations(row.manifest).filter((v) => v.severity === 'error');
    assert.deepEqual(
      found.map((v) => v.field),
      [row.field],
      found.map(formatViolation).join('\n'),
    );
    assert.match(formatViolation(found[0] as Violation), row.says);
    assert.ok(!formatViolation(found[0] as Violation).includes('hidden-one'), 'shows no password');
  });
}

for (const row of warnings) {
  test(`warns of ${row.name}`, () => {
    const found = manifestViolations(row.manifest);
    assert.deepEqual(
      found.map((v) => [v.severity, v.field]),
      [['warning', row.field]],
    );
    assert.match(formatViolation(found[0] as Violation), row.says);
  });
}

for (const { name, manifest } of [...fine, ...accepted.map(({ name, spec }) => ({ name, manifest: certificate(spec) }))]) {
  test(`accepts ${name}`, () => assert.deepEqual(manifestViolations(manifest), []));
}

interface DraftChange {
  readonly desired?: Readonly<Record<string, unknown>>;
  readonly tls?: TlsState;
  readonly issuer?: IssuerSettings;
  readonly cluster?: ClusterSettings;
  readonly more?: readonly KubeObject[];
}

function draftOf({ desired = {}, tls = TLS, issuer = SELF_SIGNED, cluster, more = [] }: DraftChange) {
  const full: Desired = desiredOf(desired);
  const place = { kafka: full.kafka, namespace: full.namespace, owner: full.owner };
  const requests = [
    candidate(place, 'converge', OPERATION.converge(tls), '10m'),
    candidate(place, candidateName(full.kafka, 'restart'), OPERATION.restart, '10m'),
  ];
  const declared = cluster === undefined ? [] : [kafkaManifest(cluster, tls, place)];
  return { desired: full, tls, manifests: [...issuerManifests(issuer, place), ...requests, ...declared, ...more] };
}

const leaf = (name: string, spec: object = {}) =>
  object(KINDS.Certificate, name, {
    secretName: name,
    commonName: name,
    issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' },
    ...spec,
  });
const withSecret = (secretName: string) =>
  completeTls({ issuer: SELF_SIGNED, certificates: { server: { secretName }, client: {} } }, 'orders');
const CLUSTER: ClusterSettings = { name: 'orders', nodes: 3, spec: { version: '4.2.0', replicas: 3, storage: STORAGE } };

const between: readonly (readonly [name: string, change: DraftChange, field: string, says: RegExp, severity?: 'warning'])[] = [
  [
    'an application Certificate named like that of the brokers',
    { more: [leaf('orders-server-cert', { secretName: 'x' })] },
    'metadata.name',
    /of this bundle, or of KubeDB/,
  ],
  [
    'two Certificates of one name',
    { more: [leaf('billing'), leaf('billing', { secretName: 'x' })] },
    'metadata.name',
    /another Certificate/,
  ],
  [
    "an application Secret that is the brokers'",
    { more: [leaf('billing', { secretName: 'orders-client-cert' })] },
    'spec.secretName',
    /holds the client certificate of the brokers already/,
  ],
  [
    "a broker Secret that is the CA's",
    { tls: withSecret('orders-ca') },
    'spec.secretName',
    /holds the server certificate of the brokers already/,
  ],
  [
    'one Secret for both aliases',
    { tls: withSecret('orders-client-cert') },
    'spec.tls.certificates[client].secretName',
    /holds the server certificate/,
  ],
  [
    'a broker Secret that holds the JKS passwords',
    { tls: withSecret('orders-keystore-cred') },
    'spec.tls.certificates[server].secretName',
    /passwords of the key stores/,
  ],
  [
    'a CA Secret that a leaf overwrites',
    { issuer: { kind: 'caSecret', secret: 'orders-server-cert', name: 'orders-ca' } },
    'spec.ca.secretName',
    /holds the server certificate/,
  ],
  [
    'names that make the common name of brokers too long',
    { desired: { namespace: 'a-namespace-with-a-name-of-no-less-than-fifty-characters' } },
    'spec.commonName',
    /Certificate\/a-namespace.*at most 64 characters/,
  ],
  [
    'a request about another Kafka',
    { more: [object(KINDS.KafkaOpsRequest, 'r', { type: 'Restart', databaseRef: { name: 'billing' } })] },
    'spec.databaseRef.name',
    /about orders/,
  ],
  [
    'a Kafka born with other TLS than the request asks for',
    { cluster: { ...CLUSTER, spec: { ...CLUSTER.spec, tls: { issuerRef: { ...ISSUER, name: 'other' } } } } },
    'spec.tls',
    /not what the converging request asks for/,
  ],
  [
    'a leaf that may outlive its CA',
    { tls: completeTls({ issuer: SELF_SIGNED, certificates: { server: { duration: '8761h' }, client: {} } }, 'orders') },
    'spec.tls.certificates[server].duration',
    /outlive its CA, Certificate\/demo\/orders-ca/,
    'warning',
  ],
  [
    'two issuers for the two certificates of a Kafka',
    {
      tls: completeTls(
        { issuer: SELF_SIGNED, certificates: { server: {}, client: { issuer: { kind: 'reference', ref: { ...ISSUER, name: 'other' } } } } },
        'orders',
      ),
    },
    'spec.tls.certificates[client].issuerRef',
    /server certificates come from Issuer\/orders-ca: unless both have one root/,
    'warning',
  ],
  [
    'an application leaf that may outlive its CA',
    { more: [leaf('billing', { duration: '10000h' })] },
    'spec.duration',
    /outlive/,
    'warning',
  ],
  [
    'an acknowledged root that is none',
    { desired: { acknowledge: [{ kind: 'trustRootChangesTo', issuer: 'Corp CA' }] } },
    'acknowledge[0].issuer',
    /neither/,
  ],
];
for (const [name, change, field, says, severity = 'error'] of between) {
  test(`${severity === 'warning' ? 'warns of' : 'refuses'} ${name}`, () => {
    const found = validate(draftOf(change));
    assert.deepEqual(
      found.map((v) => [v.severity, v.field]),
      [[severity, field]],
      found.map(formatViolation).join('\n'),
    );
    assert.match(formatViolation(found[0] as Violation), says);
  });
}

test('accepts complete bundles', () => {
  assert.deepEqual(validate(draftOf({ cluster: CLUSTER })), []);
  assert.deepEqual(validate(draftOf({ more: [leaf('billing')] })), []);
  assert.deepEqual(validate(draftOf({ tls: 'off', issuer: { kind: 'reference', ref: ISSUER } })), []);
});

test('reports all violations at once', () => {
  const found = validate(draftOf({ desired: { retries: -1, owner: '' }, cluster: { ...CLUSTER, spec: { replicas: 0 } } }));
  assert.deepEqual(
    found.map((v) => v.field),
    ['owner', 'retries', 'spec.version', 'spec.replicas', 'spec.storage'],
  );
});

test('names every violation of a Certificate at once', () => {
  const found = manifestViolations(certificate({ dnsNames: ['a,b', 'c_d'], ipAddresses: ['x'], duration: '1m', unknown: 1 }));
  assert.deepEqual(
    found.map((v) => v.field),
    ['spec.unknown', 'spec.duration', 'spec.dnsNames[0]', 'spec.dnsNames[1]', 'spec.ipAddresses[0]'],
  );
});

test('formats a violation as subject, field, value, reason and what to do', () => {
  const [found] = manifestViolations(combined({ replicas: 0 }));
  assert.equal(
    formatViolation(found as Violation),
    'Kafka/demo/orders: spec.replicas is 0: KubeDB requires a whole number of nodes, at least one. Use 3 for a cluster that survives the loss of a node.',
  );
});

test('never shows the private key that it reports', () => {
  const [found] = manifestViolations(certificate({ note: '-----BEGIN PRIVATE KEY-----\nSECRET' }));
  assert.ok(!formatViolation(found as Violation).includes('SECRET'));
});
