import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const FOREIGN = [/\/reconciler\//, /client-node/, /node-forge/, /platformatic/, /cdk8s-cli/, /commander/];

test('the library loads neither the reconciler nor its packages, nor the command cdk8s', () => {
  const library = JSON.stringify(path.resolve(__dirname, '../../constructs/index.js'));
  const program = `require(${library}); process.stdout.write(JSON.stringify(Object.keys(require.cache)))`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', cwd: process.cwd() });
  assert.equal(status, 0, stderr);
  const loaded: readonly string[] = JSON.parse(stdout);
  assert.deepEqual(
    loaded.filter((file) => FOREIGN.some((f) => f.test(file))),
    [],
  );
});
