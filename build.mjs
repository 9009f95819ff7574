/**
 * Compiles everything to `lib/` (tsc) and bundles the command into `lib/bin/` (esbuild):
 *
 *     lib/bin/kafka-tls.js    the executable; imports only what every command needs
 *     lib/bin/chunks/         the rest, split at each `await import()`
 *     lib/bin/sandbox.js      the sandbox; the image of the Job does not contain this file
 *     lib/bin/package.json    tells Node that these files are ES modules; the package itself is CommonJS
 *     lib/bin/LICENSES.txt    the licences of the bundled packages
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const { version, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

// If install scripts are off, `npm ci` exits with 0 and leaves the pinned Node without a binary. npm scripts then run the machine's Node.
const pinned = Number.parseInt(devDependencies.node, 10);
if (Number.parseInt(process.versions.node, 10) < pinned) {
  fail(
    `node: version ${process.versions.node} is running, ${pinned} is needed: the pinned devDependency "node" has no binary. ` +
      'Run "npm ci" without --ignore-scripts, and start everything with "npm run".',
  );
}
const missing = Object.keys(devDependencies).find((name) => !existsSync(`node_modules/${name}`));
if (missing !== undefined) fail(`node_modules: not complete: ${missing} is missing. Run "npm ci".`);

// The compiled output of a test that was renamed or deleted must not run again.
rmSync('lib', { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

// These examples read a file in their own folder.
for (const example of ['argocd', 'flux']) copyFileSync(`examples/${example}/kafka.yaml`, `lib/examples/${example}/kafka.yaml`);

const { build } = await import('esbuild');
const { metafile } = await build({
  entryPoints: { 'kafka-tls': 'reconciler/bin.ts', sandbox: 'reconciler/cli/sandbox-process.ts' },
  outdir: 'lib/bin',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  // The package's own `imports` lead to the TypeScript sources; esbuild drops unused exports only from ES modules.
  conditions: ['source', 'module'],
  // Bundled CommonJS packages call `require` for Node's own modules.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  define: { KAFKA_TLS_VERSION: JSON.stringify(version) },
  // Names stay, because errors print the names of their classes.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  plugins: [{ name: 'http by require', setup: requireHttp }],
});
chmodSync('lib/bin/kafka-tls.js', 0o755);
writeFileSync('lib/bin/package.json', '{ "type": "module" }\n');
writeFileSync('lib/bin/LICENSES.txt', licencesOf(Object.keys(metafile.inputs)));

/** An ES module that imports `node:http` makes Node read all its exports, and those of WebSocket load a whole HTTP client; `require` does not. */
function requireHttp({ onResolve, onLoad }) {
  onResolve({ filter: /^(node:)?https?$/, namespace: 'file' }, ({ path, kind }) => {
    // esbuild gives an `import()` of it a default export only.
    return kind === 'dynamic-import' ? undefined : { path, namespace: 'required' };
  });
  onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = require('${path}')` }));
}

/** The licence of each package that a bundled file comes from: name, version, whole text. */
function licencesOf(files) {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  return [...folders]
    .sort()
    .map(licenceOf)
    .join(`\n${'-'.repeat(80)}\n`);
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim());
  return [`${name} ${version}, ${license}`, ...texts, ''].join('\n\n');
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
