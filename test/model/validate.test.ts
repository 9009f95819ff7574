import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Desired } from '#model/desired';
import { isIpAddress } from '#model/ip-address';
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
import { certificate, combined, errors, fine, ISSUER, object, SELF_SIGNED, STORAGE, TLS, warnings } from './manifest-cases';

for (const row of errors) {
  test(`refuses ${row.name}`, () => {
    const found = manifestViolations(row.manifest).filter((v) => v.severity === 'error');
    assert.deepEqual(
      found.map((v) => v.field),
      [row.field],
      found.map(formatViolation).join('\n'),
    );
    assert.match(formatViolation(found[0] as Violation), row.says);
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

for (const c of fine) {
  test(`has nothing to say to ${c.name}`, () => assert.deepEqual(manifestViolations(c.manifest), []));
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

const between: readonly {
  readonly name: string;
  readonly change: DraftChange;
  readonly severity?: 'warning';
  readonly field: string;
  readonly says: RegExp;
}[] = [
  {
    name: 'an application Certificate named like that of the brokers',
    change: { more: [leaf('orders-server-cert', { secretName: 'x' })] },
    field: 'metadata.name',
    says: /of this bundle, or of KubeDB/,
  },
  {
    name: 'two Certificates of one name',
    change: { more: [leaf('billing'), leaf('billing', { secretName: 'x' })] },
    field: 'metadata.name',
    says: /another Certificate/,
  },
  {
    name: "an application Secret that is the brokers'",
    change: { more: [leaf('billing', { secretName: 'orders-client-cert' })] },
    field: 'spec.secretName',
    says: /holds the client certificate of the brokers already/,
  },
  {
    name: "a broker Secret that is the CA's",
    change: { tls: withSecret('orders-ca') },
    field: 'spec.secretName',
    says: /holds the server certificate of the brokers already/,
  },
  {
    name: 'one Secret for both aliases',
    change: { tls: withSecret('orders-client-cert') },
    field: 'spec.tls.certificates[client].secretName',
    says: /holds the server certificate/,
  },
  {
    name: 'a broker Secret that holds the JKS passwords',
    change: { tls: withSecret('orders-keystore-cred') },
    field: 'spec.tls.certificates[server].secretName',
    says: /passwords of the key stores/,
  },
  {
    name: 'a CA Secret that a leaf overwrites',
    change: { issuer: { kind: 'caSecret', secret: 'orders-server-cert', name: 'orders-ca' } },
    field: 'spec.ca.secretName',
    says: /holds the server certificate/,
  },
  {
    name: 'names that make the common name of brokers too long',
    change: { desired: { namespace: 'a-namespace-with-a-name-of-no-less-than-fifty-characters' } },
    field: 'spec.commonName',
    says: /Certificate\/a-namespace.*at most 64 characters/,
  },
  {
    name: 'a request about another Kafka',
    change: { more: [object(KINDS.KafkaOpsRequest, 'r', { type: 'Restart', databaseRef: { name: 'billing' } })] },
    field: 'spec.databaseRef.name',
    says: /about orders/,
  },
  {
    name: 'a Kafka born with other TLS than the request asks for',
    change: { cluster: { ...CLUSTER, spec: { ...CLUSTER.spec, tls: { issuerRef: { ...ISSUER, name: 'other' } } } } },
    field: 'spec.tls',
    says: /not what the converging request asks for/,
  },
  {
    name: 'a leaf that may outlive its CA',
    change: { tls: completeTls({ issuer: SELF_SIGNED, certificates: { server: { duration: '8761h' }, client: {} } }, 'orders') },
    severity: 'warning',
    field: 'spec.tls.certificates[server].duration',
    says: /outlive its CA, Certificate\/demo\/orders-ca/,
  },
  {
    name: 'two issuers for the two certificates of a Kafka',
    change: {
      tls: completeTls(
        { issuer: SELF_SIGNED, certificates: { server: {}, client: { issuer: { kind: 'reference', ref: { ...ISSUER, name: 'other' } } } } },
        'orders',
      ),
    },
    severity: 'warning',
    field: 'spec.tls.certificates[client].issuerRef',
    says: /server certificates come from Issuer\/orders-ca: unless both have one root/,
  },
  {
    name: 'an application leaf that may outlive its CA',
    change: { more: [leaf('billing', { duration: '10000h' })] },
    severity: 'warning',
    field: 'spec.duration',
    says: /outlive/,
  },
  {
    name: 'an instant without a time zone',
    change: { desired: { issuedAfter: '2026-11-23T09:00:00' } },
    field: 'issuedAfter',
    says: /RFC 3339/,
  },
  { name: 'a date for an instant', change: { desired: { issuedAfter: '2026-11-23' } }, field: 'issuedAfter', says: /RFC 3339/ },
  { name: 'an empty owner', change: { desired: { owner: ' ' } }, field: 'owner', says: /not empty/ },
  { name: 'half a retry', change: { desired: { retries: 0.5 } }, field: 'retries', says: /number of retries/ },
  {
    name: 'no time at all for an issuance',
    change: { desired: { deadlines: { ...desiredOf().deadlines, issuance: '0s' } } },
    field: 'deadlines.issuance',
    says: /positive duration/,
  },
  { name: 'an expiry that is never near', change: { desired: { beforeExpiry: '0s' } }, field: 'beforeExpiry', says: /positive duration/ },
];
for (const row of between) {
  test(`${row.severity === 'warning' ? 'warns of' : 'refuses'} ${row.name}`, () => {
    const found = validate(draftOf(row.change));
    assert.deepEqual(
      found.map((v) => [v.severity, v.field]),
      [[row.severity ?? 'error', row.field]],
      found.map(formatViolation).join('\n'),
    );
    assert.match(formatViolation(found[0] as Violation), row.says);
  });
}

test('has nothing to say to what it should accept', () => {
  assert.deepEqual(validate(draftOf({ cluster: CLUSTER })), []);
  assert.deepEqual(validate(draftOf({ more: [leaf('billing')] })), []);
  assert.deepEqual(validate(draftOf({ tls: 'off', issuer: { kind: 'reference', ref: ISSUER } })), []);
});

test('says everything that is wrong at once', () => {
  const found = validate(draftOf({ desired: { retries: -1, owner: '' }, cluster: { ...CLUSTER, spec: { replicas: 0 } } }));
  assert.deepEqual(
    found.map((v) => v.field),
    ['owner', 'retries', 'spec.version', 'spec.replicas', 'spec.storage'],
  );
});

test('writes a violation as subject, field, value, reason and what to do', () => {
  const [found] = manifestViolations(combined({ replicas: 0 }));
  assert.equal(
    formatViolation(found as Violation),
    'Kafka/demo/orders: spec.replicas is 0: KubeDB requires a whole number of nodes, at least one. Use 3 for a cluster that survives the loss of a node.',
  );
});

test('never shows the private key that it complains of', () => {
  const [found] = manifestViolations(certificate({ note: '-----BEGIN PRIVATE KEY-----\nSECRET' }));
  assert.ok(!formatViolation(found as Violation).includes('SECRET'));
});

const addresses: readonly { readonly text: string; readonly is: boolean }[] = [
  { text: '10.0.0.1', is: true },
  { text: '::1', is: true },
  { text: 'fe80::1:2', is: true },
  { text: '2001:db8:0:0:0:0:0:1', is: true },
  { text: '::ffff:10.0.0.1', is: true },
  { text: '10.0.0', is: false },
  { text: '10.0.0.256', is: false },
  { text: '10.0.0.01', is: false },
  { text: '1::2::3', is: false },
  { text: '2001:db8:0:0:0:0:1', is: false },
  { text: 'kafka', is: false },
  { text: '', is: false },
];
for (const c of addresses) {
  test(`${c.is ? 'takes' : 'does not take'} "${c.text}" for an IP address`, () => assert.equal(isIpAddress(c.text), c.is));
}
