/** Which change needs which acknowledgement, by what the Kafka remembers: every row is one plan, and one run decides. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Acknowledged, formatAcknowledgement } from '#model/acknowledgement';
import { EXECUTORS } from '#model/desired';
import { ANNOTATION_CHANGE } from '#model/names';
import { tlsHash } from '#model/tls';
import type { ChangeRecord } from '#reconciler/model/change-record';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, certificate, KAFKA, NOW, readyIssuer, root, signingWith, TLS, tlsBy } from '../support/cluster-builder';

const ON = tlsHash(KAFKA, TLS);
const NAMED = tlsBy('orders-ca', { certificates: [{ alias: 'server', dnsNames: ['kafka.example.org'] }] });
const CA2 = tlsBy('ca-2');
const R1 = 'key-root-of-orders-ca';

const MOVE: Acknowledged = { kind: 'clientsMoveToTls' };
const LEAVE: Acknowledged = { kind: 'clientsLeaveTls' };
const toIssuer = (issuer: string): Acknowledged => ({ kind: 'trustRootChangesTo', issuer });
const toRoot = (fingerprint: string): Acknowledged => ({ kind: 'trustRootChangesTo', root: fingerprint });
const USED = (a: Acknowledged): Partial<ChangeRecord> => ({ used: [formatAcknowledgement(a)] });

/** TLS is wanted, and there is none; its issuer can be read. */
const turnedOn = (tls = TLS) => {
  const readable = {
    kind: 'Issuer' as const,
    name: 'orders-ca',
    object: readyIssuer('orders-ca'),
    ...signingWith(root('root-of-orders-ca')),
  };
  return new ClusterBuilder('dedicated', 'off').wants(tls).issuer(readable);
};
const turnedOff = () => new ClusterBuilder().wants('off');
/** The issuer that is referred to signs with another root since. */
const replaced = (issuer = 'orders-ca') =>
  new ClusterBuilder()
    .desires({ issuedAfter: NOW })
    .issuer({ kind: 'Issuer', name: issuer, object: readyIssuer(issuer), ...signingWith(root('r2')) });
const otherIssuer = () => new ClusterBuilder().wants(tlsBy('ca-2'));
const otherKnownIssuer = () =>
  otherIssuer().issuer({ kind: 'Issuer', name: 'ca-2', object: readyIssuer('ca-2'), ...signingWith(root('r2')) });
const half = (b: ClusterBuilder) =>
  b.podServes('orders-controller-0', { protocol: 'tls', leaf: certificate('new'), isSignedBySecretCa: true });

interface Row {
  readonly name: string;
  readonly cluster: () => ClusterBuilder;
  readonly acknowledge?: readonly Acknowledged[];
  readonly remembers?: Partial<ChangeRecord>;
  /** What the plan asks for; absent when the change may begin. */
  readonly asks?: Acknowledged;
  /** What it rests on. */
  readonly restsOn?: Acknowledged;
}

