/** Everything that stands in the way of a plan is said at once, most final first; what only time cures does not hide what a commit cures. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXECUTORS, type ExecutorName } from '../../constructs/model/desired';
import { permissions } from '../../constructs/model/permissions';
import { type PlanOptions, plan } from '../../reconciler/plan/plan';
import { ClusterBuilder, NOW, TLS } from '../support/cluster-builder';

/** An obstacle in few words: `invalid Kafka/orders`. */
type Expected = `${'invalid' | 'failed' | 'blocked' | 'wait'} ${string}`;

interface Case {
  readonly name: string;
  readonly cluster: () => ClusterBuilder;
  /** Default: both. */
  readonly only?: ExecutorName;
  readonly options?: PlanOptions;
  readonly expect: readonly Expected[];
  /** What is said, of all of them together. */
  readonly says?: RegExp;
}

const MOVE = { acknowledge: [{ kind: 'clientsMoveToTls' as const }] };
const plaintext = () => new ClusterBuilder('dedicated', 'off').wants(TLS);
const MISSING = { kind: 'Issuer' as const, name: 'orders-ca' };

function play(cases: readonly Case[]): void {
  for (const executor of EXECUTORS) {
    for (const c of cases.filter(({ only }) => only === undefined || only === executor)) {
      test(`${c.name} (${executor})`, () => {
        const { bundle, live } = c.cluster().desires({ executor });
        const { obstacles, steps } = plan(bundle, live, new Date(NOW), c.options);
        assert.deepEqual(
          obstacles.map((o) => `${o.kind} ${o.subject.kind}/${o.subject.name}`),
          c.expect,
          JSON.stringify(obstacles, undefined, 2),
        );
        if (obstacles.length > 0) assert.deepEqual(steps, []);
        if (c.says !== undefined) assert.match(obstacles.map((o) => `${o.message} ${o.hint ?? ''}`).join('\n'), c.says);
      });
    }
  }
}

describe('all at once', () => {
  const scaling = (c: ClusterBuilder, type: string) => c.request('by-hand', 'Progressing', undefined, { type });
  play([
    {
      name: 'another owner, no acknowledgement, a foreign pause, no issuer',
      cluster: () =>
        plaintext()
          .desires({ owner: 'demo/other' })
          .kafkaCondition({ type: 'Paused', status: 'True', reason: 'Maintenance', message: 'disk swap' })
          .issuer(MISSING),
      expect: ['invalid Kafka/orders', 'invalid Kafka/orders', 'blocked Kafka/orders', 'wait Issuer/orders-ca'],
      says: /belongs to demo\/orders(.|\n)*nobody has acknowledged it(.|\n)*disk swap(.|\n)*certificates are to be issued by it/,
    },
    {
      name: 'an operation that leaves TLS alone hides no missing acknowledgement',
      cluster: () => scaling(plaintext(), 'HorizontalScaling'),
      expect: ['invalid Kafka/orders', 'wait Kafka/orders'],
    },
    {
      name: 'an operation that may change TLS is let finish before anything is judged',
      cluster: () => scaling(plaintext(), 'ReconfigureTLS'),
      expect: ['wait Kafka/orders'],
    },
    {
      name: 'a Kafka that is not there is only waited for',
      cluster: () => plaintext().noKafka(),
      expect: ['wait Kafka/orders'],
    },
    {
      name: 'of a Kafka that is being deleted nothing else is said',
      cluster: () =>
        plaintext()
          .desires({ owner: 'demo/other' })
          .kafka((k) => ({ ...k, metadata: { ...k.metadata, deletionTimestamp: NOW }, spec: { ...k.spec, halted: true } })),
      expect: ['blocked Kafka/orders'],
      says: /is being deleted/,
    },
    { name: 'nothing in the way', cluster: () => plaintext().desires(MOVE), expect: [] },
  ]);
});

describe('permissions', () => {
  const without = (c: ClusterBuilder, verb: string, resource: string) => {
    const all = permissions('orders', 'native').filter((p) => p.resource === resource && p.verbs.includes(verb));
    return c.sees(() => ({ denied: all.map((p) => ({ ...p, verbs: [verb] })) }));
  };
  const unpausable = (c: ClusterBuilder) => without(c, 'update', 'kafkas/status');
  play([
    {
      name: 'one that is missing is named with its use',
      cluster: () => unpausable(plaintext().desires(MOVE)),
      expect: ['invalid Kafka/orders'],
      says: /^may not update kafkas\/status in demo \(needed to pause and resume it\) Grant it .*{apiGroups: \["kubedb.com"\], resources: \["kafkas\/status"\], verbs: \["update"\]}/,
    },
    {
      name: 'one of a single object is named with that',
      cluster: () => without(plaintext().desires(MOVE), 'update', 'leases'),
      expect: ['invalid Kafka/orders'],
      says: /resourceNames: \["kafka-tls-orders"\]/,
    },
    {
      name: 'it is told beside what is waited for',
      cluster: () => unpausable(new ClusterBuilder().request('by-hand', 'Progressing', undefined, { type: 'Restart' })),
      expect: ['invalid Kafka/orders', 'wait Kafka/orders'],
    },
    { name: 'where nothing is to be done, nothing is needed', cluster: () => unpausable(new ClusterBuilder()), expect: [] },
    {
      name: 'who only reads the plan is not held up',
      cluster: () => unpausable(plaintext().desires(MOVE)),
      options: { isOnlyShown: true },
      expect: [],
    },
    { name: 'an observation that does not say', cluster: () => plaintext().desires(MOVE), expect: [] },
  ]);

  test('who only reads the plan is told what applying needs', () => {
    const { bundle, live } = unpausable(plaintext().desires(MOVE));
    const { notes } = plan(bundle, live, new Date(NOW), { isOnlyShown: true });
    assert.ok(
      notes.includes('You may not update kafkas/status in demo, which applying needs; the Role of the Job allows it.'),
      notes.join('\n'),
    );
  });
});
