/** Everything that stands in the way of a plan is said at once, most final first; what only time cures does not hide what a commit cures. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXECUTORS, type ExecutorName } from '../../constructs/model/desired';
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