const ROWS: readonly Row[] = [
  { name: 'TLS on: nothing acknowledged', cluster: turnedOn, asks: MOVE },
  { name: 'TLS on: the short form approves the first time', cluster: turnedOn, acknowledge: [LEAVE, MOVE], restsOn: MOVE },
  {
    name: 'TLS on: the short form was used',
    cluster: turnedOn,
    acknowledge: [MOVE],
    remembers: USED(MOVE),
    asks: { ...MOVE, content: ON },
  },
  {
    name: 'TLS on: this content',
    cluster: turnedOn,
    acknowledge: [MOVE, { ...MOVE, content: ON }],
    remembers: USED(MOVE),
    restsOn: { ...MOVE, content: ON },
  },
  {
    name: 'TLS on: other content',
    cluster: () => turnedOn(NAMED),
    acknowledge: [{ ...MOVE, content: ON }],
    remembers: USED(MOVE),
    asks: { ...MOVE, content: tlsHash(KAFKA, NAMED) },
  },
  {
    name: 'TLS on again: the revert of the revert',
    cluster: turnedOn,
    remembers: { ...USED(MOVE), change: { from: { tls: TLS, root: R1 }, to: { tls: 'off' } } },
  },
  {
    name: 'TLS on again: the state before was spelled otherwise',
    cluster: turnedOn,
    remembers: { ...USED(MOVE), change: { from: { tls: { issuerRef: TLS.issuerRef, certificates: [] }, root: R1 }, to: { tls: 'off' } } },
  },
  {
    name: 'TLS on again, with another root meanwhile',
    cluster: turnedOn,
    acknowledge: [MOVE],
    remembers: { ...USED(MOVE), change: { from: { tls: TLS, root: 'key-r0' }, to: { tls: 'off' } } },
    asks: { ...MOVE, content: ON },
  },
  {
    name: 'TLS on: a killed run continues',
    cluster: () => half(turnedOn()),
    remembers: { ...USED(MOVE), change: { from: { tls: 'off' }, to: { tls: TLS, root: R1 }, unfinished: true } },
  },
  {
    name: 'TLS on: a killed run continues with other names',
    cluster: () => half(turnedOn(NAMED)),
    remembers: { ...USED(MOVE), change: { from: { tls: 'off' }, to: { tls: TLS, root: R1 }, unfinished: true } },
  },
  {
    name: 'TLS off: a killed run is reversed',
    cluster: () => half(new ClusterBuilder('dedicated', 'off')),
    remembers: { ...USED(MOVE), change: { from: { tls: 'off' }, to: { tls: TLS, root: R1 }, unfinished: true } },
  },
  { name: 'TLS off: nothing acknowledged', cluster: turnedOff, asks: LEAVE },
  { name: 'TLS off: the other direction', cluster: turnedOff, acknowledge: [MOVE], asks: LEAVE },
  {
    name: 'TLS off: the short form was used',
    cluster: turnedOff,
    acknowledge: [LEAVE],
    remembers: USED(LEAVE),
    asks: { ...LEAVE, content: ON },
  },
  {
    name: 'TLS off: the content that is left',
    cluster: turnedOff,
    acknowledge: [{ ...LEAVE, content: ON }],
    restsOn: { ...LEAVE, content: ON },
  },
  {
    name: 'TLS off: a revert',
    cluster: turnedOff,
    remembers: { ...USED(MOVE), change: { from: { tls: 'off' }, to: { tls: TLS, root: R1 } } },
  },
  {
    name: 'TLS off: not the reverse, since something else came last',
    cluster: turnedOff,
    remembers: { change: { from: { tls: 'off' }, to: { tls: CA2 } } },
    asks: LEAVE,
  },
  { name: 'same issuer, other root: nothing acknowledged', cluster: replaced, asks: toRoot('fp-r2') },
  {
    name: 'same issuer, other root: the name of the issuer',
    cluster: replaced,
    acknowledge: [toIssuer('orders-ca')],
    asks: toRoot('fp-r2'),
  },
  { name: 'same issuer, other root: its fingerprint', cluster: replaced, acknowledge: [toRoot('fp-r2')], restsOn: toRoot('fp-r2') },
  {
    name: 'same issuer, other root: the fingerprint of a previous one',
    cluster: replaced,
    acknowledge: [toRoot('fp-r3')],
    asks: toRoot('fp-r2'),
  },
  {
    name: 'same issuer: back to the root before',
    cluster: replaced,
    remembers: { change: { from: { tls: TLS, root: 'key-r2' }, to: { tls: TLS, root: R1 } } },
  },
  {
    name: 'same issuer: a third root is no way back',
    cluster: replaced,
    remembers: { change: { from: { tls: TLS, root: 'key-r3' }, to: { tls: TLS, root: R1 } } },
    asks: toRoot('fp-r2'),
  },
  {
    name: 'same issuer: a killed run continues',
    cluster: replaced,
    remembers: { change: { from: { tls: TLS, root: R1 }, to: { tls: TLS, root: 'key-r2' }, unfinished: true } },
  },
  {
    name: 'same issuer: a killed run does not go on with a third root',
    cluster: replaced,
    remembers: { change: { from: { tls: TLS, root: R1 }, to: { tls: TLS, root: 'key-r3' }, unfinished: true } },
    asks: toRoot('fp-r2'),
  },
  { name: 'other issuer of an unknown root: nothing acknowledged', cluster: otherIssuer, asks: toIssuer('ca-2') },
  { name: 'other issuer of an unknown root: its name', cluster: otherIssuer, acknowledge: [toIssuer('ca-2')], restsOn: toIssuer('ca-2') },
  { name: 'other issuer of a known root: nothing acknowledged', cluster: otherKnownIssuer, asks: toRoot('fp-r2') },
  { name: 'other issuer of a known root: its name', cluster: otherKnownIssuer, acknowledge: [toIssuer('ca-2')], restsOn: toIssuer('ca-2') },
  {
    name: 'other issuer of a known root: its name was used',
    cluster: otherKnownIssuer,
    acknowledge: [toIssuer('ca-2')],
    remembers: USED(toIssuer('ca-2')),
    asks: toRoot('fp-r2'),
  },
  {
    name: 'other issuer: a revert, whose root cannot be read',
    cluster: otherIssuer,
    remembers: { change: { from: { tls: CA2, root: 'key-r2' }, to: { tls: TLS, root: R1 } } },
  },
  {
    name: 'other issuer: a revert, whose root was replaced meanwhile',
    cluster: otherKnownIssuer,
    remembers: { change: { from: { tls: CA2, root: 'key-r0' }, to: { tls: TLS, root: R1 } } },
    asks: toRoot('fp-r2'),
  },
];

