/** The stream of events that `apply --output json` prints: its schema, and what programs learn from it besides the texts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { formatIssues, unknownParts } from '#model/schema';
import { EVENTS_FORMAT, RUN_EVENT, type RunEvent, WAIT_PHASES } from '#reconciler/model/run-events';
import { EVENTS } from '#reconciler/ports';
import { KAFKA } from '../support/desired-states';
import { RECORDED, type RecordedName, recordedRun } from '../support/recorded-runs';

const names = Object.keys(RECORDED) as RecordedName[];
const of = (events: readonly RunEvent[], name: string) => events.filter((e) => e.event === name);

for (const name of names) {
  describe(`the events of a run (${name})`, () => {
    test('follow the schema, which knows every member', async () => {
      const { events } = await recordedRun(name);
      for (const event of events) {
        assert.deepEqual(formatIssues(RUN_EVENT, event), []);
        assert.deepEqual(
          unknownParts(RUN_EVENT, event)
            .map((p) => p.keys.join('.'))
            .filter((key) => !/^error\.(subject|status|reason)$/.test(key)),
          [],
        );
        assert.ok((EVENTS as readonly string[]).includes(event.event), event.event);
      }
    });

    test('begin with the program and end with the result', async () => {
      const { events, ran } = await recordedRun(name);
      const [first, last] = [events[0], events.at(-1)];
      assert.equal(first?.event, 'started');
      assert.deepEqual(first?.run, { format: EVENTS_FORMAT, version: 'from source', id: 'a-run' });
      assert.equal(last?.event, 'finished');
      assert.equal(of(events, 'finished').length, 1);
      assert.equal(last?.error?.exitCode ?? 0, ran.exitCode);
    });

    test('hold no key and no certificate as PEM', async () => assert.doesNotMatch((await recordedRun(name)).ndjson, /BEGIN |PRIVATE/));
  });
}

describe('programs learn', () => {
  test('the plan: its rows, their estimates, and who can talk to whom', async () => {
    const { events } = await recordedRun('cut-over');
    const { message, plan, states, listeners, spare } = of(events, 'planned')[0] as RunEvent;
    assert.match(message, new RegExp(`, ${plan?.rows.length} steps$`));
    assert.equal(plan?.rows.filter((r) => r.change === 'restart').length, 6);
    assert.ok((plan?.durationMs ?? 0) > 0 && (plan?.outageMs ?? 0) > 0);
    assert.ok(plan?.rows.some((r) => (r.ms ?? 0) > 0));
    assert.equal(plan?.cutover?.mode, 'rolling');
    assert.deepEqual([...new Set(listeners?.map((l) => `${l.listener} ${l.protocol}`))].sort(), [
      'BROKER plaintext',
      'CONTROLLER plaintext',
    ]);
    assert.deepEqual(spare?.quorum, { leaderId: 1000, voters: 3, caughtUp: 3, spare: 1 });
    assert.ok((states?.states.length ?? 0) > 2);
    for (const state of states?.states ?? [])
      for (const row of [...state.nodes, ...state.clients]) assert.match(row.reaches, /^[+x?-]{6}$/);
    assert.ok(states?.states.some((s) => s.nodes.some((r) => r.reaches.includes('x'))));
  });

  test('the certificate that each pod serves, before and after', async () => {
    const { events } = await recordedRun('rotation');
    const before = of(events, 'planned')[0]?.listeners ?? [];
    const after = of(events, 'verified').flatMap((e) => e.listeners ?? []);
    assert.equal(before.length, after.length);
    for (const { pod, listener, certificate } of before) {
      const now = after.find((l) => l.pod === pod && l.listener === listener)?.certificate;
      assert.ok(now !== undefined && certificate !== undefined);
      assert.notEqual(now.fingerprint, certificate.fingerprint);
      assert.ok(now.notBefore > certificate.notBefore);
    }
    for (const ready of of(events, 'ready').filter((e) => e.subject.startsWith('Pod/')))
      assert.deepEqual([...new Set(ready.listeners?.map((l) => l.pod))], [ready.subject.split('/')[2]]);
  });

  test('that a node has loaded its certificate while it ran', async () => {
    const { events } = await recordedRun('reload');
    const loaded = of(events, 'reloaded');
    assert.equal(loaded.length, 6);
    for (const { listeners = [] } of loaded) {
      assert.equal(new Set(listeners.map((l) => l.listener)).size, listeners.length, 'each listener once');
      assert.ok(listeners.every((l) => l.certificate !== undefined));
    }
  });

  test('which pods the gates refuse and why, and that Kafka has nothing to spare then', async () => {
    const { events } = await recordedRun('rotation');
    const gates = of(events, 'waiting').filter((e) => e.phase === 'gate');
    assert.ok(gates.length > 1, 'the gates stay shut');
    const refusal = gates.flatMap((e) => e.refusals ?? []).find((r) => r.pod === `${KAFKA}-broker-0`);
    assert.match(refusal?.because ?? '', /has ISR \{.*gate: min-insync-replicas/);
    const least = Math.min(...events.map((e) => e.spare?.isr?.spare ?? Number.POSITIVE_INFINITY));
    assert.equal(least, 0);
    const next = events.find((e) => e.event === 'evicted' && e.subject.endsWith(`${KAFKA}-broker-0`));
    assert.equal(next?.spare?.isr?.spare, 1, 'the gate opens when the broker is back in sync');
  });

  test('how a pod comes back: it stops, starts and is met', async () => {
    const { events } = await recordedRun('rotation');
    const phases = new Set(of(events, 'waiting').map((e) => e.phase));
    for (const phase of ['stopping', 'starting'] as const) assert.ok(phases.has(phase), phase);
  });

  test('why a run was refused, with the blockers, their hint and what pods serve', async () => {
    const { events } = await recordedRun('refused');
    const end = events.at(-1) as RunEvent;
    assert.equal(end.error?.code, 'invalid-input');
    assert.equal(end.blockers?.[0]?.kind, 'invalid');
    assert.match(end.blockers?.[0]?.hint ?? '', /Acknowledgement\.clientsMoveToTls/);
    assert.equal(end.listeners?.length, 6);
  });

  test('that a signal ended the run', async () => {
    const end = (await recordedRun('interrupted')).events.at(-1) as RunEvent;
    assert.equal(end.error?.code, 'interrupted');
    assert.match(end.error?.hint ?? '', /Go on with: kafka-tls apply/);
  });
});

test('the reference describes every event and every member', () => {
  const page = readFileSync('docs/reference/events.md', 'utf8');
  for (const name of [...EVENTS, ...WAIT_PHASES, ...Object.keys(RUN_EVENT.entries)]) assert.ok(page.includes(`\`${name}\``), name);
  assert.ok(page.includes(`It is ${EVENTS_FORMAT}.`));
});
