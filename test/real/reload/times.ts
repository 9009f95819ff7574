/**
 * How long a rotation takes by reload and by restarts: the same six nodes, from the moment at which the commit is seen until every listener
 * is proven. Issuance and the delay of mounts are the same for both, and are shown apart.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rotation } from '#constructs/index';
import { now } from '../load/now';
import type { Place } from './place';

interface Timed {
  readonly issuanceMs: number;
  /** All but issuance. */
  readonly ownMs: number;
}

export function times(place: () => Place): void {
  test('a rotation takes less time by reload than by restarts', async (t) => {
    const found = place();
    const reload = await timed(found, Rotation.reload());
    assert.equal(found.reloaded.length, 6);
    const restart = await timed(found, Rotation.restart());
    assert.equal(found.world.evicted.length, 6);
    const s = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
    const total = ({ issuanceMs, ownMs }: Timed) => `${s(issuanceMs + ownMs)} (${s(ownMs)} without issuance)`;
    const factor = (restart.ownMs / reload.ownMs).toFixed(1);
    t.diagnostic(`rotation of 3 + 3 nodes: by reload ${total(reload)}, by restarts ${total(restart)}: ${factor} times as long`);
    assert.ok(reload.ownMs < restart.ownMs);
  });
}

async function timed(place: Place, rotation: Rotation): Promise<Timed> {
  const bundle = await place.rotation({ rotation });
  place.forget();
  const committed = now();
  await place.world.apply(bundle);
  const proven = now();
  await place.assertServed(await place.issued());
  const at = (event: string) => place.events.filter((e) => e.event.event === event).map((e) => e.at);
  const issuanceMs = (at('issued').at(-1) ?? 0) - (at('planned')[0] ?? 0);
  return { issuanceMs, ownMs: proven - committed - issuanceMs };
}
