import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { Admin } from '@platformatic/kafka';
import { KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { podFqdn } from '#model/kubedb';
import { type BrokerFacts, kafkaFacts } from '#reconciler/cluster/kafka-facts';
import { systemClock } from '#reconciler/cluster/system-clock';
import { ClusterError } from '#reconciler/errors';
import { CERTIFICATE_VOLUME } from '#reconciler/model/broker-pod';
import type { KafkaFacts, Reading } from '#reconciler/model/observation';
import type { Clock } from '#reconciler/ports';
import { issueCertificate } from '#test/support/certificate-factory';
import { FakeClock } from '#test/support/fake-clock';
import { type BrokerScript, KEY, ScriptedBroker } from '#test/support/scripted-broker';

// The library prints what it sends when this is set.
process.env.DEBUG = '*';
const LOGIN = { username: 'admin', password: 'pa$$word-of-orders' };
const brokers: ScriptedBroker[] = [];
const sources: BrokerFacts[] = [];
after(() => {
  for (const source of sources) source.close();
  for (const broker of brokers) broker.close();
});

async function broker(script: BrokerScript, tls?: TlsOptions): Promise<ScriptedBroker> {
  const listening = await ScriptedBroker.listen(script, tls);
  brokers.push(listening);
  return listening;
}

const QUORUM = { leader: 1001, voters: { 1000: 9_500, 1001: 10_000, 1002: 9_900 }, observers: { 0: 9_800, 1: 9_800 } };
const WHOLE: BrokerScript = {
  login: LOGIN,
  topics: [
    { name: 'orders', partitions: [{ leader: 1, replicas: [1, 0], isr: [1, 0] }] },
    { name: 'carts', partitions: [{ leader: -1, replicas: [1], isr: [1] }] },
  ],
  configs: {
    '2/orders': { 'min.insync.replicas': '2' },
    '2/carts': { 'min.insync.replicas': '1' },
    '4/0': { 'controller.quorum.fetch.timeout.ms': '1500' },
  },
  quorum: QUORUM,
};
const CARTS = { name: 'carts', minInsyncReplicas: 1, partitions: [{ partition: 0, leader: undefined, replicas: [1], isr: [1] }] };
const ORDERS = { name: 'orders', minInsyncReplicas: 2, partitions: [{ partition: 0, leader: 1, replicas: [1, 0], isr: [0, 1] }] };
const FACTS: KafkaFacts = {
  quorum: {
    leaderId: 1001,
    voters: [
      { nodeId: 1000, lastCaughtUpMs: 9_500 },
      { nodeId: 1001, lastCaughtUpMs: 10_000 },
      { nodeId: 1002, lastCaughtUpMs: 9_900 },
    ],
    fetchTimeoutMs: 1500,
  },
  topics: [CARTS, ORDERS],
};

/** The second broker has Kafka's default of the timeout. */
const FACTS_OF_SECOND: KafkaFacts = { ...FACTS, quorum: { ...FACTS.quorum, fetchTimeoutMs: 2000 } };

type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;
const AUTH: Secrets = { 'orders-auth': LOGIN };

interface Setting {
  readonly isTls?: boolean;
  readonly secrets?: Secrets;
  readonly clock?: Clock;
  readonly get?: (subject: ObjectRef) => Promise<KubeObject | undefined>;
}

/** Returns the source for a Kafka whose broker pods are reached at these ports. */
function sourceFor(
  ports: readonly number[],
  { isTls = false, secrets = AUTH, clock = systemClock, get = secretIn(secrets) }: Setting = {},
) {
  const kafka = object(KINDS.Kafka, 'orders', { topology: { controller: { replicas: 3 }, broker: { replicas: ports.length } } });
  const volumes = isTls ? [{ name: CERTIFICATE_VOLUME, secret: { secretName: 'orders-server-cert' } }] : [];
  const list = async () => ports.map((_, i) => ({ ...object(KINDS.Pod, `orders-broker-${i}`, { volumes }), status: { phase: 'Running' } }));
  const addressOf = ({ metadata }: KubeObject) => ({ host: '127.0.0.1', port: ports[Number(metadata.name.at(-1))] ?? 0 });
  const source = kafkaFacts({ list, get }, { clock, addressOf });
  sources.push(source);
  return (signal?: AbortSignal) => source.read(kafka, signal);
}

function object({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, name: string, spec: object): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: 'demo' }, spec };
}

