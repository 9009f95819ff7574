/**
 * How cert-manager treats Certificates that synth refuses or accepts: a dry run asks its webhook and schema about each. Certificates that it
 * admits and never issues are created.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { conditionOf, KINDS, type KubeObject } from '#model/kube-object';
import { accepted, refused } from '../model/certificate-cases';
import { certificate } from '../model/manifest-cases';
import { type Client, clientOf } from '../sandbox/contract/client';
import { eventually } from '../sandbox/contract/run';
import { type ControlPlane, realApi } from './cluster';

const NAMESPACE = `certificates-${process.pid}`;
const CERTIFICATES = `/apis/cert-manager.io/v1/namespaces/${NAMESPACE}/certificates`;
/** How long to look whether something is issued that must not be. */
const PATIENCE_MS = 5_000;

describe('Certificates', () => {
  let controlPlane: ControlPlane;
  let client: Client;
  before(async () => {
    controlPlane = await realApi();
    client = clientOf(controlPlane.kubeconfig);
    await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await create(`/apis/cert-manager.io/v1/namespaces/${NAMESPACE}/issuers`, {
      apiVersion: KINDS.Issuer.apiVersion,
      kind: KINDS.Issuer.kind,
      metadata: { name: 'ca' },
      spec: { selfSigned: {} },
    });
  });
  after(async () => {
    await client.send('DELETE', `/api/v1/namespaces/${NAMESPACE}`);
    await controlPlane.stop();
  });

  async function create(path: string, object: object): Promise<void> {
    const { status, body } = await client.send('POST', path, object);
    assert.ok(status < 300, `${path}: ${body.message}`);
  }

  /** Asks without storing anything; unknown fields are refused, as they are for the reconciler. */
  async function refusal(spec: object): Promise<string | undefined> {
    const manifest = { ...certificate(spec), metadata: { name: 'asked' } };
    const { status, body } = await client.send('POST', `${CERTIFICATES}?dryRun=All&fieldValidation=Strict`, manifest);
    return status < 300 ? undefined : body.message;
  }

  async function issued(name: string, spec: object): Promise<X509Certificate> {
    await create(CERTIFICATES, { ...certificate({ secretName: name, ...spec }), metadata: { name } });
    const isReady = ({ body }: { readonly body: KubeObject }) => conditionOf(body, 'Ready')?.status === 'True';
    while (!isReady(await client.send('GET', `${CERTIFICATES}/${name}`))) await pause(100);
    const { body } = await client.send('GET', `/api/v1/namespaces/${NAMESPACE}/secrets/${name}`);
    return new X509Certificate(Buffer.from(body.data['tls.crt'], 'base64'));
  }

  for (const { name, spec, isAdmitted } of refused) {
    test(`cert-manager ${isAdmitted === undefined ? 'refuses' : 'admits'} ${name}`, async () => {
      const message = await refusal(spec);
      assert.equal(message === undefined, isAdmitted !== undefined, message ?? 'it was admitted');
    });
  }

  for (const { name, spec } of accepted) test(`cert-manager admits ${name}`, async () => assert.equal(await refusal(spec), undefined));

  const subjects = [
    ['literal', 'CN=billing,OU=payments,DC=corp,DC=example', 'DC=example\nDC=corp\nOU=payments\nCN=billing'],
    ['set', 'OU=payments+CN=billing,DC=example', 'DC=example\nCN=billing + OU=payments'],
    ['escaped', 'CN=a\\, b,OU=\\C3\\BCber', 'OU=\u00fcber\nCN=a\\, b'],
  ] as const;
  for (const [name, literalSubject, subject] of subjects) {
    test(`"${literalSubject}" is issued once, in the reverse order of its text`, async () => {
      const leaf = await issued(name, { commonName: undefined, literalSubject, dnsNames: ['billing.example.org'] });
      assert.equal(leaf.subject, subject);
      await pause(PATIENCE_MS);
      const { body } = await client.send('GET', `${CERTIFICATES}/${name}`);
      assert.equal(body.status.revision, 1);
    });
  }

  test('keys are of the kind that was asked for', async () => {
    const ecdsa = await issued('ecdsa', { privateKey: { algorithm: 'ECDSA', size: 384, encoding: 'PKCS8' } });
    assert.equal(ecdsa.publicKey.asymmetricKeyDetails?.namedCurve, 'secp384r1');
    const ed25519 = await issued('ed25519', { privateKey: { algorithm: 'Ed25519', encoding: 'PKCS8' } });
    assert.equal(ed25519.publicKey.asymmetricKeyType, 'ed25519');
  });

  test('another kind of key is issued by itself; one that is kept never is', async () => {
    await issued('rekeyed', {});
    await issued('kept', { privateKey: { rotationPolicy: 'Never' } });
    for (const name of ['rekeyed', 'kept'])
      await client.send(
        'PATCH',
        `${CERTIFICATES}/${name}`,
        { spec: { privateKey: { algorithm: 'ECDSA' } } },
        'application/merge-patch+json',
      );
    const revision = async (name: string) => (await client.send('GET', `${CERTIFICATES}/${name}`)).body.status.revision;
    while ((await revision('rekeyed')) !== 2) await pause(100);
    await pause(PATIENCE_MS);
    assert.equal(await revision('kept'), 1);
  });

  test('a name beyond ASCII is admitted and never issued', async () => {
    await create(CERTIFICATES, {
      ...certificate({ secretName: 'unicode', dnsNames: ['b\u00fccher.example.org'] }),
      metadata: { name: 'unicode' },
    });
    const read = async () => (await client.send('GET', `${CERTIFICATES}/unicode`)).body;
    await eventually(read, (body) => conditionOf(body, 'Ready') !== undefined);
    await pause(PATIENCE_MS);
    const body = await read();
    assert.equal(body.status.revision, undefined);
    assert.equal(conditionOf(body, 'Ready')?.status, 'False');
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
