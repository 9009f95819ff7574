/** Clients verify brokers with the trust bundle: by OpenSSL, which needs a self-signed root, as librdkafka does, and by Node's TLS. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { TlsIssuer } from '#constructs/index';
import { KINDS } from '#model/kube-object';
import { trustName } from '#model/names';
import { untyped } from '#test/support/untyped';
import { type CaContent, caSecret, issueCertificate } from '../support/certificate-factory';
import { on } from '../support/desired-states';
import { COMBINED, KAFKA, NAMESPACE, startPlaintext, type World } from '../support/world';

let world: World;
afterEach(() => world?.stop());

const dates = { notBefore: '2026-01-01T00:00:00Z', notAfter: '2046-01-01T00:00:00Z' };
const root = issueCertificate({ commonName: 'export-root', isCa: true, ...dates });
const policy = issueCertificate({ commonName: 'export-policy', issuer: root, isCa: true, ...dates });
const issuing = issueCertificate({ commonName: 'export-issuing', issuer: policy, isCa: true, ...dates });

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Gives a Kafka TLS by a CA Secret of this content; returns the trust bundle, and the chain and key that brokers serve. */
async function exported(content: CaContent): Promise<{ trust: string; chain: string; key: string }> {
  const issuer = { apiVersion: KINDS.Issuer.apiVersion, kind: 'Issuer', metadata: { name: 'corp' }, spec: { ca: { secretName: 'corp' } } };
  world = await startPlaintext('native', {
    objects: [caSecret({ name: 'corp', namespace: NAMESPACE }, content), issuer],
    kafka: { ...COMBINED, replicas: 1 },
  });
  await world.apply(world.desired(on({ issuer: TlsIssuer.issuer('corp') })));
  const held = (await world.cluster.get(world.ref(KINDS.Secret, `${KAFKA}-server-cert`)))?.data;
  const text = (key: string) => Buffer.from(untyped(held)[key], 'base64').toString('utf8');
  const configMap = await world.cluster.get(world.ref(KINDS.ConfigMap, trustName(KAFKA)));
  return { trust: untyped(configMap?.data)?.['ca.crt'] ?? '', chain: text('tls.crt'), key: text('tls.key') };
}

function opensslVerifies({ trust, chain }: { trust: string; chain: string }): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-verify-'));
  try {
    writeFileSync(path.join(folder, 'ca.crt'), trust);
    writeFileSync(path.join(folder, 'tls.crt'), chain);
    // The test has another date than this machine.
    const at = String(Math.floor(world.clock.now().getTime() / 1000));
    const args = ['verify', '-attime', at, '-CAfile', 'ca.crt', '-untrusted', 'tls.crt', 'tls.crt'];
    return spawnSync('openssl', args, { cwd: folder }).status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Tells whether Node accepts it: its TLS is OpenSSL's, too, with the dates of this machine. */
function nodeAccepts({ trust, chain, key }: { trust: string; chain: string; key: string }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer({ cert: chain, key }, (socket) => socket.end());
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const finish = (problem: string | undefined) => {
        server.close();
        resolve(problem);
      };
      const socket = connect({ port, host: '127.0.0.1', ca: trust, servername: 'localhost', checkServerIdentity: () => undefined }, () => {
        socket.destroy();
        finish(undefined);
      });
      socket.on('error', (error) => finish((error as NodeJS.ErrnoException).code ?? error.message));
    });
  });
}

const CASES: readonly { readonly name: string; readonly secret: CaContent; readonly verifies: boolean }[] = [
  { name: 'a root that signs itself', secret: [root, [], root], verifies: true },
  { name: 'two tiers', secret: [policy, [], root], verifies: true },
  { name: 'three tiers', secret: [issuing, [policy], root], verifies: true },
  {
    name: 'an anchor that is not self-signed and whose root is not known: the plan notes it',
    secret: [issuing, [], policy],
    verifies: false,
  },
];

describe('clients verify brokers with the trust bundle', () => {
  for (const { name, secret, verifies } of CASES) {
    test(`by OpenSSL: ${name}`, { skip: hasOpenssl ? false : 'skipped: openssl is not on the PATH' }, async () => {
      assert.equal(opensslVerifies(await exported(secret)), verifies);
    });
    test(`by Node: ${name}`, async () => {
      const problem = await nodeAccepts(await exported(secret));
      // By the clock of this machine the leaf of the test may be expired or not yet valid. Node judges its chain first.
      const isChainFine = problem === undefined || ['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'].includes(problem);
      assert.equal(isChainFine, verifies, problem);
    });
  }
});
