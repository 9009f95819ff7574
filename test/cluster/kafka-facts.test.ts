import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { CERTIFICATE_VOLUME, podFqdn } from '#model/kubedb';
import { kafkaFacts } from '#reconciler/cluster/kafka-facts';
import { systemClock } from '#reconciler/cluster/system-clock';
import { ClusterError } from '#reconciler/errors';
import type { KafkaFacts, Reading } from '#reconciler/model/observation';
import type { Clock } from '#reconciler/ports';
import { issueCertificate } from '../support/certificate-factory';
import { FakeClock } from '../support/fake-clock';
import { KEY, type Said, ScriptedBroker } from '../support/scripted-broker';

// The library prints what it sends when this is set; it is loaded later, when the first broker is asked.
process.env.DEBUG = '*';
const LOGIN = { username: 'admin', password: 'pa$$word-of-orders' };
const brokers: ScriptedBroker[] = [];
after(() => {
  for (const broker of brokers) broker.close();
});

async function broker(said: Said, tls?: Parameters<typeof ScriptedBroker.listen>[1]): Promise<ScriptedBroker> {
  const listening = await ScriptedBroker.listen(said, tls);
  brokers.push(listening);
  return listening;
}

const QUORUM = { leader: 1001, voters: { 1000: 9_500, 1001: 10_000, 1002: 9_900 }, observers: { 0: 9_800, 1: 9_800 } };
const WHOLE: Said = {
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
  topics: [
    { name: 'carts', minInsyncReplicas: 1, partitions: [{ partition: 0, leader: undefined, replicas: [1], isr: [1] }] },
    { name: 'orders', minInsyncReplicas: 2, partitions: [{ partition: 0, leader: 1, replicas: [1, 0], isr: [0, 1] }] },
  ],
};

interface Place {
  readonly brokers: readonly (ScriptedBroker | { readonly port: number })[];
  readonly isTls?: boolean;
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly get?: (subject: ObjectRef) => Promise<KubeObject | undefined>;
}

const AUTH = { 'orders-auth': LOGIN };

/** Reads the facts of a Kafka whose broker pods are reached at these addresses. */
function read(place: Place): Promise<Reading<KafkaFacts>> {
  const { isTls = false, clock = systemClock, signal } = place;
  return sourceOf(place, clock)(isTls, signal);
}

function sourceOf({ brokers: at, secrets = AUTH, get = secretIn(secrets) }: Place, clock: Clock = systemClock) {
  let mounts = false;
  const list = async () => at.map((_, i) => pod(i, mounts));
  const addressOf = ({ metadata }: KubeObject) => {
    const { port } = at[Number(metadata.name.at(-1))] ?? assert.fail(metadata.name);
    return { host: '127.0.0.1', port };
  };
  const source = kafkaFacts({ list, get }, { clock, addressOf });
  return (isTls = false, signal?: AbortSignal) => {
    mounts = isTls;
    return source.read(kafka(at.length), signal);
  };
}

