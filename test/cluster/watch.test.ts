import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import type { TransportResponse } from '#reconciler/cluster/http';
import { kubeCluster } from '#reconciler/cluster/kube';
import { SILENCE_MS } from '#reconciler/cluster/watch';
import { ClusterError } from '#reconciler/errors';
import { FakeClock } from '#test/support/fake-clock';
import { broken, failure, json, type Reply, scripted } from '#test/support/transports';

const pod = (name: string, resourceVersion: string): KubeObject => {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'demo', resourceVersion } };
};
const listOf = (resourceVersion: string, ...items: KubeObject[]): TransportResponse => {
  return json(200, { kind: 'PodList', metadata: { resourceVersion }, items });
};
const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
const bookmark = (resourceVersion: string) => line('BOOKMARK', { metadata: { resourceVersion } });
const FIRST = listOf('10', pod('a', '9'));

/** A server that sends what the test writes into its connection, and a consumer that records what it sees. */
class Server {
  readonly clock = new FakeClock();
  /** The resourceVersions from which the client watched. */
  readonly opened: string[] = [];
  /** Answers instead of the next connections. */
  readonly refusals: Reply[] = [];
  /** The lists that the consumer got: names and resourceVersions of the pods. */
  readonly seen: string[] = [];
  connection = new PassThrough();
  isDropped = false;
  private readonly stop = new AbortController();
  private readonly transport = scripted(({ query, signal }) => {
    if (query?.watch !== 'true') return (this.lists.length > 1 ? this.lists.shift() : this.lists[0]) as Reply;
    this.opened.push(query.resourceVersion ?? '');
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return refusal;
    this.isDropped = false;
    signal?.addEventListener('abort', () => (this.isDropped = true));
    this.connection = new PassThrough({ encoding: 'utf8' });
    return { status: 200, headers: {}, body: this.connection };
  });
  readonly pods = kubeCluster(this.transport, this.clock).watch(KINDS.Pod, { namespace: 'demo' }, this.stop.signal);

  constructor(private readonly lists: Reply[]) {}

  async consume(): Promise<void> {
    for await (const pods of this.pods) this.seen.push(pods.map(({ metadata: m }) => `${m.name}@${m.resourceVersion}`).join(' '));
  }

  /** Sends text and lets the client take it in. */
  async send(text: string): Promise<void> {
    this.connection.write(text);
    await this.clock.advance(0);
  }

  async cut(): Promise<void> {
    this.connection.destroy(broken('ECONNRESET'));
    await this.clock.advance(0);
  }

  async close(): Promise<void> {
    this.connection.end();
    await this.clock.advance(0);
  }

  end(): void {
    this.stop.abort();
  }
}

/** Runs a test on a watch that has its first list. */
function watching(name: string, body: (server: Server, done: Promise<void>) => Promise<void>, ...lists: Reply[]): void {
  test(name, async () => {
    const server = new Server(lists.length === 0 ? [FIRST] : lists);
    const done = server.consume();
    done.catch(() => undefined);
    await server.clock.advance(0);
    await body(server, done);
    server.end();
    await done.catch(() => undefined);
  });
}

watching('yields the list at once and again after every change', async (server) => {
  await server.send(line('ADDED', pod('b', '11')));
  await server.send(line('MODIFIED', pod('a', '12')));
  await server.send(line('DELETED', pod('b', '13')));
  assert.deepEqual(server.seen, ['a@9', 'a@9 b@11', 'a@12 b@11', 'a@12']);
  assert.deepEqual(server.opened, ['10']);
});

watching('joins lines that arrive in pieces', async (server) => {
  const text = ['11', '12'].map((version) => line('MODIFIED', pod('a', version))).join('');
  await server.send(text.slice(0, 30));
  await server.send(text.slice(30));
  assert.equal(server.seen.at(-1), 'a@12');
});

for (const text of ['null', '[]', '{}', '{"type": 5}', '"ADDED"', '{"type": "ADDED"', '<html>']) {
  watching(`opens again after a line that is not an event: ${text}`, async (server) => {
    await server.send(`${line('MODIFIED', pod('a', '11'))}${text}\n`);
    await server.clock.advance(1_000);
    assert.deepEqual([server.seen.at(-1), server.opened], ['a@11', ['10', '11']]);
  });
}

