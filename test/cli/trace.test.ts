/** `apply --trace`, `report --trace`, and the collector that the environment names: whatever becomes of the trace, the run ends the same way. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import type { Runtime } from '#reconciler/cli/io';
import type { TraceEndpoint } from '#reconciler/trace/endpoint';
import { otlpJson } from '#reconciler/trace/otlp';
import type { Trace } from '#reconciler/trace/trace';
import { bundleFile } from '../support/bundle-text';
import { kafkaTls, kafkaTlsIn, type Ran } from '../support/command-line';
import { on } from '../support/desired-states';
import { closedPort, listen } from '../support/loopback-server';
import { readOtlp } from '../support/otlp';
import { RECORDED, type RecordedName, recorded, recordedRun } from '../support/recorded-runs';
import { startPlaintext, type World } from '../support/world';

const folder = mkdtempSync(path.join(tmpdir(), 'trace-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => path.join(folder, name);

type Recorded = Parameters<typeof recorded>[2];
interface Case {
  readonly start: () => Promise<World>;
  readonly tls: Parameters<typeof recorded>[1];
  readonly recorded?: Recorded;
}

describe('apply --trace writes the trace that report writes from the events', () => {
  for (const name of ['rotation', 'refused', 'failed', 'interrupted', 'nothing'] satisfies readonly RecordedName[]) {
    test(name, async () => {
      const { start, tls, recorded: how }: Case = RECORDED[name];
      const { ndjson, ran } = await recorded(await start(), tls, { ...how, flags: () => ['--trace', file('apply.json')] });
      writeFileSync(file('run.ndjson'), ndjson);
      const { exitCode, stdout } = await kafkaTls(['report', 'run.ndjson', '--trace', 'report.json'], { io: { cwd: folder } });
      assert.equal(exitCode, 0);
      assert.match(stdout, /The page is in run\.html\. The trace is in report\.json\.\n$/);
      const text = readFileSync(file('apply.json'), 'utf8');
      assert.equal(text, readFileSync(file('report.json'), 'utf8'));
      assert.match(text, /^\{.*\}\n$/, 'one line');
      assert.equal(readOtlp(text).spans[0]?.attributes['process.exit.code'], ran.exitCode);
    });
  }

  test('and refuses a file that cannot be written before anything is changed', async () => {
    const world = await startPlaintext('native');
    try {
      const before = await world.podUids();
      const { exitCode, stderr } = await applyIn(world, { args: ['--trace', file('none/trace.json')] });
      assert.equal(exitCode, 2);
      assert.match(stderr, /trace\.json: cannot be written/);
      assert.deepEqual(await world.podUids(), before);
    } finally {
      await world.stop();
    }
  });

  test('and report says when it cannot write one', async () => {
    writeFileSync(file('run.ndjson'), (await recordedRun('nothing')).ndjson);
    const { exitCode, stderr } = await kafkaTls(['report', 'run.ndjson', '--trace', 'none/trace.json'], { io: { cwd: folder } });
    assert.equal(exitCode, 2);
    assert.match(stderr, /^none\/trace\.json: cannot be written/);
  });
});

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:secret@otel:4318' };

interface Applied {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly sendTrace?: Runtime['sendTrace'];
}

function applyIn(world: World, { args = [], env = {}, sendTrace }: Applied): Promise<Ran> {
  const bundle = bundleFile(file('bundle.yaml'), world.desired(on()));
  const outside = sendTrace === undefined ? {} : { sendTrace };
  return kafkaTlsIn(world.environment, ['apply', '-f', bundle, ...args], { io: { env }, outside });
}

describe('with a collector in the environment', () => {
  async function run(answer: string | undefined, arrange: (world: World) => Promise<void> = async () => {}) {
    const world = await startPlaintext('native');
    const sent: { trace: Trace; endpoint: TraceEndpoint }[] = [];
    try {
      await arrange(world);
      const ran = await applyIn(world, {
        env: ENDPOINT,
        sendTrace: async (trace, endpoint) => {
          sent.push({ trace, endpoint });
          return answer;
        },
      });
      return { ran, sent };
    } finally {
      await world.stop();
    }
  }

  test('a run sends its trace once', async () => {
    const { ran, sent } = await run(undefined);
    assert.deepEqual([ran.exitCode, ran.stderr], [0, '']);
    assert.deepEqual(
      sent.map(({ endpoint }) => endpoint.url),
      ['http://user:secret@otel:4318/v1/traces'],
    );
    const { spans } = readOtlp(otlpJson(sent[0]?.trace as Trace));
    assert.ok(spans.filter((s) => s.name === 'restart Pod').length === 6 && spans.some((s) => s.name === 'pod starting'));
  });

  test('a trace that is not sent is one line without a secret, and the run has succeeded', async () => {
    const { ran } = await run('connection refused');
    assert.equal(ran.exitCode, 0);
    assert.equal(ran.stderr, 'kafka-tls: the trace was not sent to http://otel:4318/v1/traces: connection refused.\n');
  });

  test('a run that failed sends its trace, too, and its error stays', async () => {
    const { ran, sent } = await run('it answered with status 500', (w) =>
      w.annotate({ 'sandbox.kafka-tls/never-ready': 'orders-controller-1' }),
    );
    assert.equal(ran.exitCode, 1);
    assert.equal(sent.length, 1);
    assert.match(ran.stderr, /^kafka-tls: the trace was not sent to .*: it answered with status 500\.\nKafka\/demo\/orders: not verified /);
  });

  test('an address that is none is one line, too', async () => {
    const world = await startPlaintext('native');
    try {
      const ran = await applyIn(world, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'otel:4318' } });
      assert.equal(ran.exitCode, 0);
      assert.equal(ran.stderr, 'kafka-tls: the trace was not sent: OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL.\n');
    } finally {
      await world.stop();
    }
  });
});

describe('the process', () => {
  /** A run that ends at once: nothing listens where its API server should. */
  async function applied(env: Readonly<Record<string, string>>) {
    const cluster = { name: 'c', cluster: { server: `https://127.0.0.1:${await closedPort(http.createServer())}` } };
    const context = { name: 'c', context: { cluster: 'c', user: 'u' } };
    const user = { name: 'u', user: { token: 't' } };
    writeFileSync(file('kubeconfig'), JSON.stringify({ clusters: [cluster], users: [user], contexts: [context], 'current-context': 'c' }));
    const args = ['apply', '-f', path.resolve('examples/quickstart/expected.yaml'), '--kubeconfig', file('kubeconfig')];
    const child = spawn(process.execPath, ['lib/bin/kafka-tls.js', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, stderr };
  }

  test('sends what the environment says, with its headers, and ends', async () => {
    const got: { headers: http.IncomingHttpHeaders; body: string }[] = [];
    const server = http.createServer(async (request, response) => {
      got.push({ headers: request.headers, body: (await request.setEncoding('utf8').toArray()).join('') });
      response.end('{}');
    });
    const { exitCode, stderr } = await applied({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await listen(server)}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20t',
      OTEL_SERVICE_NAME: 'orders-tls',
    });
    assert.equal(exitCode, 4, stderr);
    assert.doesNotMatch(stderr, /trace/);
    assert.deepEqual(
      got.map(({ headers }) => headers.authorization),
      ['Bearer t'],
    );
    const { resource, spans } = readOtlp(got[0]?.body ?? '');
    assert.equal(resource['service.name'], 'orders-tls');
    assert.equal(spans[0]?.attributes['process.exit.code'], 4);
  });

  test('ends as without a collector when that is not there', async () => {
    const port = await closedPort(http.createServer());
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_TIMEOUT: '200' };
    const [without, refused] = [await applied({}), await applied(env)];
    assert.equal(refused.exitCode, without.exitCode);
    const [line = '', ...rest] = refused.stderr.split('\n');
    // On a busy machine the time may be over before the connection is refused.
    const reason = `kafka-tls: the trace was not sent to http://127\\.0\\.0\\.1:${port}/v1/traces: (connection refused|no answer in 0\\.2 s)\\.`;
    assert.match(line, new RegExp(`^${reason}$`));
    const withoutPort = (text: string) => text.replace(/127\.0\.0\.1:\d+/g, 'server');
    assert.equal(withoutPort(rest.join('\n')), withoutPort(without.stderr));
  });
});
