import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuantity } from '#model/kubernetes-names';

const quantities: readonly (readonly [string | number, number | undefined])[] = [
  ['50m', 0.05],
  ['1', 1],
  [2, 2],
  ['1.5Gi', 1.5 * 1024 ** 3],
  ['2k', 2000],
  ['1e3', 1000],
  ['1E', 1e18],
  ['.5', 0.5],
  ['-1', -1],
  ['1KB', undefined],
  ['', undefined],
  ['1 Gi', undefined],
];
for (const [text, value] of quantities) test(`reads the quantity ${JSON.stringify(text)}`, () => assert.equal(parseQuantity(text), value));