for (const object of [null, {}, { ...pod('a', '11'), metadata: {} }, { ...pod('a', '11'), status: 'Running' }]) {
  watching(`ends with an error that names the problem of an event's object: ${JSON.stringify(object)}`, async (server, done) => {
    await server.send(line('MODIFIED', object));
    await server.clock.advance(1_000);
    await assert.rejects(done, (e) => e instanceof ClusterError && /the answer to watch cannot be used: /.test(e.message));
  });
}

watching('goes on after an error event without content', async (server) => {
  await server.send(line('ERROR', null));
  await server.clock.advance(1_000);
  assert.deepEqual(server.opened, ['10', '10']);
});

test('merges changes that arrive while the consumer is busy', async () => {
  const server = new Server([FIRST]);
  const pods = server.pods[Symbol.asyncIterator]();
  await pods.next();
  await server.clock.advance(0);
  await server.send(['11', '12', '13'].map((version) => line('MODIFIED', pod('a', version))).join(''));
  const next = await pods.next();
  assert.equal(next.value?.[0]?.metadata.resourceVersion, '13');
  server.end();
  assert.equal((await pods.next()).done, true);
});

watching('continues from the last event when the server closes or cuts the connection', async (server) => {
  await server.send(line('MODIFIED', pod('a', '11')));
  await server.close();
  await server.send(bookmark('20'));
  await server.cut();
  await server.send(line('MODIFIED', pod('a', '21')));
  assert.deepEqual(server.opened, ['10', '11', '20']);
  assert.deepEqual(server.seen, ['a@9', 'a@11', 'a@21']);
});

watching(
  'lists again when the resourceVersion has expired, at the start of a connection or during it',
  async (server) => {
    await server.send(line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }));
    await server.clock.advance(1_000);
    assert.deepEqual(server.opened, ['10', '30']);
    server.refusals.push(failure(410, 'Expired', 'too old resource version'));
    await server.close();
    await server.clock.advance(10_000);
    assert.deepEqual(server.opened, ['10', '30', '30', '40']);
    assert.deepEqual(server.seen, ['a@9', 'b@30', 'c@40']);
  },
  FIRST,
  listOf('30', pod('b', '30')),
  listOf('40', pod('c', '40')),
);

watching('closes a silent connection and continues after its last bookmark', async (server) => {
  await server.clock.advance(SILENCE_MS - 1_000);
  await server.send(bookmark('15'));
  await server.clock.advance(SILENCE_MS - 1_000);
  assert.deepEqual([server.isDropped, server.opened], [false, ['10']]);
  await server.clock.advance(1_000);
  await server.send(line('MODIFIED', pod('a', '16')));
  assert.deepEqual(server.opened, ['10', '15']);
  assert.deepEqual(server.seen, ['a@9', 'a@16']);
});

watching('outlasts a server that is unavailable, with growing pauses', async (server) => {
  const [down, starting] = [broken('ECONNREFUSED', false), failure(503, 'ServiceUnavailable', 'starting')];
  server.refusals.push(down, starting, down, starting, down, starting, down, starting);
  await server.cut();
  await server.clock.advance(60_000);
  assert.equal(server.opened.length, 10);
  await server.send(line('MODIFIED', pod('a', '50')));
  assert.equal(server.seen.at(-1), 'a@50');
});

watching('does not hammer a server that closes every connection at once', async (server) => {
  for (let i = 0; i < 200; i++) {
    await server.close();
    await server.clock.advance(100);
  }
  assert.ok(server.opened.length < 12, `${server.opened.length} connections in 20 s`);
});

watching('ends with the refusal when watching is not allowed', async (server, done) => {
  server.refusals.push(failure(403, 'Forbidden', 'pods is forbidden: User "x" cannot watch resource "pods"'));
  await server.close();
  await server.clock.advance(1_000);
  await assert.rejects(done, (e) => e instanceof ClusterError && /^Pod\/demo: may not watch pods in namespace demo/.test(e.message));
});

watching(
  'ends with the error of a first list that fails',
  (_, done) => assert.rejects(done, /may not list pods/),
  failure(403, 'Forbidden', 'pods is forbidden: User "x" cannot list resource "pods"'),
);

watching('ends without an error when its signal aborts, and leaves nothing behind', async (server, done) => {
  server.end();
  await done;
  assert.deepEqual([server.isDropped, server.seen], [true, ['a@9']]);
  await server.clock.advance(3_600_000);
  assert.equal(server.opened.length, 1);
});

test('ends at once when its signal was aborted before', async () => {
  const server = new Server([FIRST]);
  server.end();
  await server.consume();
  assert.deepEqual(server.seen, []);
});
