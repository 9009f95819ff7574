/** Rotations in a row under load: clients notice nothing, no process ends, and after each one only the new certificate is served. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bundle } from '#model/bundle';
import { assertDone } from '../../support/converged';
import { judge } from '../load/judge';
import { now } from '../load/now';
import type { LoadProgram } from '../load/program';
import { staleListeners } from '../load/served';
import { lengthOf, type Span } from '../load/spans';
import { PlaceUnderLoad } from './load';
import type { Place } from './place';

const ROTATIONS = Number(process.env.KAFKA_TLS_TEST_ROTATIONS ?? 5);
/** A stretch without rotations: before and after them, and after every tenth. */
const QUIET_MS = 30_000;
const QUIET_AFTER = 10;
const ALLOWED_GAP_MS = 1_000;

/** When the steps of a rotation ended. */
interface Rotated {
  readonly bundle: Bundle;
  readonly fingerprint: string;
  readonly committed: number;
  readonly planned: number;
  readonly issued: number;
  readonly loaded: number;
  readonly verified: number;
  /** When the test began to ask listeners. */
  readonly over: number;
}

export function rotationsInARow(place: () => Place, program: LoadProgram): void {
  test(`${ROTATIONS} in a row under load`, async (t) => {
    const found = place();
    const incarnations = await found.incarnations();
    const since = found.environment.kubelet.events.length;
    const load = await PlaceUnderLoad.start(program, found);
    try {
      const quiet = [await stretch(() => pause(QUIET_MS))];
      const rotated: Rotated[] = [];
      const rotations = await stretch(async () => {
        for (let i = 0; i < ROTATIONS; i++) {
          if (i > 0 && i % QUIET_AFTER === 0) quiet.push(await stretch(() => pause(QUIET_MS)));
          rotated.push(await rotate(found));
          t.diagnostic(`${i + 1}: ${figures(rotated.at(-1) as Rotated)}`);
        }
      });
      quiet.push(await stretch(() => pause(QUIET_MS)));
      await assertDone(found.world, (rotated.at(-1) as Rotated).bundle);
      const { recording, handshakes } = await load.stop();
      assert.deepEqual(await found.incarnations(), incarnations, 'no pod and no process restarted');
      assert.deepEqual(found.environment.kubelet.events.slice(since), [], 'no pod was unready or ended');
      for (const [i, { fingerprint, over }] of rotated.entries()) {
        const until = rotated[i + 1]?.committed ?? Number.POSITIVE_INFINITY;
        const listeners = found.environment.listeners().map((l) => l.listener);
        const stale = staleListeners(
          handshakes.filter((h) => h.at < until),
          { after: over, isWanted: (c) => c.fingerprint === fingerprint, listeners },
        );
        assert.deepEqual(stale, [], `after rotation ${i + 1} every handshake shows its certificate`);
      }
      const judged = judge(recording, rotations);
      const gaps = quiet.map((window) => gapIn(judge(recording, window)));
      assert.ok('value' in judged, 'unknown' in judged ? `${judged.unknown.join('; ')}\n${load.lastWords}` : '');
      const { acked, lost, duplicates, failed, unfinished, longestGap, longestPartitionGap, withoutLeader } = judged.value;
      const gap = lengthOf(longestGap);
      t.diagnostic(
        `${ROTATIONS} rotations in ${Math.round(lengthOf(rotations) / 1000)} s: ${acked} acked, ${lost.length} lost, ` +
          `longest gap ${Math.round(gap)} ms (a partition: ${Math.round(lengthOf(longestPartitionGap))} ms), without rotations ${gaps.map(Math.round).join(', ')} ms; ` +
          `without a leader: quorum ${Math.round(withoutLeader.quorum.longestMs)} ms, a partition ${Math.round(withoutLeader.partition.longestMs)} ms; ${summary(rotated)}`,
      );
      assert.deepEqual({ lost, duplicates, failed, unfinished }, { lost: [], duplicates: [], failed: {}, unfinished: 0 });
      // Other work on the machine makes gaps as well, so this promise is reported.
      if (gap >= Math.max(...gaps) + ALLOWED_GAP_MS) t.diagnostic('not kept: the longest gap is under 1 s longer than without rotations');
    } finally {
      await load.kill();
    }
  });
}

async function rotate(place: Place): Promise<Rotated> {
  const { world } = place;
  const old = await place.issued();
  const bundle = await place.rotation();
  place.forget();
  const committed = now();
  await world.apply(bundle);
  const over = now();
  const fingerprint = await place.issued();
  assert.notEqual(fingerprint, old);
  await place.assertServed(fingerprint);
  assert.equal(place.reloaded.length, 6);
  assert.deepEqual(place.warnings, []);
  assert.deepEqual(await world.requests(), []);
  const at = (event: string) => place.events.filter((e) => e.event.event === event).map((e) => e.at);
  const [planned = 0] = at('planned');
  const times = { committed, planned, issued: at('issued').at(-1) ?? 0, loaded: at('reloaded').at(-1) ?? 0, verified: over, over };
  return { bundle, fingerprint, ...times };
}

async function stretch(work: () => Promise<void>): Promise<Span> {
  const from = now();
  await work();
  return { from, to: now() };
}

function gapIn(judged: ReturnType<typeof judge>): number {
  assert.ok('value' in judged, 'unknown' in judged ? judged.unknown.join('; ') : '');
  return lengthOf(judged.value.longestGap);
}

function figures({ committed, planned, issued, loaded, over }: Rotated): string {
  const s = (from: number, to: number) => `${((to - from) / 1000).toFixed(1)} s`;
  return `plan ${s(committed, planned)}, issuance ${s(planned, issued)}, reload ${s(issued, loaded)}, verify ${s(loaded, over)}`;
}

function summary(rotated: readonly Rotated[]): string {
  const median = (of: (r: Rotated) => number) => {
    const sorted = rotated.map(of).sort((a, b) => a - b);
    return `${((sorted[Math.floor(sorted.length / 2)] ?? 0) / 1000).toFixed(1)} s`;
  };
  return `median: issuance ${median((r) => r.issued - r.planned)}, all else ${median((r) => r.over - r.committed - (r.issued - r.planned))}`;
}
