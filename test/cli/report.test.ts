/** `kafka-tls report` and `apply --report`: good files, files that end too early, and files that are something else. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import type { RunEvent } from '#reconciler/model/run-events';
import { bundleFile } from '../support/bundle-text';
import { kafkaTls, kafkaTlsIn } from '../support/command-line';
import { on } from '../support/desired-states';
import { RECORDED, type RecordedName, recorded, recordedRun } from '../support/recorded-runs';
import { startPlaintext } from '../support/world';

const folder = mkdtempSync(path.join(tmpdir(), 'report-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const page = () => readFileSync(path.join(folder, 'run.html'), 'utf8');

async function report(text: string, ...flags: readonly string[]) {
  writeFileSync(path.join(folder, 'run.ndjson'), text);
  rmSync(path.join(folder, 'run.html'), { force: true });
  return kafkaTls(['report', 'run.ndjson', ...flags], { io: { cwd: folder } });
}

const lines = (events: readonly object[]) => events.map((e) => `${JSON.stringify(e)}\n`).join('');

test('a file of events becomes a page, and the verdict is printed', async () => {
  const { exitCode, stdout } = await report((await recordedRun('rotation')).ndjson);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^Kafka\/demo\/orders: Done in .*: 6 pods restarted\. TLS is as desired\.\nThe page is in run\.html\.\n$/);
  assert.match(page(), /^<!doctype html>/);
  assert.doesNotMatch(page(), /Not in this report/);
});

test('events are read from standard input, and the page is written where -o says', async () => {
  const { ndjson } = await recordedRun('reload');
  const { exitCode } = await kafkaTls(['report', '-', '-o', 'other.html'], { io: { cwd: folder, stdin: async () => ndjson } });
  assert.equal(exitCode, 0);
  assert.match(readFileSync(path.join(folder, 'other.html'), 'utf8'), /6 pods loaded the new certificate/);
});

describe('a file that is not whole', () => {
  const cases: readonly (readonly [
    name: string,
    change: (ndjson: string, events: readonly RunEvent[]) => string,
    says: RegExp,
    ...flags: string[],
  ])[] = [
    [
      'is cut off in its last line',
      (text) => text.slice(0, -200),
      /The last line is cut off: .*<li>The events have no last line: the run was killed/s,
    ],
    [
      'has lines of another program',
      (text) => `Warning: x\n${text.replace('\n', '\n{"error":{}}\n')}`,
      /Line 1 is no event of a run and was skipped: is no JSON\..*Line 3 /s,
    ],
    ['begins in the middle', (_, events) => lines(events.slice(3)), /The events have no first line/],
    [
      'is of an earlier version',
      (_, events) =>
        lines(
          events
            .filter((e) => e.event !== 'started')
            .map(({ time, event, subject, message, step }) => ({ time, event, subject, message, step })),
        ),
      /no first line.*hold no plan.*hold no certificates.*did not report its health/s,
    ],
    [
      'has events and members that this version does not know',
      (_, events) => lines([...events.slice(0, -1), { ...events.at(-1), event: 'slept', extra: 1 }]),
      /data-event="slept"/,
    ],
    ['has several runs', (text) => `${text}${text}`, /The file holds 2 runs; this is run 2/],
    ['has several runs, of which one is chosen', (text) => `${text}${text}`, /this is run 1/, '--run', '1'],
  ];
  for (const [name, change, says, ...flags] of cases) {
    test(name, async () => {
      const { ndjson, events } = await recordedRun('rotation');
      const { exitCode, stderr } = await report(change(ndjson, events), ...flags);
      assert.equal(exitCode, 0, stderr);
      assert.match(page(), says);
    });
  }
});

describe('a file is refused that', () => {
  const cases: readonly (readonly [name: string, text: string | undefined, says: RegExp, ...flags: string[]])[] = [
    ['does not exist', undefined, /^run\.ndjson: does not exist/],
    ['is empty', '\n', /^run\.ndjson: is empty\.\nThe events are what "kafka-tls apply --output json" prints\.\n$/],
    ['is no JSON', 'hello\nworld\n', /holds no event of a run: line 1 is no JSON/],
    ['is other JSON', '{"plans":[]}\n', /holds no event of a run: line 1 time: is missing/],
    ['is only the beginning of a line', '{"time":"2026', /holds only the beginning of a line/],
    [
      'is of a newer version',
      lines([
        {
          time: '2026-11-24T09:00:00Z',
          event: 'started',
          subject: 'Kafka/demo/orders',
          message: '',
          run: { format: 2, version: '9', id: 'a' },
        },
      ]),
      /format 2 were written by a newer version, this one reads up to 1/,
    ],
    [
      'has no such run',
      lines([{ time: '2026-11-24T09:00:00Z', event: 'finished', subject: 'Kafka/demo/orders', message: '' }]),
      /has no run 2: it holds 1/,
      '--run',
      '2',
    ],
  ];
  for (const [name, text, says, ...flags] of cases) {
    test(name, async () => {
      for (const file of ['run.ndjson', 'run.html']) rmSync(path.join(folder, file), { force: true });
      const { exitCode, stderr } =
        text === undefined ? await kafkaTls(['report', 'run.ndjson'], { io: { cwd: folder } }) : await report(text, ...flags);
      assert.equal(exitCode, 2);
      assert.match(stderr, says);
      assert.ok(!existsSync(path.join(folder, 'run.html')));
    });
  }

  test('and a page that cannot be written', async () => {
    const { exitCode, stderr } = await report((await recordedRun('nothing')).ndjson, '-o', 'none/run.html');
    assert.equal(exitCode, 2);
    assert.match(stderr, /^none\/run\.html: cannot be written/);
  });
});

test('a saved plan gives the bars of a run whose events hold none', async () => {
  const world = await startPlaintext('native');
  try {
    const bundle = bundleFile(path.join(folder, 'bundle.yaml'), world.desired(on()));
    await kafkaTlsIn(world.environment, ['plan', '-f', bundle, '--out', path.join(folder, 'plan.json')]);
    const { events } = await recordedRun('cut-over');
    const old = lines(events.map(({ plan: _, ...e }) => e));
    assert.equal((await report(old, '--plan', 'plan.json')).exitCode, 0);
    assert.equal(page().match(/class="planned" style/g)?.length, 6);
    const other = lines(events.map((e) => ({ ...e, subject: e.subject.replace('demo/orders', 'demo/other') })));
    assert.match((await report(other, '--plan', 'plan.json')).stderr, /holds no plan for the Kafka of these events; it has demo\/orders/);
  } finally {
    await world.stop();
  }
});

describe('apply --report', () => {
  for (const name of ['rotation', 'refused', 'failed', 'interrupted', 'nothing'] satisfies readonly RecordedName[]) {
    test(`writes the page that its events make (${name})`, async () => {
      const {
        start,
        tls,
        recorded: how,
      } = RECORDED[name] as { start: () => ReturnType<typeof startPlaintext>; tls: ReturnType<typeof on>; recorded?: object };
      const file = path.join(folder, `${name}.html`);
      const { ndjson } = await recorded(await start(), tls, { ...how, flags: () => ['--report', file] });
      await report(ndjson);
      assert.equal(readFileSync(file, 'utf8'), page());
    });
  }

  test('is written without --output json, and for a cluster that does not answer', async () => {
    const world = await startPlaintext('native');
    try {
      const bundle = bundleFile(path.join(folder, 'bundle.yaml'), world.desired(on()));
      const file = path.join(folder, 'text.html');
      const apply = ['apply', '-f', bundle, '--report', file];
      const { stdout } = await kafkaTlsIn(world.environment, apply);
      assert.doesNotMatch(stdout, /"event"| started:/);
      assert.match(readFileSync(file, 'utf8'), /Done in .*6 pods restarted/);
      const { exitCode } = await kafkaTls(apply);
      assert.notEqual(exitCode, 0);
      assert.match(readFileSync(file, 'utf8'), /Failed: .*this test has no cluster.*Nothing was changed/);
    } finally {
      await world.stop();
    }
  });

  test('refuses a file that cannot be written before anything is changed', async () => {
    const world = await startPlaintext('native');
    try {
      const bundle = bundleFile(path.join(folder, 'bundle.yaml'), world.desired(on()));
      const before = await world.podUids();
      const { exitCode, stderr } = await kafkaTlsIn(world.environment, [
        'apply',
        '-f',
        bundle,
        '--report',
        path.join(folder, 'none', 'x.html'),
      ]);
      assert.equal(exitCode, 2);
      assert.match(stderr, /x\.html: cannot be written/);
      assert.deepEqual(await world.podUids(), before);
    } finally {
      await world.stop();
    }
  });
});
