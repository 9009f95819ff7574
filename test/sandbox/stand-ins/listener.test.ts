import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { KINDS, type Kind } from '#model/kube-object';
import { systemClock } from '#reconciler/cluster/system-clock';
import { createSandbox } from '#reconciler/sandbox/index';
import { pooledKeys } from '../../support/stored-keys';
import type { LooseObject } from './sandbox-test';

const API_VERSIONS_REQUEST = Buffer.from('0000000a' + '0012' + '0000' + '0000002a' + 'ffff', 'hex');

function response(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket
      .once('data', (data) => resolve(data.toString('hex')))
      .once('error', reject)
      .once('close', () => resolve('closed'));
  });
}

test('pods listen on this machine: plaintext first, TLS after it was added', async () => {
  const sandbox = createSandbox({ clock: systemClock, keys: pooledKeys(), listeners: 'real' });
  await sandbox.start();
  try {
    const { client } = sandbox;
    const create = ({ apiVersion, kind }: Kind, name: string, spec: object) =>
      client.create({ apiVersion, kind, metadata: { name, namespace: 'default' }, spec });
    await create(KINDS.Kafka, 'orders', { version: '4.2.0', replicas: 1 });
    const address = async () => (await client.get(KINDS.Pod, 'default', 'orders-0'))?.metadata.annotations?.['sandbox.kafka-tls/broker'];
    const plain = await until(address);
    assert.match(plain, /^127\.0\.0\.1:\d+$/);
    const socket = connect(portOf(plain), '127.0.0.1');
    socket.write(API_VERSIONS_REQUEST);
    assert.equal(await response(socket), '00000010' + '0000002a' + '0000' + '00000001' + '0012' + '0000' + '0000');
    socket.write('\x16\x03\x01\x02\x00 a TLS handshake');
    assert.equal(await response(socket), 'closed', 'a TLS handshake ends a plaintext connection');

    await create(KINDS.Issuer, 'selfsigned', { selfSigned: {} });
    await create(KINDS.Certificate, 'ca', { isCA: true, commonName: 'ca', secretName: 'ca', issuerRef: { name: 'selfsigned' } });
    await create(KINDS.Issuer, 'ca', { ca: { secretName: 'ca' } });
    const tls = { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'ca' } };
    await create(KINDS.KafkaOpsRequest, 'add', { type: 'ReconfigureTLS', databaseRef: { name: 'orders' }, tls, apply: 'Always' });
    const phase = async () => ((await client.get(KINDS.KafkaOpsRequest, 'default', 'add')) as LooseObject).status?.phase;
    await until(async () => (await phase()) === 'Successful' || undefined);
    const { data } = (await client.get(KINDS.Secret, 'default', 'orders-server-cert')) as LooseObject;
    const pem = (name: string) => Buffer.from(data[name], 'base64');
    const port = portOf(await until(address));
    const secure = connectTls({ port, host: '127.0.0.1', ca: pem('ca.crt'), servername: 'orders-pods.default.svc' });
    secure.write(API_VERSIONS_REQUEST);
    assert.match(await response(secure), /^000000100000002a0000/);
    assert.ok(secure.authorized);
    assert.equal(secure.getPeerX509Certificate()?.fingerprint256, new X509Certificate(pem('tls.crt')).fingerprint256);
    secure.destroy();

    const certificate = (await client.get(KINDS.Certificate, 'default', 'orders-server-cert')) as LooseObject;
    const issuing = { type: 'Issuing', status: 'True', observedGeneration: certificate.metadata.generation };
    await client.replaceStatus({
      ...certificate,
      status: { ...certificate.status, conditions: [...certificate.status.conditions, issuing] },
    });
    const served = async () => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      await new Promise((resolve) => socket.once('secureConnect', resolve));
      const fingerprint = socket.getPeerX509Certificate()?.fingerprint256;
      socket.destroy();
      return fingerprint;
    };
    const before = await served();
    await until(async () => {
      sandbox.administration.reload('default', 'orders-0');
      return (await served()) === before ? undefined : true;
    });
    const renewed = (await client.get(KINDS.Secret, 'default', 'orders-server-cert')) as LooseObject;
    assert.equal(await served(), new X509Certificate(Buffer.from(renewed.data['tls.crt'], 'base64')).fingerprint256);
  } finally {
    await sandbox.stop();
  }
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  while (true) {
    const found = await look();
    if (found !== undefined) return found;
    await systemClock.sleep(10);
  }
}

function portOf(address: string): number {
  return Number(address.split(':')[1]);
}
