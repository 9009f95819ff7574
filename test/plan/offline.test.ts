import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planOffline } from '../../reconciler/plan/offline';
import { PLAIN } from '../../reconciler/report/style';
import { planText } from '../../reconciler/report/text';
import { ClusterBuilder, TLS, tlsBy } from '../support/cluster-builder';
import { expectGolden } from '../support/golden';

const bundle = (change: (b: ClusterBuilder) => ClusterBuilder) => change(new ClusterBuilder()).bundle;
const move = { acknowledge: [{ kind: 'clientsMoveToTls' as const }] };

describe('a plan of two bundles, without a cluster', () => {
  const cases = [
    {
      name: 'the same twice is nothing',
      old: bundle((b) => b.declares()),
      new: bundle((b) => b.declares()),
      operation: 'none',
      restarts: 0,
    },
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
      operation: 'rotate',
      restarts: 6,
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
      assert.equal(drawn.steps.filter((s) => s.kind === 'evict').length, c.restarts);
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
