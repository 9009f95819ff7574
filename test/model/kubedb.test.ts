import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import {
  brokerCertificate,
  brokerCommonName,
  configSecretName,
  isFinishedRequest,
  keystoreCredSecret,
  listenersOf,
  nodesOf,
  petSetsOf,
  podFqdn,
  type Role,
  roleLabels,
} from '#model/kubedb';
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
const kafka = (spec: object): KubeObject => ({
  apiVersion: KINDS.Kafka.apiVersion,
  kind: 'Kafka',
  metadata: { name: 'orders', namespace: 'demo' },
  spec,
});
const dedicated = (spec: object = {}) => kafka({ topology: { controller: { replicas: 2 }, broker: { replicas: 2 } }, ...spec });
const combined = (spec: object = {}) => kafka({ replicas: 2, ...spec });

test('lists the nodes of dedicated roles, controllers first and numbered from 1000', () => {
  assert.deepEqual(
    nodesOf(untyped(dedicated())).map((n) => [n.pod, n.nodeId]),
    [
      ['orders-controller-0', 1000],
      ['orders-controller-1', 1001],
      ['orders-broker-0', 0],
      ['orders-broker-1', 1],
    ],
  );
});

test('lists combined nodes by ordinal', () => {
  assert.deepEqual(
    nodesOf(untyped(combined())).map((n) => [n.pod, n.role, n.nodeId]),
    [
      ['orders-0', 'combined', 0],
      ['orders-1', 'combined', 1],
    ],
  );
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

test('gives combined nodes both listeners and both role labels', () => {
  assert.deepEqual(listenersOf('combined'), ['BROKER', 'CONTROLLER']);
  assert.equal(roleLabels('orders', 'combined')['kubedb.com/role-broker'], 'set');
  assert.equal(roleLabels('orders', 'combined')['kubedb.com/role-controller'], 'set');
  assert.equal(roleLabels('orders', 'broker')['kubedb.com/role-controller'], undefined);
});

test('names the host of a pod, and the common name of brokers', () => {
  assert.equal(podFqdn('orders', 'demo', 'orders-0'), 'orders-0.orders-pods.demo.svc.cluster.local');
  assert.equal(brokerCommonName('orders', 'demo'), 'orders-pods.demo.svc');
});

test('uses the Secret of JKS passwords that the Kafka names, else the default', () => {
  assert.equal(keystoreCredSecret(untyped(combined())), 'orders-keystore-cred');
  assert.equal(keystoreCredSecret(untyped(combined({ keystoreCredSecret: { name: 'mine' } }))), 'mine');
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

test('names configuration Secrets by role', () => {
  assert.deepEqual(
    (['controller', 'broker', 'combined'] as const).map((r) => configSecretName('orders', r)),
    ['orders-controller-config', 'orders-broker-config', 'orders-config'],
  );
});

const phases: readonly (readonly [phase: string | undefined, over: boolean])[] = [
  [undefined, false],
  ['Pending', false],
  ['Progressing', false],
  ['WaitingForApproval', false],
  ['Successful', true],
  ['Failed', true],
  ['Skipped', true],
  ['Denied', true],
];
for (const [phase, over] of phases) {
  test(`a request in phase ${phase ?? 'none'} is ${over ? 'finished' : 'unfinished'}`, () => {
    const request: KubeObject = {
      apiVersion: KINDS.KafkaOpsRequest.apiVersion,
      kind: 'KafkaOpsRequest',
      metadata: { name: 'r' },
      status: { phase },
    };
    assert.equal(isFinishedRequest(request), over);
  });
}
