/** A user who acknowledges whatever a plan asks for: copies the line, and commits. */
import assert from 'node:assert/strict';
import { type Acknowledged, acknowledgedRoot } from '#model/acknowledgement';
import type { Bundle } from '#model/bundle';
import { plan } from '#reconciler/plan/plan';
import type { World } from './world';

/** Returns the bundle with every acknowledgement that its plan asks for, and with no other. */
export async function acknowledging(world: World, given: Bundle): Promise<Bundle> {
  const live = await world.observe(given);
  const obstacles = (acknowledge: readonly Acknowledged[]) =>
    plan(withAcknowledged(given, acknowledge), live, world.clock.now()).obstacles.filter((o) => o.kind === 'invalid');
  const asked = obstacles([]).flatMap(({ hint = '' }) => acknowledgementsIn(hint));
  assert.deepEqual(obstacles(asked), [], 'what a plan asks for is enough');
  return withAcknowledged(given, asked);
}

function withAcknowledged(bundle: Bundle, acknowledge: readonly Acknowledged[]): Bundle {
  return { ...bundle, desired: { ...bundle.desired, acknowledge } };
}

/** Reads `acknowledge: [Acknowledgement.clientsMoveToTls('22be769b')]`. */
export function acknowledgementsIn(hint: string): readonly Acknowledged[] {
  return [...hint.matchAll(/Acknowledgement\.(\w+)\((?:'([^']+)')?\)/g)].map(([, kind = '', argument]): Acknowledged => {
    if (kind === 'trustRootChangesTo') return acknowledgedRoot(argument ?? '');
    return { kind: kind as Acknowledged['kind'], ...(argument === undefined ? {} : { content: argument }) };
  });
}