for (const executor of EXECUTORS) {
  describe(`acknowledgements, executor ${executor}`, () => {
    for (const { name, cluster, acknowledge = [], remembers, asks, restsOn } of ROWS) {
      test(name, () => {
        const c = cluster().desires({ executor, acknowledge });
        if (remembers !== undefined) c.remembers(remembers);
        const { obstacles, acknowledged = [], steps, rootChange } = plan(c.bundle, c.live, new Date(NOW));
        if (rootChange !== undefined) {
          // Nodes trust both roots first. The acknowledgement is for the phase after that.
          assert.deepEqual([executor, rootChange.acknowledge, obstacles], ['native', asks, []]);
          return;
        }
        if (asks === undefined) assert.deepEqual(obstacles, []);
        else
          assert.ok(
            obstacles.some((o) => o.kind === 'invalid' && o.hint?.includes(`[${formatAcknowledgement(asks)}]`)),
            JSON.stringify(obstacles),
          );
        assert.deepEqual(acknowledged, asks === undefined && restsOn !== undefined ? [restsOn] : []);
        if (asks === undefined) assert.equal(steps.filter((s) => s.kind === 'record').at(-1)?.phase, 'complete');
      });
    }
  });
}

describe('the record of a Kafka', () => {
  const recorded = (c: ClusterBuilder) =>
    plan(c.bundle, c.live, new Date(NOW)).steps.flatMap((s) => (s.kind === 'record' ? [JSON.parse(s.record)] : []));

  test('is written before the change and at its end', () => {
    const change = { from: { tls: 'off' }, to: { tls: TLS, root: R1 } };
    const used = ['Acknowledgement.clientsMoveToTls()'];
    assert.deepEqual(recorded(turnedOn().desires({ acknowledge: [MOVE] })), [
      { change: { ...change, unfinished: true }, used },
      { change, used },
    ]);
  });

  test('is completed by the next run when the one before was killed at its end', () => {
    const c = new ClusterBuilder().turningOn();
    const { operation, steps } = plan(c.bundle, c.live, new Date(NOW));
    assert.equal(operation, 'tidy');
    assert.deepEqual(
      steps.map((s) => s.kind),
      ['record'],
    );
    assert.deepEqual(recorded(c), [{ change: { from: { tls: 'off' }, to: { tls: TLS, root: R1 } }, used: [] }]);
  });

  test('is not touched by a rotation', () => {
    assert.deepEqual(recorded(new ClusterBuilder().desires({ issuedAfter: NOW })), []);
  });

  test('does not count a revert as a use', () => {
    const c = turnedOff()
      .desires({ acknowledge: [LEAVE] })
      .remembers({ change: { from: { tls: 'off' }, to: { tls: TLS, root: R1 } } });
    assert.deepEqual(recorded(c).at(-1)?.used, []);
  });

  for (const text of [
    '',
    'yes',
    '{}',
    '{"used":"all"}',
    '{"used":[],"change":{"from":{"tls":"off"}}}',
    '{"used":[],"losses":{"content":"x","count":1}}',
  ]) {
    test(`counts as nothing when another writer put "${text}" there`, () => {
      const c = turnedOn().kafka((k) => ({
        ...k,
        metadata: { ...k.metadata, annotations: { ...k.metadata.annotations, [ANNOTATION_CHANGE]: text } },
      }));
      const { obstacles } = plan(c.bundle, c.live, new Date(NOW));
      assert.match(obstacles[0]?.hint ?? '', /Acknowledgement\.clientsMoveToTls\(\)/);
    });
  }
});
