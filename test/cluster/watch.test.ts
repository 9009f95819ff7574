import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import type { TransportRequest, TransportResponse } from '#reconciler/cluster/http';
import { kubeCluster } from '#reconciler/cluster/kube';
import { SILENCE_MS } from '#reconciler/cluster/watch';
import { ClusterError } from '#reconciler/errors';
import { FakeClock } from '../support/fake-clock';
import { broken, failure, json, type Reply, scripted } from '../support/transports';

/** A server that is told what to send, and remembers what it was asked. */
class Server {
  readonly clock = new FakeClock();
  readonly lists: Reply[] = [];
  readonly opened: string[] = [];
  private readonly connections: Connection[] = [];
  private readonly refusals: Reply[] = [];

  private readonly transport = scripted((request) => {
    if (request.query?.watch !== 'true') return this.lists.length > 1 ? (this.lists.shift() as Reply) : (this.lists[0] as Reply);
    this.opened.push(request.query.resourceVersion ?? '');
    return this.refusals.shift() ?? this.open(request);
  });

  readonly cluster = kubeCluster(this.transport, this.clock);

  refuse(...replies: Reply[]): void {
    this.refusals.push(...replies);
  }

  private open({ signal }: TransportRequest): TransportResponse {
    const connection = new Connection(signal);
    this.connections.push(connection);
    return { status: 200, headers: {}, body: connection };
  }

  get connection(): Connection {
    return this.connections.at(-1) ?? assert.fail('nobody is connected');
  }

  /** Starts a consumer and returns what it has seen: the pods' names with their resourceVersion. */
  watch(signal: AbortSignal): { readonly seen: string[]; readonly done: Promise<void> } {
    const seen: string[] = [];
    const watching = this.cluster.watch(KINDS.Pod, { namespace: 'demo' }, signal);
    const consume = async () => {
      for await (const pods of watching) seen.push(pods.map((p) => `${p.metadata.name}@${p.metadata.resourceVersion}`).join(' '));
    };
    return { seen, done: consume() };
  }
}

/** The body of a watch: never ends by itself. */
class Connection implements AsyncIterable<string> {
  private queue: (string | Error | undefined)[] = [];
  private wake: () => void = () => undefined;
  isDropped = false;

  constructor(signal: AbortSignal | undefined) {
    signal?.addEventListener('abort', () => {
      this.isDropped = true;
    });
  }

  send(type: string, object: unknown): void {
    this.raw(`${JSON.stringify({ type, object })}\n`);
  }

  raw(text: string): void {
    this.queue.push(text);
    this.wake();
  }

  close(): void {
    this.queue.push(undefined);
    this.wake();
  }

  cut(): void {
    this.queue.push(broken('ECONNRESET'));
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    while (true) {
      while (this.queue.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
      const next = this.queue.shift();
      if (next === undefined) return;
      if (next instanceof Error) throw next;
      yield next;
    }
  }
}

function pod(name: string, resourceVersion: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'demo', resourceVersion } };
}

function list(resourceVersion: string, ...items: KubeObject[]): TransportResponse {
  return json(200, { kind: 'PodList', metadata: { resourceVersion }, items });
}

async function watching(body: (server: Server, seen: string[], done: Promise<void>) => Promise<void>, ...lists: Reply[]): Promise<void> {
  const server = new Server();
  server.lists.push(...lists);
  const stop = new AbortController();
  const { seen, done } = server.watch(stop.signal);
  done.catch(() => undefined);
  await server.clock.advance(0);
  await body(server, seen, done);
  stop.abort();
  await done.catch(() => undefined);
}

test('yields the list at once and again after every change', () =>
  watching(
    async ({ clock, connection, opened }, seen) => {
      connection.send('ADDED', pod('b', '11'));
      await clock.advance(0);
      connection.send('MODIFIED', pod('a', '12'));
      await clock.advance(0);
      connection.send('DELETED', pod('b', '13'));
      await clock.advance(0);
      assert.deepEqual(seen, ['a@9', 'a@9 b@11', 'a@12 b@11', 'a@12']);
      assert.deepEqual(opened, ['10']);
    },
    list('10', pod('a', '9')),
  ));

test('puts lines that come in pieces together', () =>
  watching(
    async ({ clock, connection }, seen) => {
      const text = ['11', '12'].map((v) => `${JSON.stringify({ type: 'MODIFIED', object: pod('a', v) })}\n`).join('');
      connection.raw(text.slice(0, 30));
      connection.raw(text.slice(30));
      await clock.advance(0);
      assert.equal(seen.at(-1), 'a@12');
    },
    list('10', pod('a', '9')),
  ));

for (const line of ['null', '[]', '{}', '{"type": 5}', '"ADDED"', '{"type": "ADDED"', '<html>']) {
  test(`opens anew after a line that is no event: ${line}`, () =>
    watching(
      async ({ clock, connection, opened }, seen) => {
        connection.send('MODIFIED', pod('a', '11'));
        connection.raw(`${line}\n`);
        await clock.advance(1_000);
        assert.deepEqual([seen.at(-1), opened], ['a@11', ['10', '11']]);
      },
      list('10', pod('a', '9')),
    ));
}

for (const object of [null, {}, { ...pod('a', '11'), metadata: {} }, { ...pod('a', '11'), status: 'Running' }]) {
  test(`ends with an error that says what is wrong with what an event is about: ${JSON.stringify(object)}`, () =>
    watching(
      async ({ clock, connection }, _, done) => {
        connection.send('MODIFIED', object);
        await clock.advance(1_000);
        await assert.rejects(done, (e) => e instanceof ClusterError && /the answer to watch cannot be used: /.test(e.message));
      },
      list('10', pod('a', '9')),
    ));
}

