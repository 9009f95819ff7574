import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXECUTORS } from '#model/desired';
import { WAYS } from '../../chaos/program';
import { SECURED } from './living-kafka';
import { REAL_FAULT_NAMES } from './real-faults';
import { OPERATIONS, scheduleOf } from './schedule';

/** Where `faults.real.ts` begins. */
const FIRST_SEED = 20;
const seeds = Array.from({ length: 20 }, (_, i) => FIRST_SEED + i);

test('a seed always gives the same schedule', () => {
  for (const seed of seeds) assert.equal(JSON.stringify(scheduleOf(seed)), JSON.stringify(scheduleOf(seed)));
});

test('the twenty seeds have every operation, fault, way of a kill and executor, and every operation changes something', () => {
  const schedules = seeds.map(scheduleOf);
  const text = schedules.map((s) => s.text).join('\n');
  for (const name of [...Object.keys(OPERATIONS), ...REAL_FAULT_NAMES, ...WAYS]) assert.ok(text.includes(name), `${name} in:\n${text}`);
  for (const executor of EXECUTORS) assert.ok(schedules.some((s) => s.executor === executor));
  for (const { change } of schedules) assert.notDeepEqual(change({ ...SECURED, isRotation: false }), SECURED);
});
