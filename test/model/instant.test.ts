import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInstant } from '#model/instant';

const INSTANTS = [
  '2026-11-23T09:00:00Z',
  '2026-11-23T09:00:00.123Z',
  '2026-11-23T09:00:00+05:30',
  '2028-02-29T00:00:00Z',
  '2000-02-29T23:59:59-11:00',
];
for (const text of INSTANTS) test(`${text} is an instant`, () => assert.equal(isInstant(text), true));

const OTHERS = [
  '',
  'yesterday',
  '2026-11-23',
  '2026-11-23T09:00:00',
  '2026-11-23 09:00:00Z',
  '2026-11-23T09:00Z',
  '2026-02-30T09:00:00Z',
  '2026-02-29T09:00:00Z',
  '1900-02-29T09:00:00Z',
  '2026-04-31T09:00:00Z',
  '2026-13-01T09:00:00Z',
  '2026-00-01T09:00:00Z',
  '2026-01-00T09:00:00Z',
  '2026-11-23T24:00:00Z',
  '2026-11-23T09:60:00Z',
  '2026-11-23T09:00:60Z',
  '2026-11-23T09:00:00+24:00',
  '2026-11-23T09:00:00+0100',
  '23.11.2026T09:00:00Z',
];
for (const text of OTHERS) test(`"${text}" is not an instant`, () => assert.equal(isInstant(text), false));
