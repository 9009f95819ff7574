/** `plan --observation`: any file is answered with a plan, or with an error that names the problem. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { FORMATS } from '#reconciler/cli/flags';
import { configMapOfBundle, yaml } from '../support/bundle-text';
import { madeUpObservations, realObservations, type Seen } from './fixtures';
import { assertAlways, runGracefully } from './graceful';
import { anyMutations, anySlips, mutated, slipped } from './mutations';

const folder = mkdtempSync(path.join(tmpdir(), 'fuzz-observations-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FILE = path.join(folder, 'seen.json');

/** Writes the bundles once: only the observation changes. */
async function stages(): Promise<readonly { readonly bundle: string; readonly live: Seen['live'] }[]> {
  const all = [...(await realObservations()), ...madeUpObservations()];
  return all.map(({ bundle, live }, i) => {
    const file = path.join(folder, `bundle-${i}.yaml`);
    writeFileSync(file, yaml(configMapOfBundle(bundle)));
    return { bundle: file, live };
  });
}

const anyOutput = fc.constantFrom(...FORMATS.plan);

test('an observation with any mutation is planned, or refused gracefully', async () => {
  const staged = await stages();
  const property = fc.asyncProperty(fc.nat(staged.length - 1), anyMutations, anyOutput, async (i, mutations, output) => {
    const { bundle, live } = staged[i] as (typeof staged)[number];
    writeFileSync(FILE, JSON.stringify(mutated(live, mutations)));
    await runGracefully(['plan', '-f', bundle, '--observation', FILE, '--output', output, '--exit-code']);
  });
  await assertAlways(property, 80);
});

test('an observation whose text is broken is refused gracefully', async () => {
  const staged = await stages();
  const property = fc.asyncProperty(fc.nat(staged.length - 1), anySlips, async (i, slips) => {
    const { bundle, live } = staged[i] as (typeof staged)[number];
    writeFileSync(FILE, slipped(JSON.stringify(live), slips));
    await runGracefully(['plan', '-f', bundle, '--observation', FILE]);
  });
  await assertAlways(property, 25);
});
