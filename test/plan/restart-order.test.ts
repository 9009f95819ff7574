/** The order of restarts, and the group of pods that may be next. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { firstGroup, type RestartCandidate, restartOrder, stopOrder } from '#reconciler/plan/restart-order';

/** `c-1` is a controller, `b-1` a broker, `n-1` a combined node; `!` stands for unready, `x` for an expired certificate. */
function pods(text: string): readonly RestartCandidate[] {
  return text.split(' ').map((word) => {
    const name = word.replace(/[!x]+$/, '');
    const [kind = '', ordinal] = name.split('-');
    const role = kind === 'c' ? 'controller' : kind === 'b' ? 'broker' : 'combined';
    const expired = word.endsWith('x')
      ? [{ listener: 'BROKER' as const, protocol: 'tls' as const, expiredAt: '2026-11-22T09:00:00Z' }]
      : [];
    const nodeId = (role === 'controller' ? 1000 : 0) + Number(ordinal);
    return { name, role, ordinal: Number(ordinal), nodeId, isReady: !word.includes('!'), served: expired };
  });
}
const names = (some: readonly RestartCandidate[]) => some.map((p) => p.name).join(' ');

describe('the order of restarts', () => {
  const cases: readonly { name: string; pods: string; leader?: number; expect: string }[] = [
    { name: 'controllers before brokers, by ordinal', pods: 'b-1 c-1 b-0 c-0', expect: 'c-0 c-1 b-0 b-1' },
    { name: 'the active controller last among controllers', pods: 'c-0 c-1 b-0', leader: 1000, expect: 'c-1 c-0 b-0' },
    { name: 'the active controller last, ready or not', pods: 'c-0! c-1', leader: 1000, expect: 'c-1 c-0' },
    { name: 'unready pods first in their group', pods: 'c-0 c-1! b-0 b-2!', expect: 'c-1 c-0 b-2 b-0' },
    { name: 'combined nodes are controllers', pods: 'n-2 n-0 n-1', leader: 0, expect: 'n-1 n-2 n-0' },
    { name: 'pods with an expired certificate before all others', pods: 'c-0 b-0 b-1x c-1x', expect: 'c-1 b-1 c-0 b-0' },
    {
      name: 'the active controller last among controllers with an expired certificate',
      pods: 'b-0x c-0x c-1x',
      leader: 1000,
      expect: 'c-1 c-0 b-0',
    },
    { name: 'ordinals are numbers', pods: 'b-10 b-9', expect: 'b-9 b-10' },
  ];
  for (const { name, pods: text, leader, expect } of cases) {
    test(name, () => assert.equal(names(restartOrder(pods(text), leader).map((p) => p.pod)), expect));
  }

  const role = fc.constantFrom('controller' as const, 'combined' as const, 'broker' as const);
  const some = fc.array(fc.record({ role, isReady: fc.boolean() }), { maxLength: 9 });
  test('whatever the pods are, controllers restart before brokers and the active controller last of them', () => {
    fc.assert(
      fc.property(some, fc.nat(9), (drawn, leader) => {
        const all = drawn.map((p, i) => ({ ...p, name: `p-${i}`, ordinal: i, nodeId: i, served: [] }));
        const order = restartOrder(all, leader).map((p) => p.pod);
        const controllers = order.filter((p) => p.role !== 'broker');
        assert.deepEqual(order.slice(0, controllers.length), controllers);
        const place = controllers.findIndex((p) => p.nodeId === leader);
        assert.ok(place === -1 || place === controllers.length - 1);
      }),
    );
  });
});

describe('the order in which all pods stop', () => {
  const cases: readonly { name: string; pods: string; leader?: number; expect: string }[] = [
    { name: 'brokers while there is a quorum, then controllers', pods: 'c-0 b-1 c-1 b-0', expect: 'b-0 b-1 c-0 c-1' },
    { name: 'the active controller last', pods: 'c-0 c-1 b-0', leader: 1000, expect: 'b-0 c-1 c-0' },
    { name: 'brokers also before controllers with an expired certificate', pods: 'c-0x b-0', expect: 'b-0 c-0' },
    { name: 'combined nodes are controllers', pods: 'n-1 n-0', leader: 0, expect: 'n-1 n-0' },
  ];
  for (const { name, pods: text, leader, expect } of cases) {
    test(name, () => assert.equal(names(stopOrder(pods(text), leader).map((p) => p.pod)), expect));
  }
});

describe('the pods that may be next', () => {
  const cases: readonly { name: string; pods: string; leader?: number; expect: string }[] = [
    { name: 'controllers without the active one', pods: 'b-0 c-0 c-1 c-2', leader: 1001, expect: 'c-0 c-2' },
    { name: 'the active controller once it is the last controller', pods: 'b-0 c-1', leader: 1001, expect: 'c-1' },
    { name: 'not an unready active controller before others', pods: 'c-0! c-1', leader: 1000, expect: 'c-1' },
    { name: 'combined nodes without the active one', pods: 'n-0 n-1', leader: 0, expect: 'n-1' },
    { name: 'all controllers if the active one is unknown', pods: 'b-0 c-0 c-1', expect: 'c-0 c-1' },
    { name: 'all controllers if the active one does not restart', pods: 'c-0 c-2 b-0', leader: 1001, expect: 'c-0 c-2' },
    { name: 'a broker is not the active controller whose id it has', pods: 'b-0 b-1', leader: 0, expect: 'b-0 b-1' },
  ];
  for (const { name, pods: text, leader, expect } of cases) test(name, () => assert.equal(names(firstGroup(pods(text), leader)), expect));
  test('none if none is left', () => assert.deepEqual(firstGroup([], 1001), []));
});
