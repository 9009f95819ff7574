// Compiles to lib/ and bundles the command into one file. `npm run build` is the only caller.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';

const wanted = Number(JSON.parse(readFileSync('package.json', 'utf8')).devDependencies.node.split('.')[0]);
const running = Number(process.versions.node.split('.')[0]);
if (running < wanted) {
  // npm exits 0 when install scripts are off, and the old Node of the machine would be used in silence.
  console.error(
    `node: version ${process.versions.node} is running, ${wanted} is needed: the pinned devDependency "node" has no binary. ` +
      'Run "npm ci" without --ignore-scripts, and start everything with "npm run".',
  );
  process.exit(2);
}

const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
await build({
  entryPoints: ['reconciler/bin.ts'],
  outfile: 'lib/bin/kafka-tls.js',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minify: true,
  keepNames: true, // error class names are part of the output
  legalComments: 'none', // NOTICE lists what is bundled
  define: { KAFKA_TLS_VERSION: JSON.stringify(version) },
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
chmodSync('lib/bin/kafka-tls.js', 0o755);