test('an error that says nothing is one of the server, and the watch goes on', () =>
  watching(
    async ({ clock, connection, opened }) => {
      connection.send('ERROR', null);
      await clock.advance(1_000);
      assert.deepEqual(opened, ['10', '10']);
    },
    list('10', pod('a', '9')),
  ));

test('merges changes that come while the consumer is busy', async () => {
  const server = new Server();
  server.lists.push(list('10', pod('a', '9')));
  const stop = new AbortController();
  const pods = server.cluster.watch(KINDS.Pod, { namespace: 'demo' }, stop.signal)[Symbol.asyncIterator]();
  await pods.next();
  await server.clock.advance(0);
  for (const version of ['11', '12', '13']) server.connection.send('MODIFIED', pod('a', version));
  await server.clock.advance(0);
  const next = await pods.next();
  assert.equal(next.value?.[0]?.metadata.resourceVersion, '13');
  stop.abort();
  assert.equal((await pods.next()).done, true);
});

test('goes on from the last event when the server closes or cuts the connection', () =>
  watching(
    async (server, seen) => {
      server.connection.send('MODIFIED', pod('a', '11'));
      server.connection.close();
      await server.clock.advance(0);
      server.connection.send('BOOKMARK', { metadata: { resourceVersion: '20' } });
      server.connection.cut();
      await server.clock.advance(0);
      server.connection.send('MODIFIED', pod('a', '21'));
      await server.clock.advance(0);
      assert.deepEqual(server.opened, ['10', '11', '20']);
      assert.deepEqual(seen, ['a@9', 'a@11', 'a@21']);
    },
    list('10', pod('a', '9')),
  ));

test('lists anew when the server has forgotten, at the start of a connection or in it', () =>
  watching(
    async (server, seen) => {
      server.connection.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' });
      await server.clock.advance(1_000);
      assert.deepEqual(server.opened, ['10', '30']);
      server.refuse(failure(410, 'Expired', 'too old resource version'));
      server.connection.close();
      await server.clock.advance(10_000);
      assert.deepEqual(server.opened, ['10', '30', '30', '40']);
      assert.deepEqual(seen, ['a@9', 'b@30', 'c@40']);
    },
    list('10', pod('a', '9')),
    list('30', pod('b', '30')),
    list('40', pod('c', '40')),
  ));

test('drops a connection that says nothing and takes up where it was', () =>
  watching(
    async (server, seen) => {
      const first = server.connection;
      await server.clock.advance(SILENCE_MS - 1_000);
      first.send('BOOKMARK', { metadata: { resourceVersion: '15' } });
      await server.clock.advance(SILENCE_MS - 1_000);
      assert.equal(first.isDropped, false);
      await server.clock.advance(1_000);
      assert.equal(first.isDropped, true);
      server.connection.send('MODIFIED', pod('a', '16'));
      await server.clock.advance(0);
      assert.deepEqual(server.opened, ['10', '15']);
      assert.deepEqual(seen, ['a@9', 'a@16']);
    },
    list('10', pod('a', '9')),
  ));

test('outlasts a server that is away, with growing pauses', () =>
  watching(
    async (server, seen) => {
      server.refuse(
        ...Array.from({ length: 8 }, (_, i) =>
          i % 2 === 0 ? broken('ECONNREFUSED', false) : failure(503, 'ServiceUnavailable', 'starting'),
        ),
      );
      server.connection.cut();
      await server.clock.advance(60_000);
      assert.equal(server.opened.length, 10);
      server.connection.send('MODIFIED', pod('a', '50'));
      await server.clock.advance(0);
      assert.equal(seen.at(-1), 'a@50');
    },
    list('10', pod('a', '9')),
  ));

test('does not hammer a server that closes every connection at once', () =>
  watching(
    async (server) => {
      for (let i = 0; i < 200; i++) {
        server.connection.close();
        await server.clock.advance(100);
      }
      assert.ok(server.opened.length < 12, `${server.opened.length} connections in 20 s`);
    },
    list('10', pod('a', '9')),
  ));

test('ends with the refusal when watching is not allowed', () =>
  watching(
    async (server, _, done) => {
      server.refuse(failure(403, 'Forbidden', 'pods is forbidden: User "x" cannot watch resource "pods"'));
      server.connection.close();
      await server.clock.advance(1_000);
      await assert.rejects(done, (e) => e instanceof ClusterError && /^Pod\/demo: may not watch pods in namespace demo/.test(e.message));
    },
    list('10', pod('a', '9')),
  ));

test('ends with the error of a first list that fails', async () => {
  const server = new Server();
  server.lists.push(failure(403, 'Forbidden', 'pods is forbidden: User "x" cannot list resource "pods"'));
  await assert.rejects(server.clock.run(server.watch(new AbortController().signal).done), /may not list pods/);
});

test('ends without an error when it is told to, and leaves nothing behind', async () => {
  const server = new Server();
  server.lists.push(list('10', pod('a', '9')));
  const stop = new AbortController();
  const { done, seen } = server.watch(stop.signal);
  await server.clock.advance(0);
  stop.abort();
  await done;
  assert.equal(server.connection.isDropped, true);
  assert.deepEqual(seen, ['a@9']);
  await server.clock.advance(3_600_000);
  assert.equal(server.opened.length, 1);
});

test('ends at once when it was told to before', async () => {
  const server = new Server();
  const { done, seen } = server.watch(AbortSignal.abort());
  await done;
  assert.deepEqual(seen, []);
});
