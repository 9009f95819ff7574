/** Whether the look that showed a restarted pod as desired still holds for the gates of the next pod. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import type { ExecuteContext } from '#reconciler/execute/context';
import { lastOrNew } from '#reconciler/execute/last-look';
import type { PodObservation } from '#reconciler/model/observation';
import type { Plan } from '#reconciler/model/plan';
import { FakeClock } from '../support/fake-clock';

function pod(name: string, { uid = `uid-${name}`, isReady = true, isTerminating = false } = {}): KubeObject {
  const { apiVersion, kind } = KINDS.Pod;
  const deleted = isTerminating ? { deletionTimestamp: '2026-11-28T08:00:00Z' } : {};
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: 'demo', uid, ...deleted },
    status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  };
}

/** Two pods that are Ready. */
const seen = { pods: ['a', 'b'].map((name) => ({ name, uid: `uid-${name}`, isReady: true })) } as unknown as PodObservation;
const other = {} as PodObservation;

describe('the last look', () => {
  const cases: readonly { name: string; now: readonly KubeObject[]; listTakesMs?: number; holds: boolean }[] = [
    { name: 'holds while no pod changes', now: [pod('a'), pod('b')], holds: true },
    { name: 'does not hold when a pod is gone', now: [pod('a')], holds: false },
    { name: 'does not hold when a pod has a successor', now: [pod('a'), pod('b', { uid: 'other' })], holds: false },
    { name: 'does not hold when a pod is terminating', now: [pod('a'), pod('b', { isTerminating: true })], holds: false },
    { name: 'does not hold when a pod is not Ready any more', now: [pod('a'), pod('b', { isReady: false })], holds: false },
    { name: 'does not hold when it is older than two seconds', now: [pod('a'), pod('b')], listTakesMs: 2_001, holds: false },
  ];
  for (const { name, now, listTakesMs = 0, holds } of cases) {
    test(name, async () => {
      const clock = new FakeClock();
      const list = async () => {
        await clock.sleep(listTakesMs);
        return now;
      };
      const context = { cluster: { list }, clock } as unknown as ExecuteContext;
      const plan = { subject: ref(KINDS.Kafka, 'demo', 'orders') } as unknown as Plan;
      const found = await clock.run(lastOrNew({ context, plan }, { live: seen, atMs: clock.monotonicMs() }, async () => other));
      assert.equal(found === seen, holds);
    });
  }
});
