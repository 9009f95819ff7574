import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import { accessTo, type KafkaSecrets } from '#reconciler/cluster/kafka-access';
import { CERTIFICATE_VOLUME } from '#reconciler/model/broker-pod';
import { untyped } from '#test/support/untyped';

const login = { username: 'admin', password: 'secret' };
const LOGIN = { mechanism: 'PLAIN', ...login };
const client = { 'ca.crt': 'new CA', 'tls.crt': 'new leaf', 'tls.key': 'new key' };
const before = { 'ca.crt': 'old CA', 'tls.crt': 'old leaf', 'tls.key': 'old key' };
const TLS = { ca: ['new CA'], identities: [{ cert: 'new leaf', key: 'new key' }] };

interface Case {
  readonly name: string;
  readonly spec?: object;
  readonly isTls?: boolean;
  readonly secrets?: KafkaSecrets;
  readonly access: object;
}

const cases: readonly Case[] = [
  { name: 'plaintext with a login', access: { login: LOGIN } },
  { name: 'plaintext without security', spec: { disableSecurity: true }, secrets: { certificates: [] }, access: {} },
  { name: 'TLS without a login', spec: { disableSecurity: true }, isTls: true, access: { tls: TLS } },
  {
    name: 'every CA and every client certificate of this run, latest first',
    isTls: true,
    secrets: { login, certificates: [client, before, { 'ca.crt': 'old CA' }] },
    access: {
      tls: { ca: ['new CA', 'old CA'], identities: [...TLS.identities, { cert: 'old leaf', key: 'old key' }] },
      login: LOGIN,
    },
  },
  {
    name: 'the mechanism of the client file',
    secrets: { login, certificates: [], clientFile: 'security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n' },
    access: { login: { ...LOGIN, mechanism: 'SCRAM-SHA-512' } },
  },
  {
    name: 'no guess for an unknown mechanism',
    secrets: { login, certificates: [], clientFile: 'sasl.mechanism = GSSAPI\n' },
    access: { unknown: 'its client file names an unknown SASL mechanism' },
  },
  {
    name: 'no password without a CA that identifies the broker',
    isTls: true,
    secrets: { login, certificates: [{ 'tls.crt': 'leaf', 'tls.key': 'key' }] },
    access: { unknown: 'no Secret holds the CA of its certificate' },
  },
];

for (const { name, spec = {}, isTls = false, secrets = { login, certificates: [client] }, access } of cases) {
  test(`a broker is reached by ${name}`, () => {
    const kafka: KubeObject = { ...KINDS.Kafka, metadata: { name: 'orders', namespace: 'demo' }, spec };
    const volumes = isTls ? [{ name: CERTIFICATE_VOLUME, secret: { secretName: 'orders-server-cert' } }] : [];
    assert.deepEqual(accessTo(untyped(kafka), { ...KINDS.Pod, metadata: { name: 'orders-broker-0' }, spec: { volumes } }, secrets), access);
  });
}
