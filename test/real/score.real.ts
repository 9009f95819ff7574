/** What KafkaTls emits, by the rules of kube-score: nothing to criticise, and nothing that had to be left out for it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { build } from './go';

let judge: (yaml: string) => string;
before(async () => {
  const { binary } = await build({ name: 'score' });
  judge = (yaml) => {
    const { stdout, stderr, status } = spawnSync(binary, { input: yaml, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
});

for (const golden of ['dedicated-self-signed', 'native']) {
  const manifests = () => readFileSync(`test/constructs/golden/${golden}.yaml`, 'utf8');

  test(`${golden}: no finding`, () => {
    assert.equal(judge(manifests()), '3 objects\n', 'Job, CronJob, NetworkPolicy');
  });

  test(`${golden}: a root file system that can be written to would be one`, () => {
    assert.match(
      judge(manifests().replaceAll('readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false')),
      /^Job\/.* container-security-context/m,
    );
  });
}
