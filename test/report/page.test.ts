/** The page of a run, read as text: its figures are those of the events, and it needs nothing from elsewhere. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Tls, TlsIssuer } from '#constructs/index';
import type { RunEvent } from '#reconciler/model/run-events';
import { html, textOf } from '#reconciler/report/page/markup';
import { page } from '#reconciler/report/page/page';
import { timelineOf } from '#reconciler/report/timeline/timeline';
import { MOVE } from '../support/desired-states';
import { RECORDED, type RecordedName, recorded, recordedRun } from '../support/recorded-runs';
import { startPlaintext } from '../support/world';

const pageOf = (events: readonly RunEvent[]) => page([timelineOf({ events })]);
const names = Object.keys(RECORDED) as RecordedName[];
const of = (events: readonly RunEvent[], name: string) => events.filter((e) => e.event === name);
const at = (events: readonly RunEvent[], e: RunEvent | undefined) => Date.parse(e?.time ?? '') - Date.parse(events[0]?.time ?? '');
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, ...groups]) => groups);

describe('a page', () => {
  for (const name of names) {
    test(`of a run (${name}) asks for nothing from elsewhere, and has one script`, async () => {
      const text = pageOf((await recordedRun(name)).events);
      assert.doesNotMatch(text, /<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=|\son\w+=/);
      assert.equal(text.match(/<script>/g)?.length, 1);
      assert.match(text, /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;/);
    });

    test(`of a run (${name}) has every event, its time, place and text`, async () => {
      const { events } = await recordedRun(name);
      const rows = all(
        pageOf(events),
        /<tr data-event="(\w+)"><td><time datetime="([^"]+)"[^>]*>[^<]*<\/time><\/td><td>([^<]*)<\/td><td>\w+<\/td><td>([^<]*)<\/td><td>([^<]*)<\/td>/g,
      );
      const expected = events.map((e) => [
        e.event,
        e.time,
        e.step === undefined ? '' : `${e.step.number}/${e.step.of}`,
        e.subject,
        textOf(html`${e.message}`),
      ]);
      assert.deepEqual(rows, expected);
    });
  }

  test('shows each restart when its events say it was', async () => {
    const { events } = await recordedRun('rotation');
    const tracks = all(pageOf(events), /<li data-pod="([^"]+)" data-outcome="restarted">(.*?)<\/li>/g);
    assert.equal(tracks.length, 6);
    for (const [pod = '', track = ''] of tracks) {
      const about = (name: string) => of(events, name).find((e) => e.subject.endsWith(`/${pod}`));
      assert.equal(/class="stopping"[^>]*data-from="(\d+)"/.exec(track)?.[1], String(at(events, about('evicted'))), pod);
      assert.equal(/class="mark"[^>]*data-at="(\d+)"/.exec(track)?.[1], String(at(events, about('ready'))), pod);
    }
    const planned = of(events, 'planned')[0]?.plan?.rows.filter((r) => r.change === 'restart') ?? [];
    assert.deepEqual(
      tracks.map(([pod]) => `Pod/demo/${pod}`),
      planned.map((r) => r.subject),
      'in the order of the plan',
    );
    const bars = tracks.map(
      ([, track = '']) => /class="planned"[^>]*data-from="(\d+)" data-to="(\d+)"/.exec(track)?.slice(1).map(Number) ?? [],
    );
    assert.deepEqual(
      bars.map(([from = 0, to = 0]) => to - from),
      planned.map((r) => r.ms),
      'planned bars are as long as the estimate',
    );
  });

  test('shows why a pod waited for its gate, and for how long', async () => {
    const { events } = await recordedRun('rotation');
    const text = pageOf(events);
    const [first, end] = [of(events, 'waiting').find((e) => e.phase === 'gate'), of(events, 'evicted').at(-2)];
    const [, from, to] = /data-pod="orders-broker-0".*?class="gate"[^>]*data-from="(\d+)" data-to="(\d+)"/.exec(text) ?? [];
    assert.deepEqual([Number(from), Number(to)], [at(events, first), at(events, end)]);
    assert.match(text, /class="why">waited [^<]*has ISR \{0,1\}, needs 2 without broker 0 \(gate: min-insync-replicas\)/);
  });

  test('shows the certificate of each listener before and after', async () => {
    const { events } = await recordedRun('rotation');
    const text = pageOf(events);
    const [before, after] = [of(events, 'planned')[0]?.listeners ?? [], of(events, 'verified').flatMap((e) => e.listeners ?? [])];
    const shown = all(text, /<tr data-certificate="([0-9a-f]+)">/g).flat();
    assert.deepEqual(shown, [before[0]?.certificate?.fingerprint, after[0]?.certificate?.fingerprint]);
    const rows = all(text, /<tr data-listener="([^"]+)">.*?data-label="Before">([^<]*)<.*?data-label="After">([^<]*)</g);
    assert.deepEqual(
      rows.map(([listener]) => listener),
      before.map((l) => `${l.pod} ${l.listener}`),
    );
    assert.ok(rows.every(([, was, is]) => was === 'TLS, certificate A' && is === 'TLS, certificate B'));
  });

  test('shows the least that Kafka could lose', async () => {
    const { events } = await recordedRun('rotation');
    const least = Math.min(...events.flatMap((e) => e.spare?.isr?.spare ?? []));
    assert.match(pageOf(events), new RegExp(`data-spare="replicas in sync".*?class="outcome">at least ${least}<`));
  });

  test('shows as many refused contacts as the events hold', async () => {
    const { events } = await recordedRun('cut-over');
    const states = of(events, 'planned')[0]?.states?.states ?? [];
    const refused = states.flatMap((s) => [...s.nodes, ...s.clients]).reduce((sum, r) => sum + r.reaches.split('x').length - 1, 0);
    assert.ok(refused > 0);
    assert.equal(pageOf(events).match(/<td class="no">NO<\/td>/g)?.length, refused);
  });

  test('shows the blockers of a refused run with their fix', async () => {
    const { events } = await recordedRun('refused');
    const [blocker] = events.at(-1)?.blockers ?? [];
    const text = pageOf(events);
    assert.ok(text.includes(textOf(html`${blocker?.hint}`)));
    assert.match(text, /<p class="verdict refused">Refused: .*Nothing was changed\.<\/p>/);
  });

  test('of 20 nodes in a cut-over has less than 300 kB', async () => {
    const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const world = await startPlaintext('native', {
      kafka: { topology: { controller: { replicas: 5, storage }, broker: { replicas: 15, storage } } },
    });
    const { events } = await recorded(world, Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: MOVE }));
    const text = pageOf(events);
    assert.equal(all(text, /<li data-pod="([^"]+)"/g).length, 20);
    const bytes = Buffer.byteLength(text);
    assert.ok(bytes < 300_000, `${bytes} bytes`);
  });

  test('escapes text from the cluster', () => {
    const evil = '<script>alert(1)</script>"\' &amp; \u001b[2J\u202e';
    const events: readonly RunEvent[] = ['waiting', 'finished'].map((event) => ({
      time: '2026-11-24T09:00:00Z',
      event,
      subject: `Kafka/demo/${evil}`,
      message: evil,
      phase: 'gate',
      refusals: [{ pod: evil, because: evil }],
      listeners: [{ pod: evil, listener: evil, protocol: 'unknown', because: evil }],
      plan: {
        executor: evil,
        operation: evil,
        summary: evil,
        cutover: { mode: evil, because: evil },
        rows: [{ change: evil, subject: evil, waitsFor: evil, why: evil }],
      },
      states: { nodes: [evil], states: [{ after: [evil], nodes: [{ from: evil, reaches: '<' }], clients: [] }] },
      error: { code: evil, exitCode: 1, message: evil, hint: evil },
      blockers: [{ subject: evil, kind: evil, message: evil, hint: evil }],
    }));
    const text = pageOf(events);
    assert.equal(text.match(/<script/g)?.length, 1);
    for (const part of ['\u001b', '\u202e', 'alert(1)</script>']) assert.ok(!text.includes(part), part);
  });
});
