/** Runs as traces: written by the SDK, read by the definition of OTLP/JSON. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunEvent } from '#reconciler/model/run-events';
import { timelineOf } from '#reconciler/report/timeline/timeline';
import { otlpJson } from '#reconciler/trace/otlp';
import { traceOf } from '#reconciler/trace/trace';
import { expectGolden } from '../support/golden';
import { drawn, type ReadSpan, readOtlp } from '../support/otlp';
import { RECORDED, type RecordedName, recordedRun } from '../support/recorded-runs';

const names = Object.keys(RECORDED) as RecordedName[];
/** Runs whose whole trace is worth reading. */
const DRAWN: readonly RecordedName[] = ['rotation', 'failed', 'interrupted'];
const otlpOf = (events: readonly RunEvent[]) => otlpJson(traceOf(timelineOf({ events })));
const traced = (events: readonly RunEvent[]) => readOtlp(otlpOf(events));
const rootOf = (spans: readonly ReadSpan[]) => spans.find((s) => s.parentSpanId === undefined) as ReadSpan;

for (const name of names) {
  describe(`the trace of a run (${name})`, () => {
    test('is one tree, and no span leaves the time of its parent', async () => {
      const { spans } = traced((await recordedRun(name)).events);
      const byId = new Map(spans.map((s) => [s.spanId, s]));
      assert.equal(byId.size, spans.length, 'each id once');
      assert.equal(new Set(spans.map((s) => s.traceId)).size, 1);
      for (const span of spans) {
        assert.ok(span.startMs <= span.endMs, span.name);
        if (span.parentSpanId === undefined) continue;
        const parent = byId.get(span.parentSpanId);
        assert.ok(parent !== undefined && parent.startMs <= span.startMs && span.endMs <= parent.endMs, `${span.name} in ${parent?.name}`);
      }
      assert.equal(spans.filter((s) => s.parentSpanId === undefined).length, 1);
    });

    test('holds every event of the run once, at its time', async () => {
      const { events } = await recordedRun(name);
      const found = traced(events).spans.flatMap((s) => s.events.map((e) => `${e.atMs} ${e.name} ${e.attributes['kafka_tls.subject']}`));
      assert.deepEqual(found.sort(), events.map((e) => `${Date.parse(e.time)} ${e.event} ${e.subject}`).sort());
    });

    test('has the result, the exit code and the status of the run', async () => {
      const { ran, events } = await recordedRun(name);
      const { attributes, status } = rootOf(traced(events).spans);
      const error = events.at(-1)?.error;
      assert.equal(attributes['process.exit.code'], ran.exitCode);
      assert.equal(attributes['error.type'], error?.code);
      assert.deepEqual(status, { code: error === undefined ? 0 : 2, message: error?.message ?? '' });
    });

    test('holds no key and no certificate as PEM', async () => {
      assert.doesNotMatch(otlpOf((await recordedRun(name)).events), /BEGIN |PRIVATE/);
    });
  });
}

for (const name of DRAWN) {
  test(`the spans of a run (${name})`, async () => {
    const text = drawn(traced((await recordedRun(name)).events));
    // The certificates, which the name of the request depends on, have other keys whenever the tests run.
    expectGolden(`test/trace/golden/${name}.txt`, text.replaceAll(/-rotate-[0-9a-f]{8}/g, '-rotate-<hash>'));
  });
}

test('every pod that changes has one span, with its name, its namespace and its phases', async () => {
  for (const name of ['rotation', 'reload', 'cut-over'] as const) {
    const { events } = await recordedRun(name);
    const { spans } = traced(events);
    const changed = events.filter((e) => e.event === 'ready' || e.event === 'reloaded').filter((e) => e.subject.startsWith('Pod/'));
    assert.equal(changed.length, 6);
    for (const { subject, time } of changed) {
      const own = spans.filter((s) => s.attributes['kafka_tls.step.number'] !== undefined && s.attributes['kafka_tls.subject'] === subject);
      assert.equal(own.length, 1, subject);
      const [span] = own as [ReadSpan];
      assert.equal(span.attributes['k8s.pod.name'], subject.split('/')[2]);
      assert.equal(span.attributes['k8s.namespace.name'], 'demo');
      assert.equal(span.endMs, Date.parse(time));
      if (name === 'reload') continue;
      const evicted = events.find((e) => e.event === 'evicted' && e.subject === subject);
      const stopping = spans.find((s) => s.parentSpanId === span.spanId && s.name === 'pod stopping');
      assert.equal(stopping?.startMs, Date.parse(evicted?.time ?? ''), subject);
    }
  }
});

test('the trace of the same events is the same, and that of another run has other ids', async () => {
  const { events } = await recordedRun('rotation');
  assert.equal(otlpOf(events), otlpOf(events));
  const other = events.map((e) => (e.run === undefined ? e : { ...e, run: { ...e.run, id: 'another' } }));
  assert.notEqual(rootOf(traced(other).spans).traceId, rootOf(traced(events).spans).traceId);
});

test('the resource is the program and its run', async () => {
  const { resource } = traced((await recordedRun('nothing')).events);
  assert.equal(resource['service.name'], 'kafka-tls');
  assert.equal(resource['service.version'], 'from source');
  assert.equal(resource['service.instance.id'], 'a-run');
  assert.equal(resource['telemetry.sdk.name'], 'opentelemetry');
});

test('events that end too early make a trace without a result', async () => {
  const { events } = await recordedRun('rotation');
  const { attributes, status } = rootOf(traced(events.slice(0, -1)).spans);
  assert.deepEqual([attributes['kafka_tls.result'], attributes['process.exit.code'], status.code], ['unfinished', undefined, 0]);
});

test('only the step that a run failed in has failed', async () => {
  for (const [name, step] of [
    ['failed', 'verify Kafka'],
    ['interrupted', 'restart Pod'],
  ] as const) {
    const { spans } = traced((await recordedRun(name)).events);
    assert.deepEqual(
      spans.filter((s) => s.status.code === 2).map((s) => s.name),
      ['kafka-tls apply', step],
      name,
    );
  }
});
