import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Bundle } from '#model/bundle';
import { tlsHash } from '#model/tls';
import { restartsOf } from '#reconciler/model/plan';
import { planOffline } from '#reconciler/plan/offline';
import { PLAIN } from '#reconciler/report/style';
import { planText } from '#reconciler/report/text';
import { ClusterBuilder, TLS, tlsBy } from '../support/cluster-builder';
import { expectGolden } from '../support/golden';

const bundle = (change: (b: ClusterBuilder) => ClusterBuilder) => change(new ClusterBuilder()).bundle;
const move = { acknowledge: [{ kind: 'clientsMoveToTls' as const }] };

describe('a plan of two bundles, without a cluster', () => {
  const cases = [
    { name: 'two equal bundles', old: bundle((b) => b.declares()), new: bundle((b) => b.declares()), operation: 'none', restarts: 0 },
    { name: 'a new declared Kafka', old: undefined, new: bundle((b) => b.declares()), operation: 'create', restarts: 0 },
    {
      name: 'TLS for a declared Kafka',
      old: bundle((b) => b.declares().wants('off')),
      new: bundle((b) => b.declares().desires(move)),
      operation: 'add',
      restarts: 6,
    },
    {
      name: 'another issuer',
      old: bundle((b) => b.declares()),
      new: bundle((b) =>
        b
          .declares()
          .wants(tlsBy('ca-2'))
          .desires({ acknowledge: [{ kind: 'trustRootChangesTo', issuer: 'ca-2' }] }),
      ),
      operation: 'update',
      restarts: 6,
    },
    {
      name: 'a rotation',
      old: bundle((b) => b.declares()),
      new: bundle((b) => b.declares().desires({ issuedAfter: '2026-11-23T09:00:00Z' })),
      operation: 'reload',
      restarts: 0,
    },
    {
      name: 'a rotation by restart',
      old: bundle((b) => b.declares()),
      new: bundle((b) => b.declares().byRestart().desires({ issuedAfter: '2026-11-23T09:00:00Z' })),
      operation: 'rotate',
      restarts: 6,
    },
    {
      name: 'a rotation of a referenced Kafka',
      old: bundle((b) => b),
      new: bundle((b) => b.desires({ issuedAfter: '2026-11-23T09:00:00Z' })),
      operation: 'reload',
      restarts: 0,
    },
    {
      name: 'a referenced Kafka',
      old: bundle((b) => b.wants('off')),
      new: bundle((b) => b.wants(TLS).desires(move)),
      operation: 'add',
      restarts: 0,
    },
    {
      name: 'the default kind of key again',
      old: bundle((b) => b.declares().wantsKey({ algorithm: 'ECDSA', size: 256 })),
      new: bundle((b) => b.declares()),
      operation: 'update',
      restarts: 6,
    },
  ];
  for (const c of cases) {
    test(c.name, () => {
      const drawn = planOffline(c.old, c.new);
      assert.equal(drawn.operation, c.operation);
      assert.equal(restartsOf(drawn.steps).length, c.restarts);
      expectGolden(`test/plan/golden/offline/${c.name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.txt`, planText(drawn, PLAIN, {}));
    });
  }

  test('a missing acknowledgement is seen before anything is merged', () => {
    const drawn = planOffline(
      bundle((b) => b.declares().wants('off')),
      bundle((b) => b.declares()),
    );
    assert.equal(drawn.obstacles[0]?.kind, 'invalid');
  });
});

describe('a revert passes a check that asks no cluster', () => {
  const leave = { acknowledge: [{ kind: 'clientsLeaveTls' as const }] };
  const toCa2 = { acknowledge: [{ kind: 'trustRootChangesTo' as const, issuer: 'ca-2' }] };
  const on = (desires: object = {}) => bundle((b) => b.declares().desires(desires));
  const off = (desires: object = {}) => bundle((b) => b.declares().wants('off').desires(desires));
  const byCa2 = (desires: object = {}) => bundle((b) => b.declares().wants(tlsBy('ca-2')).desires(desires));
  const root = { acknowledge: [{ kind: 'trustRootChangesTo' as const, root: 'ab'.repeat(32) }] };
  const content = tlsHash('orders', TLS);

  const cases: readonly {
    readonly name: string;
    readonly base: Bundle;
    readonly wanted: Bundle;
    readonly says?: RegExp;
    readonly asks?: string;
  }[] = [
    { name: 'TLS on, reverted', base: on(move), wanted: off(), says: /^Assumed to revert the last acknowledged change/m },
    {
      name: 'TLS on by its content, reverted',
      base: on({ acknowledge: [{ ...move.acknowledge[0], content }] }),
      wanted: off(),
      says: /^Assumed to revert/m,
    },
    { name: 'TLS off, reverted', base: off(leave), wanted: on(), says: /^Assumed to revert/m },
    { name: 'another issuer, reverted', base: byCa2(toCa2), wanted: on(), says: /^Assumed to revert/m },
    { name: 'another root, reverted', base: byCa2(root), wanted: on(), says: /^Assumed to revert/m },
    { name: 'TLS on was not acknowledged', base: on(), wanted: off(), asks: 'Acknowledgement.clientsLeaveTls()' },
    { name: 'the other direction was acknowledged', base: on(leave), wanted: off(), asks: 'Acknowledgement.clientsLeaveTls()' },
    {
      name: 'other content was acknowledged',
      base: on({ acknowledge: [{ ...move.acknowledge[0], content: '00000000' }] }),
      wanted: off(),
      asks: 'Acknowledgement.clientsLeaveTls()',
    },
    {
      name: 'another issuer was acknowledged',
      base: byCa2({ acknowledge: [{ kind: 'trustRootChangesTo', issuer: 'ca-3' }] }),
      wanted: on(),
      asks: "Acknowledgement.trustRootChangesTo('orders-ca')",
    },
    { name: 'acknowledged, although it is a revert', base: on(move), wanted: off(leave) },
    {
      name: 'a short form that was there before',
      base: off(move),
      wanted: on(move),
      says: /^Acknowledgement\.clientsMoveToTls\(\) was there before this commit/m,
    },
  ];
  for (const { name, base, wanted, says, asks } of cases) {
    test(name, () => {
      const { obstacles, notes } = planOffline(base, wanted);
      assert.deepEqual(
        obstacles.map((o) => o.hint?.match(/\[(.*)\]/)?.[1]),
        asks === undefined ? [] : [asks],
      );
      if (says === undefined) assert.doesNotMatch(notes.join('\n'), /Assumed to revert|before this commit/);
      else assert.match(notes.join('\n'), says);
    });
  }
});
