import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatGoDuration, goDurationMs, parseGoDuration } from '#model/go-duration';

const read: readonly { readonly text: string; readonly ms: number }[] = [
  { text: '2160h', ms: 7_776_000_000 },
  { text: '2160h0m0s', ms: 7_776_000_000 },
  { text: '1h30m', ms: 5_400_000 },
  { text: '1.5h', ms: 5_400_000 },
  { text: '.5s', ms: 500 },
  { text: '1.s', ms: 1000 },
  { text: '100ms', ms: 100 },
  { text: '0', ms: 0 },
  { text: '+5m', ms: 300_000 },
  { text: '-5m', ms: -300_000 },
  { text: '1000us', ms: 1 },
  { text: '1000µs', ms: 1 },
  { text: '1000μs', ms: 1 },
  { text: '30m1h', ms: 5_400_000 },
];
for (const c of read) {
  test(`reads ${c.text} as ${c.ms} ms`, () => assert.equal(goDurationMs(c.text), c.ms));
}

const refused = ['', '90d', '90', '1h 30m', '2160H', '1h30', ' 1h', '1h ', '.s', '+', '-', '1,5h', '1e3s', '2562048h', 'h'];
for (const text of refused) {
  test(`refuses "${text}" as Go does`, () => assert.equal(parseGoDuration(text), undefined));
}

const spelled: readonly { readonly text: string; readonly as: string }[] = [
  { text: '2160h0m0s', as: '2160h' },
  { text: '90m', as: '1h30m' },
  { text: '0', as: '0s' },
  { text: '3661s', as: '1h1m1s' },
  { text: '500ms', as: '0.5s' },
  { text: '-90m', as: '-1h30m' },
  { text: '1ns', as: '0.000000001s' },
];
for (const c of spelled) {
  test(`formats ${c.text} as ${c.as}, which it parses as the same duration`, () => {
    const ns = parseGoDuration(c.text);
    assert.ok(ns !== undefined);
    assert.equal(formatGoDuration(ns), c.as);
    assert.equal(parseGoDuration(c.as), ns);
  });
}
