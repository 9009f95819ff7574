import { test } from 'node:test';
import { assertConvergence, PAIRS } from '../support/convergence';

test(`any pair of desired states converges, killed anywhere: native, ${PAIRS} pairs`, async () => {
  await assertConvergence('native');
});
