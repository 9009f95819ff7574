/**
 * How cert-manager writes other trust stores beside a certificate that stays: with the very patch of a change of root in which nodes trust two
 * roots, on the Secret of a broker certificate as this project asks for it. keytool reads the stores.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { brokerCertificate, KEYSTORE_PASSWORD_KEYS } from '#model/kubedb';
import { normalizeTls } from '#model/tls';
import { trustPatch } from '#reconciler/execute/trust-patch';
import { readCas } from '#reconciler/pki/certificates';
import { trustedIn } from '#reconciler/pki/trust-store';
import { type Client, clientOf, JSON_PATCH } from '../sandbox/contract/client';
import { type ControlPlane, realApi } from './cluster';

const NAMESPACE = `trust-stores-${process.pid}`;
const KAFKA = 'orders';
const SECRET = `${KAFKA}-server-cert`;
const PASSWORD = 'changeit';
/** How long to look whether something is issued that must not be. */
const PATIENCE_MS = 15_000;

describe('trust stores', () => {
  let controlPlane: ControlPlane;
  let client: Client;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'trust-stores-'));
    controlPlane = await realApi();
    client = clientOf(controlPlane.kubeconfig);
    await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await create(
      `${CORE}/secrets`,
      secret('orders-keystore-cred', Object.fromEntries(KEYSTORE_PASSWORD_KEYS.map((key) => [key, PASSWORD]))),
    );
    await create(`${CERT_MANAGER}/issuers`, { ...named('Issuer', 'self-signed'), spec: { selfSigned: {} } });
    for (const name of ['old-ca', 'new-ca']) {
      const spec = { isCA: true, commonName: name, secretName: name, issuerRef: { name: 'self-signed', kind: 'Issuer' } };
      await create(`${CERT_MANAGER}/certificates`, { ...named('Certificate', name), spec });
      await create(`${CERT_MANAGER}/issuers`, { ...named('Issuer', name), spec: { ca: { secretName: name } } });
      await ready(name);
    }
    const tls = normalizeTls(KAFKA, { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'old-ca' }, certificates: [] });
    const owner = { name: KAFKA, namespace: NAMESPACE, keystoreCredSecret: 'orders-keystore-cred' };
    await create(`${CERT_MANAGER}/certificates`, brokerCertificate(owner, tls, 'server'));
    await ready(SECRET);
  });
  after(async () => {
    await client.send('DELETE', `/api/v1/namespaces/${NAMESPACE}`);
    await controlPlane.stop();
    rmSync(folder, { recursive: true });
  });

  const CORE = `/api/v1/namespaces/${NAMESPACE}`;
  const CERT_MANAGER = `/apis/cert-manager.io/v1/namespaces/${NAMESPACE}`;

  async function create(at: string, object: object): Promise<void> {
    const { status, body } = await client.send('POST', at, object);
    assert.ok(status < 300, `${at}: ${body.message}`);
  }

  async function read(name: string): Promise<KubeObject & { readonly data: Readonly<Record<string, string>> }> {
    return (await client.send('GET', `${CORE}/secrets/${name}`)).body;
  }

  async function certificate(name: string) {
    return (await client.send('GET', `${CERT_MANAGER}/certificates/${name}`)).body;
  }

  async function ready(name: string, revision = 1): Promise<void> {
    for (;;) {
      const object = await certificate(name);
      if (object.status?.revision >= revision && conditionOf(object, 'Ready')?.status === 'True') return;
      await pause(100);
    }
  }

  /** Aliases and SHA-256 of what a store trusts, as keytool tells. */
  function listed(store: string): readonly string[] {
    const file = path.join(folder, 'store.jks');
    writeFileSync(file, Buffer.from(store, 'base64'));
    const text = execFileSync('keytool', ['-list', '-keystore', file, '-storepass', PASSWORD], { encoding: 'utf8' });
    return [...text.matchAll(/^(ca[^,]*),[^\n]*trustedCertEntry,\s*\n[^\n]*: ([0-9A-F:]+)$/gm)]
      .map(([, alias = '', print = '']) => `${alias} ${print.replaceAll(':', '').toLowerCase()}`)
      .sort();
  }

  test('a patch of ca.crt brings both roots into both stores, and nothing is issued; the next issuance brings one root again', async () => {
    const [before, oldCa, newCa] = [await read(SECRET), await read('old-ca'), await read('new-ca')];
    const pemOf = (s: typeof before) => text(s, 'tls.crt');
    const roots = [pemOf(oldCa), pemOf(newCa)];
    const prints = roots.map((pem) => readCas(pem).certificates[0]?.fingerprint ?? '');
    assert.deepEqual(listed(before.data['truststore.jks'] ?? ''), [`ca ${prints[0]}`]);

    const patched = await client.send('PATCH', `${CORE}/secrets/${SECRET}`, trustPatch(before.metadata, roots), JSON_PATCH);
    assert.equal(patched.status, 200, patched.body.message);
    const begunMs = Date.now();
    let widened = await read(SECRET);
    while (trustedIn(Buffer.from(widened.data['truststore.jks'] ?? '', 'base64'))?.length !== 2) {
      await pause(100);
      widened = await read(SECRET);
    }
    console.log(`trust stores were written after ${Date.now() - begunMs} ms`);
    const both = [`ca ${prints[0]}`, `ca-1 ${prints[1]}`];
    assert.deepEqual(listed(widened.data['truststore.jks'] ?? ''), both);
    assert.deepEqual(listed(widened.data['keystore.jks'] ?? ''), both);
    assert.deepEqual(trustedIn(Buffer.from(widened.data['truststore.jks'] ?? '', 'base64')), prints);
    assert.equal(widened.data['tls.crt'], before.data['tls.crt']);
    assert.equal(text(widened, 'ca.crt'), roots.join(''));
    assert.equal(
      widened.metadata.annotations?.['cert-manager.io/common-name'],
      before.metadata.annotations?.['cert-manager.io/common-name'],
    );
    assert.ok(Date.parse(writtenBy(widened)) > Date.parse(writtenBy(before)), 'the entry of cert-manager has the time of this write');

    await pause(PATIENCE_MS);
    const later = await read(SECRET);
    assert.equal(later.metadata.resourceVersion, widened.metadata.resourceVersion, 'nothing is written any more');
    assert.equal((await certificate(SECRET)).status.revision, 1);

    const condition = {
      type: 'Issuing',
      status: 'True',
      reason: 'ManuallyTriggered',
      message: 'again',
      lastTransitionTime: new Date().toISOString(),
    };
    const { status: has, ...object } = await certificate(SECRET);
    const status = { ...has, conditions: [...has.conditions, condition] };
    const asked = await client.send('PUT', `${CERT_MANAGER}/certificates/${SECRET}/status`, { ...object, status });
    assert.equal(asked.status, 200, asked.body.message);
    await ready(SECRET, 2);
    const renewed = await read(SECRET);
    assert.deepEqual(listed(renewed.data['truststore.jks'] ?? ''), [`ca ${prints[0]}`]);
    assert.equal(text(renewed, 'ca.crt'), roots[0]);
    assert.equal(renewed.metadata.annotations?.['kafka-tls/trust'], roots.join(''), 'the annotation of this project stays');
  });
});

/** When cert-manager last wrote the data of a Secret, by its managed fields. */
function writtenBy({ metadata }: KubeObject): string {
  const entries = (metadata.managedFields ?? []) as readonly {
    readonly manager: string;
    readonly time: string;
    readonly fieldsV1: object;
  }[];
  return entries.find((e) => e.manager.startsWith('cert-manager') && JSON.stringify(e.fieldsV1).includes('truststore.jks'))?.time ?? '';
}

function named(kind: 'Issuer' | 'Certificate', name: string) {
  return { apiVersion: KINDS[kind].apiVersion, kind, metadata: { name, namespace: NAMESPACE } };
}

function secret(name: string, stringData: Readonly<Record<string, string>>) {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE }, stringData };
}

function text({ data }: { readonly data: Readonly<Record<string, string>> }, key: string): string {
  return Buffer.from(data[key] ?? '', 'base64').toString('utf8');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
