/**
 * The rules by which a peer accepts a certificate, held against real handshakes: OpenSSL's by node:tls, and Java's where there is a Java. Every
 * server is met by clients with every set of trusted certificates.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import type { CaFacts } from '#reconciler/model/observation';
import { readCas, signersOf } from '#reconciler/pki/certificates';
import { refusal, type Shown } from '#reconciler/plan/states/acceptance';
import { type CertificateRequest, type Issued, issueCertificate } from '../../support/certificate-factory';

const NAME = 'orders-broker-0.orders-pods.demo.svc.cluster.local';
const PAST = { notBefore: '2020-01-01T00:00:00Z', notAfter: '2021-01-01T00:00:00Z' };
const FUTURE = { notBefore: '2046-01-01T00:00:00Z', notAfter: '2047-01-01T00:00:00Z' };
const JAVA = 'test/plan/states/Accepts.java';

const ca = (commonName: string, change: Partial<CertificateRequest> = {}) => issueCertificate({ commonName, isCa: true, ...change });
const leaf = (issuer: Issued, change: Partial<CertificateRequest> = {}) =>
  issueCertificate({ commonName: 'broker', issuer, dnsNames: ['*.orders-pods.demo.svc.cluster.local'], ...change });

const R0 = ca('R0');
const R1 = ca('R1');
const BRIDGE = ca('R1', { issuer: R0 });
const BACK = ca('R0', { issuer: R1 });
const OTHER = ca('other');
/** Names R0 as its issuer, and another key has signed it. */
const FORGED = ca('R1', { issuer: { ...R0, key: OTHER.key } });
const NO_CA = ca('R1', { issuer: R0, isCa: false });
const EXPIRED_BRIDGE = ca('R1', { issuer: R0, ...PAST });
const EXPIRED_R0 = ca('R0', PAST);
const MIDDLE = ca('middle', { issuer: R0 });
const LOWER = ca('lower', { issuer: MIDDLE });

const OLD = leaf(R0);
const NEW = leaf(R1);
const SERVERS: Readonly<Record<string, readonly [Issued, ...Issued[]]>> = {
  'S0: leaf of R0': [OLD],
  'S1 and S2: leaf of R1 and the bridge': [NEW, BRIDGE],
  'S3: leaf of R1, the bridge is missing': [NEW],
  'S3 and R1 itself': [NEW, R1],
  'both roots have signed each other': [NEW, BRIDGE, BACK],
  'the bridge is signed by another key than it names': [NEW, FORGED],
  'the bridge is no CA': [NEW, NO_CA],
  'the bridge has expired': [NEW, EXPIRED_BRIDGE],
  'an expired and a valid bridge': [NEW, EXPIRED_BRIDGE, BRIDGE],
  'a valid and an expired bridge': [NEW, BRIDGE, EXPIRED_BRIDGE],
  'a certificate that has nothing to do with it': [OLD, OTHER],
  'a chain of two': [leaf(LOWER), LOWER, MIDDLE],
  'a chain of two in the other order': [leaf(LOWER), MIDDLE, LOWER],
  'a chain of two without its upper one': [leaf(LOWER), LOWER],
  'a chain of two without its lower one': [leaf(LOWER), MIDDLE],
  'an expired leaf': [leaf(R0, PAST)],
  'a leaf that is not valid yet': [leaf(R0, FUTURE)],
  'a leaf with another name': [leaf(R0, { dnsNames: ['*.payments-pods.demo.svc.cluster.local'] })],
  'a leaf whose wildcard is a label short': [leaf(R0, { dnsNames: ['*.demo.svc.cluster.local'] })],
  'a leaf that only says who issued it': [leaf({ ...R0, key: OTHER.key })],
  'its own root': [leaf(OTHER), OTHER],
};
const TRUST: Readonly<Record<string, readonly Issued[]>> = {
  R0: [R0],
  R1: [R1],
  'R0 and R1': [R0, R1],
  'the bridge alone': [BRIDGE],
  'the bridge and R0': [BRIDGE, R0],
  'another root': [OTHER],
  'an expired R0': [EXPIRED_R0],
  'an intermediate CA alone': [MIDDLE],
  'the leaf itself': [OLD],
};

