import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import { brokerCertificate, isFinishedRequest, nodesOf, petSetsOf, type Role } from '#model/kubedb';
import type { TlsConfig } from '#model/tls';
import {
  CERTIFICATE_DIR,
  CERTIFICATE_VOLUME,
  configData,
  mountedCertificateSecret,
  type PodTemplate,
  securityProtocol,
  withCertificateVolume,
  withoutPasswords,
} from '#reconciler/model/broker-pod';
import { untyped } from '#test/support/untyped';

const TLS: TlsConfig = { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' }, certificates: [] };
const ON = { enableSSL: true, tls: TLS };
const kafka = (spec: object): KubeObject => ({ ...KINDS.Kafka, metadata: { name: 'orders', namespace: 'demo' }, spec });
const dedicated = (spec: object = {}) => kafka({ topology: { controller: { replicas: 2 }, broker: { replicas: 2 } }, ...spec });
const combined = (spec: object = {}) => kafka({ replicas: 2, ...spec });

test('lists the nodes of dedicated roles, controllers first and numbered from 1000, and combined nodes by ordinal', () => {
  const nodes = (kafka: KubeObject) => nodesOf(untyped(kafka)).map(({ pod, nodeId }) => `${pod} ${nodeId}`);
  assert.deepEqual(nodes(dedicated()), ['orders-controller-0 1000', 'orders-controller-1 1001', 'orders-broker-0 0', 'orders-broker-1 1']);
  assert.deepEqual(nodes(combined()), ['orders-0 0', 'orders-1 1']);
});

test('names PetSets by the suffix of their role', () => {
  assert.deepEqual(
    petSetsOf(untyped(kafka({ topology: { controller: { suffix: 'quorum' }, broker: {} } }))).map((p) => [p.name, p.replicas]),
    [
      ['orders-quorum', 1],
      ['orders-broker', 1],
    ],
  );
});

test('adds the names of the user to those every broker certificate has, sorted and once', () => {
  const tls: TlsConfig = {
    ...TLS,
    certificates: [{ alias: 'server', dnsNames: ['a.example.org', 'localhost'], ipAddresses: ['10.0.0.1'] }],
  };
  const { spec, metadata } = brokerCertificate(
    { name: 'orders', namespace: 'demo', keystoreCredSecret: 'orders-keystore-cred' },
    tls,
    'server',
  );
  assert.equal(metadata.name, 'orders-server-cert');
  assert.deepEqual(spec.dnsNames, [
    '*.orders-pods.demo.svc.cluster.local',
    'a.example.org',
    'localhost',
    'orders-pods',
    'orders-pods.demo.svc',
    'orders-pods.demo.svc.cluster.local',
  ]);
  assert.deepEqual(spec.ipAddresses, ['10.0.0.1', '127.0.0.1']);
  assert.deepEqual(spec.issuerRef, { group: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' });
});

const TEMPLATE: PodTemplate = {
  spec: {
    containers: [{ name: 'kafka', volumeMounts: [{ name: 'data', mountPath: '/var/log/kafka' }] }, { name: 'sidecar' }],
    volumes: [{ name: 'data' }],
  },
};

test('mounts the server certificate into the Kafka container when TLS is on, and into no other', () => {
  const template = withCertificateVolume(untyped(dedicated(ON)), TEMPLATE);
  assert.equal(mountedCertificateSecret(template.spec), 'orders-server-cert');
  assert.deepEqual(
    template.spec.containers[0]?.volumeMounts?.map((m) => m.mountPath),
    ['/var/log/kafka', CERTIFICATE_DIR],
  );
  assert.equal(template.spec.containers[1]?.volumeMounts, undefined);
});

test('mounts it only once, and restores the template when TLS is turned off', () => {
  const on = withCertificateVolume(untyped(dedicated(ON)), TEMPLATE);
  assert.deepEqual(withCertificateVolume(untyped(dedicated(ON)), on), on);
  assert.deepEqual(withCertificateVolume(untyped(dedicated()), on), TEMPLATE);
  assert.ok(!JSON.stringify(withCertificateVolume(untyped(dedicated()), on)).includes(CERTIFICATE_VOLUME));
});

const protocols: readonly (readonly [name: string, spec: object, is: string])[] = [
  ['with logins and TLS', ON, 'SASL_SSL'],
  ['with logins', {}, 'SASL_PLAINTEXT'],
  ['with TLS only', { ...ON, disableSecurity: true }, 'SSL'],
  ['with nothing', { disableSecurity: true }, 'PLAINTEXT'],
];
for (const [name, spec, is] of protocols) {
  test(`speaks ${is} ${name}`, () => assert.equal(securityProtocol(untyped(combined(spec))), is));
}

for (const role of ['controller', 'broker', 'combined'] as const satisfies readonly Role[]) {
  test(`changes only the settings of a ${role} that TLS determines, and reverts them`, () => {
    const of = (spec: object) => (role === 'combined' ? combined(spec) : dedicated(spec));
    const before = configData(untyped(of({})), role, undefined);
    const main = `${before['config.properties']}num.io.threads=8\n`;
    const on = configData(untyped(of(ON)), role, 'hush', { ...before, 'config.properties': main });
    assert.match(on['config.properties'] ?? '', /num\.io\.threads=8/);
    assert.match(on['config.properties'] ?? '', /CONTROLLER:SASL_SSL/);
    assert.ok('ssl.properties' in on);
    const off = configData(untyped(of({})), role, undefined, on);
    assert.deepEqual(off, { ...before, 'config.properties': main });
  });
}

test('shows a configuration without the lines that hold a password or a login', () => {
  const data = configData(untyped(dedicated(ON)), 'broker', 'hush');
  const shown = Object.values(data).map(withoutPasswords).join('\n');
  assert.ok(!shown.includes('hush'));
  assert.match(shown, /ssl\.keystore\.location/);
});

for (const phase of [undefined, 'Pending', 'Progressing', 'WaitingForApproval', 'Successful', 'Failed', 'Skipped', 'Denied']) {
  const isFinished = /^(Successful|Failed|Skipped|Denied)$/.test(phase ?? '');
  test(`a request in phase ${phase ?? 'none'} is ${isFinished ? 'finished' : 'unfinished'}`, () => {
    assert.equal(isFinishedRequest({ ...KINDS.KafkaOpsRequest, metadata: { name: 'r' }, status: { phase } }), isFinished);
  });
}
