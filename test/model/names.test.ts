import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import {
  attemptName,
  bundleName,
  convergeRequestName,
  cronJobName,
  isAttemptOf,
  isJobName,
  jobNameOf,
  restartRequestName,
  rotateRequestName,
  withSuffix,
} from '#model/names';

const LONG = 'a-kafka-with-a-name-that-is-rather-long-for-a-kubernetes-object';
const JOB: KubeObject = { ...KINDS.Job, metadata: { name: 'kafka-tls-orders', labels: { team: 'streams' } }, spec: { parallelism: 1 } };

test('does not change names that fit', () => {
  assert.equal(bundleName('orders'), 'kafka-tls-orders');
  assert.equal(convergeRequestName('orders', '0a1b2c3d'), 'orders-tls-0a1b2c3d');
  assert.equal(rotateRequestName('orders', 'ff'), 'orders-tls-rotate-ff');
  assert.equal(restartRequestName('orders', 'ff'), 'orders-tls-restart-ff');
  assert.equal(cronJobName('orders'), 'kafka-tls-orders');
});

test('cuts the front of a name that is too long, never the part that makes it unique', () => {
  for (const name of [convergeRequestName(LONG, '0a1b2c3d'), jobNameOf(LONG, JOB), rotateRequestName(LONG, '0a1b2c3d')]) {
    assert.ok(name.length <= 63, name);
    assert.match(name, /[0-9a-f]{8}$/);
  }
});

test('names a Job by its spec, which is all of it that Kubernetes does not allow to change', () => {
  const name = jobNameOf('orders', JOB);
  assert.match(name, /^kafka-tls-orders-[0-9a-f]{10}$/);
  assert.ok(isJobName('orders', name) && !isJobName('parcels', name));
  assert.equal(jobNameOf('orders', { ...JOB, metadata: { name } }), name);
  assert.notEqual(jobNameOf('orders', { ...JOB, spec: { parallelism: 2 } }), name);
});

test('leaves no dash before the dash of a suffix', () => {
  assert.equal(withSuffix('abc--', 'x', 7), 'abc-x');
});

test('keeps CronJobs of two long names apart within 52 characters', () => {
  const a = cronJobName(`${LONG}-1`);
  const b = cronJobName(`${LONG}-2`);
  assert.ok(a.length <= 52 && b.length <= 52);
  assert.notEqual(a, b);
});

const attempts: readonly { readonly name: string; readonly is: boolean }[] = [
  { name: 'orders-tls-ab', is: true },
  { name: 'orders-tls-ab-2', is: true },
  { name: 'orders-tls-ab-12', is: true },
  { name: 'orders-tls-abc', is: false },
  { name: 'orders-tls-ab-x', is: false },
  { name: 'orders-tls', is: false },
];
for (const c of attempts) {
  test(`${c.name} is ${c.is ? 'an' : 'no'} attempt of orders-tls-ab`, () => assert.equal(isAttemptOf(c.name, 'orders-tls-ab'), c.is));
}

test('numbers attempts from the second on', () => {
  assert.deepEqual(
    [1, 2, 3].map((n) => attemptName('x', n)),
    ['x', 'x-2', 'x-3'],
  );
});
