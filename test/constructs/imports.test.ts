import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const LIBRARY = path.resolve(__dirname, '../../constructs/index.js');

/** Returns the packages and folders that a program has loaded in the end. */
function loadedBy(program: string): readonly string[] {
  const code = `const lib = require(${JSON.stringify(LIBRARY)}); const { App, Chart } = require('cdk8s'); ${program}; process.stdout.write(JSON.stringify(Object.keys(require.cache)))`;
  const node = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', cwd: process.cwd() });
  assert.equal(node.status, 0, node.stderr);
  return JSON.parse(node.stdout);
}
const SYNTH = (job: string) =>
  `const chart = new Chart(new App({ outdir: '/nowhere' }), 'c', { namespace: 'n' }); new lib.KafkaTls(chart, 'o', { cluster: lib.KafkaCluster.existing('o'), tls: lib.Tls.off()${job} }); chart.toJson()`;

const FOREIGN = [/\/reconciler\//, /client-node/, /node-forge/, /platformatic/, /cdk8s-cli/, /commander/];

test('loads neither reconciler nor client, nor the command cdk8s', () => {
  const loaded = loadedBy(SYNTH(`, job: { image: 'x@sha256:${'0'.repeat(64)}' }`));
  assert.deepEqual(
    loaded.filter((file) => FOREIGN.some((f) => f.test(file))),
    [],
  );
});

test('loads cdk8s-plus only for who wants a Job', () => {
  assert.ok(!loadedBy(SYNTH('')).some((file) => file.includes('cdk8s-plus-28')));
});