function secretIn(secrets: Place['secrets'] = AUTH) {
  return async ({ name }: ObjectRef): Promise<KubeObject | undefined> => {
    const values = Object.entries(secrets[name] ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    return values.length === 0 ? undefined : { ...KINDS.Secret, metadata: { name, namespace: 'demo' }, data: Object.fromEntries(values) };
  };
}

function kafka(replicas: number): KubeObject {
  const topology = { controller: { replicas: 3 }, broker: { replicas } };
  return { ...KINDS.Kafka, metadata: { name: 'orders', namespace: 'demo' }, spec: { topology } };
}

function pod(ordinal: number, isTls: boolean): KubeObject {
  const volumes = isTls ? [{ name: CERTIFICATE_VOLUME, secret: { secretName: 'orders-server-cert' } }] : [];
  return {
    ...KINDS.Pod,
    metadata: { name: `orders-broker-${ordinal}`, namespace: 'demo' },
    spec: { volumes },
    status: { phase: 'Running' },
  };
}

function unknownOf(reading: Reading<KafkaFacts>): string {
  assert.ok('unknown' in reading, JSON.stringify(reading));
  return reading.unknown;
}

describe('Kafka facts', () => {
  test('are what a broker says, and its socket is closed afterwards', async () => {
    const only = await broker(WHOLE);
    assert.deepEqual(await read({ brokers: [only] }), { value: FACTS });
    assert.equal(only.asked.at(-1), KEY.describeQuorum, 'the one that may have to wait comes last');
    for (let turns = 0; only.sockets.size > 0 && turns < 1000; turns++) await new Promise(setImmediate);
    assert.equal(only.sockets.size, 0);
  });

  test('come from the first broker that answers', async () => {
    const second = await broker({ ...WHOLE, configs: { ...WHOLE.configs, '4/1': {} } });
    const reading = await read({ brokers: [{ port: 1 }, second] });
    assert.ok('value' in reading, JSON.stringify(reading));
    assert.equal(reading.value.quorum.fetchTimeoutMs, 2000, "Kafka's default");
  });

  test('are not believed of a broker whose own copy lags behind', async () => {
    const cases: readonly [lag: string, observers: Readonly<Record<number, number>>][] = [
      ['as long as the fetch timeout', { 0: 8_500 }],
      ['nobody knows how far', { 0: -1 }],
      ['it does not follow at all', {}],
    ];
    for (const [name, observers] of cases) {
      const lagging = await broker({ ...WHOLE, quorum: { ...QUORUM, observers } });
      assert.match(unknownOf(await read({ brokers: [lagging] })), /orders-broker-0: its own copy of the metadata lags behind$/, name);
    }
  });

  test('have no leader when no broker reaches one; a broker that does has the last word', async () => {
    const cutOff = await broker({ ...WHOLE, quorum: { error: 41 } });
    const alone = await read({ brokers: [cutOff] });
    assert.ok('value' in alone);
    assert.deepEqual(alone.value.quorum, { leaderId: undefined, voters: [], fetchTimeoutMs: 1500 });
    assert.deepEqual(alone.value.topics, FACTS.topics);
    const other = await read({ brokers: [cutOff, await broker(WHOLE)] });
    assert.ok('value' in other);
    assert.equal(other.value.quorum.leaderId, 1001);
  });

  test('leave out a topic that was deleted in between', async () => {
    const gone = await broker({ ...WHOLE, configs: { ...WHOLE.configs, '2/carts': { error: 3 } } });
    const reading = await read({ brokers: [gone] });
    assert.ok('value' in reading, JSON.stringify(reading));
    assert.deepEqual(
      reading.value.topics.map((t) => t.name),
      ['orders'],
    );
  });

  test('are unknown for a user who may not ask', async () => {
    const strict = await broker({ ...WHOLE, quorum: { error: 31 } });
    assert.match(unknownOf(await read({ brokers: [strict] })), /orders-broker-0: it answers CLUSTER_AUTHORIZATION_FAILED$/);
    const stricter = await broker({ ...WHOLE, configs: { ...WHOLE.configs, '2/orders': { error: 29 } } });
    assert.match(unknownOf(await read({ brokers: [stricter] })), /it answers TOPIC_AUTHORIZATION_FAILED$/);
  });

  test('are unknown without brokers, without a login, and without permission, each with a reason', async () => {
    assert.equal(unknownOf(await read({ brokers: [] })), 'broker health unknown: no broker runs');
    const at = { brokers: [{ port: 1 }] };
    assert.match(unknownOf(await read({ ...at, secrets: {} })), /orders-broker-0: no Secret holds the user of Kafka orders$/);
    assert.match(unknownOf(await read(at)), /orders-broker-0: connection refused$/);
    const forbidden = async () => {
      throw new ClusterError('get: not permitted.', { status: 403, reason: 'Forbidden' });
    };
    assert.match(unknownOf(await read({ ...at, get: forbidden })), /: get: not permitted$/);
  });
});

describe('nothing waits for ever', () => {
  test('ten seconds are the limit of all of it', async () => {
    const clock = new FakeClock();
    const silent = await broker({ ...WHOLE, silentOn: [KEY.metadata] });
    const reading = read({ brokers: [silent], clock });
    while (!silent.asked.includes(KEY.metadata)) await new Promise(setImmediate);
    await clock.advance(10_000);
    assert.match(unknownOf(await reading), /no answer within 10 s$/);
  });

  test('whoever waits may end it', async () => {
    const end = new AbortController();
    const silent = await broker({ ...WHOLE, silentOn: [KEY.apiVersions] });
    const reading = read({ brokers: [silent], signal: end.signal });
    while (silent.asked.length === 0) await new Promise(setImmediate);
    end.abort(new Error('enough'));
    assert.match(unknownOf(await reading), /interrupted$/);
    assert.match(unknownOf(await read({ brokers: [silent], signal: AbortSignal.abort() })), /interrupted$/);
  });
});

const oldCa = issueCertificate({ commonName: 'old root', isCa: true });
const newCa = issueCertificate({ commonName: 'new root', isCa: true });
const names = { dnsNames: [podFqdn('orders', 'demo', 'orders-broker-0')] };
const oldLeaf = issueCertificate({ commonName: 'old leaf', issuer: oldCa, ...names });
const newLeaf = issueCertificate({ commonName: 'new leaf', issuer: newCa, ...names });
const OLD = { 'ca.crt': oldCa.cert, 'tls.crt': oldLeaf.cert, 'tls.key': oldLeaf.key };
const NEW = { 'ca.crt': newCa.cert, 'tls.crt': newLeaf.cert, 'tls.key': newLeaf.key };
const mutual = { cert: oldLeaf.cert, key: oldLeaf.key, ca: [oldCa.cert], requestCert: true, rejectUnauthorized: true };

describe('with TLS', () => {
  test('the client certificate is shown, and the server is held against the CA and its name', async () => {
    const secrets = { ...AUTH, 'orders-client-cert': OLD };
    const served = await broker(WHOLE, mutual);
    assert.deepEqual(await read({ brokers: [served], isTls: true, secrets }), { value: FACTS });
    const foreign = await read({ brokers: [served], isTls: true, secrets: { ...AUTH, 'orders-client-cert': NEW } });
    assert.match(unknownOf(foreign), /its certificate is not signed by a CA in the Secrets of this Kafka$/);
    const misnamed = issueCertificate({ commonName: 'elsewhere', issuer: oldCa, dnsNames: ['elsewhere.example'] });
    const other = await broker(WHOLE, { cert: misnamed.cert, key: misnamed.key });
    assert.match(unknownOf(await read({ brokers: [other], isTls: true, secrets })), /its certificate is not valid for its name$/);
    const expired = issueCertificate({ commonName: 'late', issuer: oldCa, ...names, notAfter: '2026-02-01T00:00:00Z' });
    const late = await broker(WHOLE, { cert: expired.cert, key: expired.key });
    assert.match(unknownOf(await read({ brokers: [late], isTls: true, secrets })), /its certificate has expired$/);
  });

  test('what a Secret held earlier in the run still opens brokers that have not been restarted', async () => {
    const secrets: Record<string, Readonly<Record<string, string>>> = { ...AUTH, 'orders-client-cert': OLD };
    const source = sourceOf({ brokers: [await broker(WHOLE, mutual)], secrets });
    assert.deepEqual(await source(true), { value: FACTS });
    secrets['orders-client-cert'] = NEW;
    assert.deepEqual(await source(true), { value: FACTS });
  });

  test('a pod that does not mount certificates is spoken to in plaintext, whatever the Kafka wants', async () => {
    const clear = await broker(WHOLE);
    assert.deepEqual(await read({ brokers: [clear], secrets: { ...AUTH, 'orders-client-cert': OLD } }), { value: FACTS });
  });

  test('a protocol that differs from what the pod should speak is told', async () => {
    const secrets = { ...AUTH, 'orders-client-cert': OLD };
    assert.match(
      unknownOf(await read({ brokers: [await broker(WHOLE)], isTls: true, secrets })),
      /closes the connection after TLS|the TLS handshake fails/,
    );
    assert.match(
      unknownOf(await read({ brokers: [await broker(WHOLE, mutual)], secrets })),
      /orders-broker-0: it closes the connection after plaintext$/,
    );
  });
});

describe('credentials stay where they belong', () => {
  test('not in a reason, whatever a peer answers or a Secret holds', async () => {
    const strict = await broker({ ...WHOLE, login: { username: 'somebody', password: 'else' } });
    const served = await broker(WHOLE, mutual);
    const broken = { ...OLD, 'tls.key': `-----BEGIN PRIVATE KEY-----\n${LOGIN.password}\n-----END PRIVATE KEY-----\n` };
    const readings = [
      await read({ brokers: [strict] }),
      await read({ brokers: [served], isTls: true, secrets: { ...AUTH, 'orders-client-cert': broken } }),
      await read({ brokers: [served], isTls: true, secrets: { ...AUTH, 'orders-client-cert': NEW } }),
    ];
    assert.match(unknownOf(readings[0] as Reading<KafkaFacts>), /it refuses the user or the password$/);
    assert.match(unknownOf(readings[1] as Reading<KafkaFacts>), /the certificates in its Secrets cannot be read$/);
    for (const reading of readings) {
      const said = unknownOf(reading);
      for (const secret of [LOGIN.password, LOGIN.username, 'PRIVATE KEY', Buffer.from(LOGIN.password).toString('base64')])
        assert.ok(!said.includes(secret), said);
    }
  });

  test('not on standard error either, when the library is told to print what it does', async () => {
    const written: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = ((chunk: string) => written.push(chunk) > 0) as typeof write;
    try {
      assert.deepEqual(await read({ brokers: [await broker(WHOLE)] }), { value: FACTS });
    } finally {
      process.stderr.write = write;
    }
    assert.deepEqual(written, []);
  });
});