const ALL = [...Object.values(SERVERS), ...Object.values(TRUST)].flat();
const POOL = readCas(ALL.map((c) => c.cert).join('')).certificates;

function facts({ cert }: Issued): CaFacts {
  const [read] = readCas(cert).certificates;
  assert.ok(read !== undefined);
  return { ...read, signers: [...signersOf(cert, POOL)] };
}

function shown([own, ...chain]: readonly [Issued, ...Issued[]]): Shown {
  return { leaf: facts(own), chain: chain.map(facts) };
}

interface Cell {
  readonly server: string;
  readonly trust: string;
}

const CELLS: readonly Cell[] = Object.keys(SERVERS).flatMap((server) => Object.keys(TRUST).map((trust) => ({ server, trust })));

/** Returns what the model says of each cell: `yes`, or `no`. */
function modelled(by: 'java' | 'openssl'): Readonly<Record<string, string>> {
  return byCell((cell) => {
    const because = refusal(shown(serverOf(cell)), { by, anchors: trustOf(cell).map(facts) }, NAME, new Date());
    return because === undefined ? 'yes' : 'no';
  });
}

function byCell(answer: (cell: Cell, i: number) => string): Readonly<Record<string, string>> {
  return Object.fromEntries(CELLS.map((cell, i) => [`${cell.server} / trusts ${cell.trust}`, answer(cell, i)]));
}

function serverOf({ server }: Cell) {
  return SERVERS[server] as readonly [Issued, ...Issued[]];
}

function trustOf({ trust }: Cell) {
  return TRUST[trust] as readonly Issued[];
}

describe('the model of acceptance', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-acceptance-'));
  const servers = new Map<string, { readonly port: number; close(): void }>();
  const portOf = ({ server }: Cell) => servers.get(server)?.port ?? 0;

  before(async () => {
    for (const [name, chain] of Object.entries(SERVERS)) {
      const server = tls.createServer({ key: chain[0].key, cert: chain.map((c) => c.cert).join('') }, (socket) => {
        socket.on('error', () => undefined);
        socket.end();
      });
      server.on('tlsClientError', () => undefined);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers.set(name, { port: (server.address() as { readonly port: number }).port, close: () => server.close() });
    }
  });
  after(() => {
    for (const server of servers.values()) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is that of OpenSSL', async () => {
    const answers: string[] = [];
    for (const cell of CELLS) {
      const trusted = trustOf(cell).map((c) => c.cert);
      const socket = tls.connect({ host: '127.0.0.1', port: portOf(cell), servername: NAME, ca: trusted, rejectUnauthorized: false });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      answers.push(socket.authorized ? 'yes' : 'no');
      socket.destroy();
    }
    assert.deepEqual(
      modelled('openssl'),
      byCell((_, i) => answers[i] ?? ''),
    );
    assert.ok(answers.includes('yes') && answers.includes('no'));
  });

  const hasJava = spawnSync('javac', ['-version']).status === 0;
  test('is that of Java', { skip: hasJava ? false : 'skipped: there is no Java compiler on the PATH' }, async () => {
    const files = new Map(Object.entries(TRUST).map(([name, trusted], i) => [name, { file: path.join(folder, `${i}.pem`), trusted }]));
    for (const { file, trusted } of files.values()) writeFileSync(file, trusted.map((c) => c.cert).join(''));
    const java = spawn('java', [JAVA], { stdio: ['pipe', 'pipe', 'inherit'] });
    let printed = '';
    java.stdout.on('data', (text) => {
      printed += text;
    });
    java.stdin.end(CELLS.map((cell) => `${portOf(cell)} ${NAME} ${files.get(cell.trust)?.file}\n`).join(''));
    const [code] = await once(java, 'close');
    assert.equal(code, 0);
    const answers = printed.trim().split('\n');
    assert.equal(answers.length, CELLS.length);
    const found = byCell((_, i) => (answers[i] ?? '').split(' ')[0] ?? '');
    assert.deepEqual(modelled('java'), found);
  });
});