function secretIn(secrets: Secrets) {
  return async ({ name }: ObjectRef): Promise<KubeObject | undefined> => {
    const values = Object.entries(secrets[name] ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    return values.length === 0 ? undefined : { ...object(KINDS.Secret, name, {}), data: Object.fromEntries(values) };
  };
}

const read = (brokers: readonly { readonly port: number }[], setting?: Setting) => {
  return sourceFor(
    brokers.map((b) => b.port),
    setting,
  )();
};

async function known(reading: Promise<Reading<KafkaFacts>>): Promise<KafkaFacts> {
  const found = await reading;
  assert.ok('value' in found, JSON.stringify(found));
  return found.value;
}

async function unknown(reading: Promise<Reading<KafkaFacts>>): Promise<string> {
  const found = await reading;
  assert.ok('unknown' in found, JSON.stringify(found));
  return found.unknown;
}

const CLOSED = { port: 1 };

test('the Admin client has no DescribeQuorum, which is why the codecs are used', () => {
  assert.equal('describeQuorum' in Admin.prototype, false);
});

describe('Kafka facts', () => {
  test('are the answers of a broker', async () => {
    const only = await broker(WHOLE);
    assert.deepEqual(await known(read([only])), FACTS);
    const [quorum, metadata] = [KEY.describeQuorum, KEY.metadata].map((key) => only.asked.lastIndexOf(key));
    assert.deepEqual(
      [quorum, metadata],
      [only.asked.length - 2, only.asked.length - 1],
      'partitions as of after the proof of being current',
    );
  });

  test('are those after a broker that stood still has caught up', async () => {
    const before = [{ name: 'orders', partitions: [{ leader: 1, replicas: [1, 0], isr: [1, 0] }] }];
    const topics = [{ name: 'orders', partitions: [{ leader: 1, replicas: [1, 0], isr: [1] }] }];
    const thawed = await broker({ ...WHOLE, topicsBefore: before, topics });
    assert.deepEqual((await known(read([thawed]))).topics[0]?.partitions[0]?.isr, [1]);
  });

  test('come from the first broker that answers', async () => {
    const second = await broker({ ...WHOLE, configs: { ...WHOLE.configs, '4/1': {} } });
    const { quorum } = await known(read([CLOSED, second]));
    assert.equal(quorum.fetchTimeoutMs, 2000, "Kafka's default");
  });

  test('have no leader when no broker reaches one; a broker that reaches one has the last word', async () => {
    const cutOff = await broker({ ...WHOLE, quorum: { error: 41 } });
    assert.deepEqual(await known(read([cutOff])), { ...FACTS, quorum: { leaderId: undefined, voters: [], fetchTimeoutMs: 1500 } });
    const { quorum } = await known(read([cutOff, await broker(WHOLE)]));
    assert.equal(quorum.leaderId, 1001);
  });

  test('omit a topic that was deleted in between', async () => {
    const deleted = await broker({ ...WHOLE, configs: { ...WHOLE.configs, '2/carts': { error: 3 } } });
    assert.deepEqual((await known(read([deleted]))).topics, [ORDERS]);
  });

  const unknowns: readonly { readonly name: string; readonly script: Partial<BrokerScript>; readonly says: RegExp }[] = [
    {
      name: 'from a broker whose copy lags by the fetch timeout',
      script: { quorum: { ...QUORUM, observers: { 0: 8_500 } } },
      says: /orders-broker-0: its own copy of the metadata lags behind$/,
    },
    {
      name: 'from a broker whose lag the leader does not know',
      script: { quorum: { ...QUORUM, observers: { 0: -1 } } },
      says: /its own copy of the metadata lags behind$/,
    },
    {
      name: 'from a broker that does not follow the quorum',
      script: { quorum: { ...QUORUM, observers: {} } },
      says: /its own copy of the metadata lags behind$/,
    },
    {
      name: 'for a user who may not describe the quorum',
      script: { quorum: { error: 31 } },
      says: /orders-broker-0: it answers CLUSTER_AUTHORIZATION_FAILED$/,
    },
    {
      name: 'for a user who may not describe a topic',
      script: { configs: { ...WHOLE.configs, '2/orders': { error: 29 } } },
      says: /it answers TOPIC_AUTHORIZATION_FAILED$/,
    },
  ];
  for (const { name, script, says } of unknowns) {
    test(`are unknown ${name}`, async () => assert.match(await unknown(read([await broker({ ...WHOLE, ...script })])), says));
  }

  test('are unknown without brokers, without a login, and without permission, each with a reason', async () => {
    assert.equal(await unknown(read([])), 'broker health unknown: no broker runs');
    assert.match(await unknown(read([CLOSED], { secrets: {} })), /orders-broker-0: no Secret holds the user of Kafka orders$/);
    assert.match(await unknown(read([CLOSED])), /orders-broker-0: connection refused$/);
    const get = () => Promise.reject(new ClusterError('get: not permitted.', { status: 403, reason: 'Forbidden' }));
    assert.match(await unknown(read([CLOSED], { get })), /: get: not permitted$/);
  });
});

describe('the connection to a broker that was believed', () => {
  const logins = ({ asked }: ScriptedBroker) => asked.filter((key) => key === KEY.saslAuthenticate).length;

  test('is used again, and closed with the source', async () => {
    const only = await broker(WHOLE);
    const source = sourceFor([only.port]);
    for (let i = 0; i < 3; i++) assert.deepEqual(await known(source()), FACTS);
    assert.equal(logins(only), 1);
    sources.at(-1)?.close();
    await untilClosed(only);
  });

  test('is made again after the broker has closed it', async () => {
    const only = await broker(WHOLE);
    const source = sourceFor([only.port]);
    await known(source());
    for (const socket of only.sockets) socket.destroy();
    await untilClosed(only);
    assert.deepEqual(await known(source()), FACTS);
    assert.equal(logins(only), 2);
  });

  const changes: readonly { readonly name: string; readonly change: { quorum: BrokerScript['quorum'] } }[] = [
    { name: 'knows of no leader any more', change: { quorum: { error: 41 } } },
    { name: 'lags behind', change: { quorum: { ...QUORUM, observers: { 0: 8_500 } } } },
  ];
  for (const { name, change } of changes) {
    test(`is closed when this broker ${name}, and the others are asked`, async () => {
      const script = { ...WHOLE };
      const [first, second] = [await broker(script), await broker(WHOLE)];
      const source = sourceFor([first.port, second.port]);
      await known(source());
      Object.assign(script, change);
      assert.deepEqual(await known(source()), FACTS_OF_SECOND);
      await untilClosed(first);
    });
  }
});

/** Waits until the broker has no connection. */
async function untilClosed({ sockets }: ScriptedBroker): Promise<void> {
  for (let turns = 0; sockets.size > 0 && turns < 10_000; turns++) await new Promise(setImmediate);
  assert.equal(sockets.size, 0);
}

describe('a broker that does not answer', () => {
  test('costs ten seconds at most', async () => {
    const clock = new FakeClock();
    const silent = await broker({ ...WHOLE, silentOn: [KEY.metadata] });
    const reading = read([silent], { clock });
    while (!silent.asked.includes(KEY.metadata)) await new Promise(setImmediate);
    await clock.advance(10_000);
    assert.match(await unknown(reading), /no answer within 10 s$/);
  });

  test('does not outlast the signal', async () => {
    const end = new AbortController();
    const silent = await broker({ ...WHOLE, silentOn: [KEY.apiVersions] });
    const source = sourceFor([silent.port]);
    const reading = source(end.signal);
    while (silent.asked.length === 0) await new Promise(setImmediate);
    end.abort(new Error('enough'));
    assert.match(await unknown(reading), /interrupted$/);
    assert.match(await unknown(source(AbortSignal.abort())), /interrupted$/);
  });
});

const oldCa = issueCertificate({ commonName: 'old root', isCa: true });
const newCa = issueCertificate({ commonName: 'new root', isCa: true });
const names = { dnsNames: [podFqdn('orders', 'demo', 'orders-broker-0')] };
const oldLeaf = issueCertificate({ commonName: 'old leaf', issuer: oldCa, ...names });
const newLeaf = issueCertificate({ commonName: 'new leaf', issuer: newCa, ...names });
const OLD = { 'ca.crt': oldCa.cert, 'tls.crt': oldLeaf.cert, 'tls.key': oldLeaf.key };
const NEW = { 'ca.crt': newCa.cert, 'tls.crt': newLeaf.cert, 'tls.key': newLeaf.key };
const mutual: TlsOptions = { cert: oldLeaf.cert, key: oldLeaf.key, ca: [oldCa.cert], requestCert: true, rejectUnauthorized: true };
const withClient = (client: typeof OLD): Setting => ({ isTls: true, secrets: { ...AUTH, 'orders-client-cert': client } });

describe('with TLS', () => {
  test('the client certificate is presented, and the server must be valid for the CA and its name', async () => {
    const served = await broker(WHOLE, mutual);
    assert.deepEqual(await known(read([served], withClient(OLD))), FACTS);
    const untrusted = /its certificate is not signed by a CA in the Secrets of this Kafka$/;
    assert.match(await unknown(read([served], withClient(NEW))), untrusted);
    const otherName = issueCertificate({ commonName: 'elsewhere', issuer: oldCa, dnsNames: ['elsewhere.example'] });
    const misnamed = await broker(WHOLE, { cert: otherName.cert, key: otherName.key });
    assert.match(await unknown(read([misnamed], withClient(OLD))), /its certificate is not valid for its name$/);
    const past = issueCertificate({ commonName: 'late', issuer: oldCa, ...names, notAfter: '2026-02-01T00:00:00Z' });
    const expired = await broker(WHOLE, { cert: past.cert, key: past.key });
    assert.match(await unknown(read([expired], withClient(OLD))), /its certificate has expired$/);
  });

  test('the earlier content of a Secret still opens brokers that have not been restarted', async () => {
    const secrets: Record<string, Readonly<Record<string, string>>> = { ...AUTH, 'orders-client-cert': OLD };
    const { port } = await broker(WHOLE, mutual);
    const source = sourceFor([port], { isTls: true, secrets });
    assert.deepEqual(await known(source()), FACTS);
    secrets['orders-client-cert'] = NEW;
    assert.deepEqual(await known(source()), FACTS);
  });

  test('a pod without certificates is reached in plaintext, whatever the Kafka wants', async () => {
    assert.deepEqual(await known(read([await broker(WHOLE)], { ...withClient(OLD), isTls: false })), FACTS);
  });

  test('a protocol that differs from that of the pod is the reason', async () => {
    const plaintext = await unknown(read([await broker(WHOLE)], withClient(OLD)));
    assert.match(plaintext, /closes the connection after TLS|the TLS handshake fails/);
    const tls = await unknown(read([await broker(WHOLE, mutual)], { ...withClient(OLD), isTls: false }));
    assert.match(tls, /orders-broker-0: it closes the connection after plaintext$/);
  });
});

describe('no credential appears', () => {
  test('in a reason, whatever a peer answers or a Secret holds', async () => {
    const strict = await broker({ ...WHOLE, login: { username: 'other', password: 'else' } });
    const served = await broker(WHOLE, mutual);
    const broken = { ...OLD, 'tls.key': `-----BEGIN PRIVATE KEY-----\n${LOGIN.password}\n-----END PRIVATE KEY-----\n` };
    const reasons = [
      await unknown(read([strict])),
      await unknown(read([served], withClient(broken))),
      await unknown(read([served], withClient(NEW))),
    ];
    assert.match(reasons[0] ?? '', /it refuses the user or the password$/);
    assert.match(reasons[1] ?? '', /the certificates in its Secrets cannot be read$/);
    for (const secret of [LOGIN.password, LOGIN.username, 'PRIVATE KEY', Buffer.from(LOGIN.password).toString('base64')])
      assert.ok(!reasons.join().includes(secret), reasons.join());
  });

  test('on standard error when the library prints its requests', async () => {
    const written: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = ((chunk: string) => written.push(chunk) > 0) as typeof write;
    try {
      assert.deepEqual(await known(read([await broker(WHOLE)])), FACTS);
    } finally {
      process.stderr.write = write;
    }
    assert.deepEqual(written, []);
  });
});
