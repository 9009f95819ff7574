/** How long the look that showed a restarted pod as desired counts for the gates of the next pod. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshLook } from '#reconciler/execute/last-look';
import type { PodObservation } from '#reconciler/model/observation';
import { FakeClock } from '../support/fake-clock';

const live = { name: 'orders' } as PodObservation;

for (const { ageMs, counts } of [
  { ageMs: 0, counts: true },
  { ageMs: 2_000, counts: true },
  { ageMs: 2_001, counts: false },
]) {
  test(`the last look ${counts ? 'counts' : 'does not count'} after ${ageMs} ms`, async () => {
    const clock = new FakeClock();
    const look = { live, atMs: clock.monotonicMs() };
    await clock.advance(ageMs);
    assert.equal(freshLook(clock, look), counts ? live : undefined);
  });
}

test('without a last look there is none that counts', () => assert.equal(freshLook(new FakeClock(), undefined), undefined));
