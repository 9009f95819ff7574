/**
 * Runs that are killed within a rotation by reload, and the runs that follow: these ask only nodes that serve an older certificate, issue
 * nothing again, and restart no pod.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeGuard } from '#reconciler/cluster/write-guard';
import type { ProgressEvent } from '#reconciler/ports';
import { assertDone } from '../../support/converged';
import { Interrupted } from '../../support/interrupting-cluster';
import type { NodeRequest } from '../node-requests';
import type { Place } from './place';

/** After which step a run is killed: the n-th write, event, or answer of a node of its kind. */
type Moment =
  | { readonly after: 'write'; readonly n: number }
  | { readonly after: 'event'; readonly event: ProgressEvent['event']; readonly n: number }
  | { readonly after: 'answer'; readonly request: NodeRequest['request']; readonly n: number };

const NODES = [1, 2, 3, 4, 5, 6];
const KILLS: readonly { readonly name: string; readonly moment: Moment; readonly isIssued: boolean }[] = [
  { name: 'the settings of a node were read', moment: { after: 'answer', request: 'settings', n: 1 }, isIssued: false },
  ...[1, 2].map((n) => ({ name: `write ${n}`, moment: { after: 'write', n } as const, isIssued: false })),
  { name: 'the certificates were issued', moment: { after: 'event', event: 'issued', n: 2 }, isIssued: true },
  ...NODES.map((n) => ({ name: `request ${n} of 6 to load`, moment: { after: 'answer', request: 'reload', n } as const, isIssued: true })),
  ...[1, 2, 3].map((n) => ({ name: `dry run ${n} of 3`, moment: { after: 'answer', request: 'validate', n } as const, isIssued: true })),
  ...[1, 6].map((n) => ({ name: `proof ${n} of 6`, moment: { after: 'event', event: 'reloaded', n } as const, isIssued: true })),
  { name: 'the last pod was verified', moment: { after: 'event', event: 'verified', n: 6 }, isIssued: true },
];

export function kills(place: () => Place): void {
  for (const { name, moment, isIssued } of KILLS) {
    test(`after ${name}`, async (t) => {
      const found = place();
      const incarnations = await found.incarnations();
      const old = await found.issued();
      const bundle = await found.rotation();
      found.forget();
      await killedAt(found, moment, () => found.world.apply(bundle));
      const left = await found.issued();
      assert.ok(!isIssued || left !== old, 'the run had issued a certificate');
      // Until now a node may be loading; what it serves then is all that the next run knows.
      await found.world.environment.pass(2_000);
      const stale = new Set(await found.staleAgainst(left));
      found.forget();
      await found.world.apply(bundle);
      const fresh = await found.issued();
      if (isIssued) {
        assert.equal(fresh, left, 'nothing was issued again');
        const others = found.asked.filter((pod) => !stale.has(pod));
        assert.deepEqual(others, [], 'only nodes that served the previous certificate were asked');
      }
      t.diagnostic(`the next run asked ${new Set(found.asked).size} nodes, ${found.asked.length} requests`);
      assert.notEqual(fresh, old);
      await found.assertServed(fresh);
      assert.deepEqual(await found.incarnations(), incarnations, 'no pod and no process restarted');
      assert.deepEqual(await found.world.requests(), []);
      await assertDone(found.world, bundle);
    });
  }
}

/** Runs until the moment; from then on nothing that the run does reaches the cluster or a node. */
async function killedAt(place: Place, moment: Moment, run: () => Promise<unknown>): Promise<void> {
  const {
    world,
    environment: { nodeRequests },
  } = place;
  let count = 0;
  let isKilled = false;
  const kill = () => {
    isKilled = true;
    throw new Interrupted();
  };
  const step = (isMeant: boolean) => {
    if (isKilled) throw new Interrupted();
    if (isMeant && ++count === moment.n) kill();
  };
  const report = world.onEvent;
  world.onEvent = (event) => {
    report?.(event);
    step(moment.after === 'event' && moment.event === event.event);
  };
  nodeRequests.onAsk = () => step(false);
  nodeRequests.onAnswer = ({ request }) => step(moment.after === 'answer' && moment.request === request);
  let writes = 0;
  place.decorate = (cluster) =>
    writeGuard(cluster, () => {
      if (isKilled || (moment.after === 'write' && writes++ === moment.n)) kill();
    });
  try {
    await assert.rejects(run(), Interrupted);
  } finally {
    place.decorate = (cluster) => cluster;
    nodeRequests.onAsk = undefined;
    nodeRequests.onAnswer = undefined;
    world.onEvent = report;
  }
}
