import { test } from 'node:test';
import { assertConvergence, PAIRS } from '../support/convergence';

test(`any pair of desired states converges, killed anywhere: ops-request, ${PAIRS} pairs`, async () => {
  await assertConvergence('ops-request');
});
