// Compiles to an empty lib/ and bundles the command into one file. `npm run build` is the only caller.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

const { version, devDependencies, engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const wanted = Number(devDependencies.node.split('.')[0]);
const running = Number(process.versions.node.split('.')[0]);
if (running < wanted) {
  // npm exits 0 when install scripts are off, and the old Node of the machine would be used in silence.
  console.error(
    `node: version ${process.versions.node} is running, ${wanted} is needed: the pinned devDependency "node" has no binary. ` +
      'Run "npm ci" without --ignore-scripts, and start everything with "npm run".',
  );
  process.exit(2);
}
if (!existsSync('node_modules/esbuild')) {
  console.error('node_modules: not complete: esbuild is not there. Run "npm ci".');
  process.exit(2);
}

// A test that was renamed must not go on running from its old output.
rmSync('lib', { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

// A user's Node may be older than what is inside relies on: that is one sentence, not a bug.
const oldest = Number(/\d+/.exec(engines.node)[0]);
const refusal = `"kafka-tls: Node "+process.versions.node+" is running, ${oldest} or newer is needed."`;
const nodeCheck = `if(parseInt(process.versions.node)<${oldest}){console.error(${refusal});process.exit(2)}`;

const { build } = await import('esbuild');
const options = {
  bundle: true,
  platform: 'node',
  target: `node${oldest}`,
  format: 'cjs',
  minify: true,
  keepNames: true, // error class names are part of the output
  legalComments: 'none', // LICENSES.txt has the whole texts
  metafile: true,
  logLevel: 'warning',
};
const outputs = [];

/**
 * Of the Kafka client only its connection and a few codecs are used, but it does not say that the rest may be left out, and of what is
 * loaded on demand esbuild leaves out nothing. So it is told, and that part is bundled first, on its own.
 */
const kafkaClient = {
  name: 'kafka-client',
  setup: ({ onLoad }) =>
    onLoad({ filter: /cluster[\\/]kafka-library\.ts$/ }, async ({ path }) => {
      const { outputFiles, metafile } = await build({ ...options, entryPoints: [path], write: false, plugins: [onlyWhatIsUsed] });
      outputs.push(...Object.values(metafile.outputs));
      return { contents: outputFiles[0].text, loader: 'js' };
    }),
};
const onlyWhatIsUsed = {
  name: 'only-what-is-used',
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /./ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      const isOfClient = path === '@platformatic/kafka' || importer.includes('@platformatic/kafka/dist/');
      if (pluginData === 'resolved' || !isOfClient) return undefined;
      return { ...(await resolve(path, { importer, resolveDir, kind, pluginData: 'resolved' })), sideEffects: false };
    }),
};

const { metafile } = await build({
  ...options,
  entryPoints: ['reconciler/bin.ts'],
  outfile: 'lib/bin/kafka-tls.js',
  // Only the loading of kubeconfigs is used of the client; its thousand models are not.
  alias: { '@kubernetes/client-node': '@kubernetes/client-node/dist/config.js' },
  plugins: [kafkaClient],
  define: { KAFKA_TLS_VERSION: JSON.stringify(version) },
  banner: { js: `#!/usr/bin/env node\n${nodeCheck}` },
});
chmodSync('lib/bin/kafka-tls.js', 0o755);
writeFileSync('lib/bin/LICENSES.txt', licensesOf([...Object.values(metafile.outputs), ...outputs]));
console.log(`lib/bin/kafka-tls.js: ${(statSync('lib/bin/kafka-tls.js').size / 1e6).toFixed(1)} MB`);

/** The packages of a bundle as a table, then the text of each license: they ask to be passed on with the code. */
function licensesOf(outputs) {
  const inputs = outputs.flatMap((o) => Object.entries(o.inputs)).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const folders = new Set(inputs.flatMap(([file]) => /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const packages = [...folders]
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { ignorePunctuation: true }));
  const width = (key) => Math.max(...packages.map((p) => p[key].length));
  const row = (p) => `  ${p.name.padEnd(width('name'))}    ${p.version.padEnd(width('version'))}   ${p.license}`;
  const texts = packages.map(({ name, folder }) => `${'-'.repeat(80)}\n${name}\n\n${licenseText(folder)}\n`);
  return [...packages.map(row), '', ...texts].join('\n');
}

function licenseText(folder) {
  const files = readdirSync(folder).filter((f) => /^(licen[cs]e|copying|notice)/i.test(f));
  if (files.length === 0) return 'The package holds no license text.';
  return files.map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim()).join('\n\n');
}
