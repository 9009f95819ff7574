import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentHash } from '#model/content-hash';
import {
  canonical,
  conditionOf,
  formatRef,
  groupOf,
  hasTrueCondition,
  isEqual,
  isSameRef,
  KINDS,
  type KubeObject,
  kindOf,
  ref,
  refOf,
} from '#model/kube-object';

const same: readonly { readonly name: string; readonly a: unknown; readonly b: unknown }[] = [
  { name: 'keys in another order', a: { x: 1, y: { p: 1, q: 2 } }, b: { y: { q: 2, p: 1 }, x: 1 } },
  { name: 'a member that is undefined and one that is absent', a: { x: 1, y: undefined }, b: { x: 1 } },
  { name: 'undefined deep inside a list', a: [{ x: 1, y: undefined }], b: [{ x: 1 }] },
];
for (const c of same) {
  test(`gives the same bytes and hash for ${c.name}`, () => {
    assert.equal(JSON.stringify(canonical(c.a)), JSON.stringify(canonical(c.b)));
    assert.equal(contentHash(c.a), contentHash(c.b));
    assert.ok(isEqual(c.a, c.b));
  });
}

const different: readonly { readonly name: string; readonly a: unknown; readonly b: unknown }[] = [
  { name: 'lists in another order', a: [1, 2], b: [2, 1] },
  { name: 'an empty map and none', a: { x: {} }, b: {} },
  { name: 'a number and its text', a: { x: 1 }, b: { x: '1' } },
  { name: 'null and absent', a: { x: null }, b: {} },
];
for (const c of different) {
  test(`tells ${c.name} apart`, () => {
    assert.ok(!isEqual(c.a, c.b));
    assert.notEqual(contentHash(c.a), contentHash(c.b));
  });
}

test('names content by as many digits as asked for, the shorter being the start of the longer', () => {
  assert.match(contentHash({ a: 1 }, 16), /^[0-9a-f]{16}$/);
  assert.ok(contentHash({ a: 1 }, 16).startsWith(contentHash({ a: 1 })));
});

test('prints subjects as kind, namespace and name', () => {
  assert.equal(formatRef(ref(KINDS.Kafka, 'demo', 'orders')), 'Kafka/demo/orders');
  assert.equal(formatRef(ref(KINDS.ClusterIssuer, 'demo', 'corp-ca')), 'ClusterIssuer/corp-ca');
});

test('takes objects of two versions of one group for the same, of two groups for different', () => {
  const kafka = ref(KINDS.Kafka, 'demo', 'orders');
  assert.ok(isSameRef(kafka, { ...kafka, apiVersion: 'kubedb.com/v1alpha2' }));
  assert.ok(!isSameRef(kafka, ref(KINDS.GitOpsKafka, 'demo', 'orders')));
  assert.equal(groupOf('v1'), '');
});

test('knows kinds by apiVersion and kind', () => {
  assert.equal(kindOf({ apiVersion: 'kubedb.com/v1', kind: 'Kafka' }), KINDS.Kafka);
  assert.equal(kindOf({ apiVersion: 'kubedb.com/v9', kind: 'Kafka' }), undefined);
});

test('reads conditions; an absent one is not true', () => {
  const object: KubeObject = { ...KINDS.Kafka, metadata: { name: 'orders' }, status: { conditions: [{ type: 'Ready', status: 'False' }] } };
  assert.equal(conditionOf(object, 'Ready')?.status, 'False');
  assert.ok(!hasTrueCondition(object, 'Ready'));
  assert.ok(!hasTrueCondition(object, 'Paused'));
  assert.deepEqual(refOf(object), { apiVersion: 'kubedb.com/v1', kind: 'Kafka', name: 'orders' });
});
