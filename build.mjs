// Compiles to an empty lib/ and bundles the command into one file. `npm run build` is the only caller.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

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

// Examples read what lies beside them.
for (const example of ['argocd', 'flux']) copyFileSync(`examples/${example}/kafka.yaml`, `lib/examples/${example}/kafka.yaml`);

// A user's Node may be older than what is inside relies on: that is one sentence, not a bug.
const oldest = Number(/\d+/.exec(engines.node)[0]);
const refusal = `"kafka-tls: Node "+process.versions.node+" is running, ${oldest} or newer is needed."`;
const nodeCheck = `if(parseInt(process.versions.node)<${oldest}){console.error(${refusal});process.exit(2)}`;
// Bun and Deno imitate process.versions.node. The bundle keeps code in comments, which their functions may not keep.
const other = 'process.versions.bun?"Bun "+process.versions.bun:process.versions.deno?"Deno "+process.versions.deno:""';
const runtimeRefusal = `"kafka-tls: runs on Node, ${oldest} or newer; this is "+other+"."`;
const runtimeCheck = `{const other=${other};if(other){console.error(${runtimeRefusal});process.exit(2)}}`;

const { build, transform } = await import('esbuild');
const COMMAND = 'kafka-tls';
const options = {
  bundle: true,
  platform: 'node',
  target: `node${oldest}`,
  minify: true,
  keepNames: true, // error class names are part of the output
  legalComments: 'none', // LICENSES.txt has the whole texts
  metafile: true,
  logLevel: 'warning',
};
const outputs = [];

/**
 * What packages import for a part of them that is not used here. A stand-in takes its place, which says so if it is called after all; what
 * is used is tested in the bundle (`test/credentials.test.ts`).
 */
const refuse = (what) => `() => { throw new Error('${what}: not in this bundle') }`;
const STAND_INS = {
  // The client's own API; requests here go through node:https.
  '@kubernetes/client-node undici': `export const Agent = ${refuse('undici')}; export const ProxyAgent = Agent;`,
  '@kubernetes/client-node ./gen/index.js': `export const createConfiguration = ${refuse('its API')}; export const ServerConfiguration = 0;`,
  // Its own ways to credentials, through proxies and into kubeconfigs; cluster/credentials, cluster/proxy and cluster/kubeconfig are used instead.
  '@kubernetes/client-node openid-client': `export const discovery = ${refuse('openid-client')}; export const refreshTokenGrant = discovery; export const customFetch = 0;`,
  '@kubernetes/client-node hpagent': `export const HttpProxyAgent = ${refuse('hpagent')}; export const HttpsProxyAgent = HttpProxyAgent;`,
  '@kubernetes/client-node socks-proxy-agent': `export const SocksProxyAgent = ${refuse('socks-proxy-agent')};`,
  '@kubernetes/client-node socks': `export const SocksClient = ${refuse('socks')};`,
  '@kubernetes/client-node jsonpath-plus': `export const JSONPath = ${refuse('jsonpath-plus')};`,
  '@kubernetes/client-node rfc4648': `export const base64url = { parse: ${refuse('rfc4648')} };`,
  '@kubernetes/client-node js-yaml': `export const load = ${refuse('js-yaml')};`,
  // Checks the options of consumers and the like; there are only connections.
  '@platformatic/kafka ajv/dist/2020.js': `export class Ajv2020 { addKeyword() {} compile() { return ${refuse('ajv')}; } }`,
  // Starts commands that are programs of their own; loading it costs a tenth of the start.
  'commander node:child_process': `export default { spawn: ${refuse('commands of their own')} };`,
  // Certificates and requests, out of all that forge can do.
  'reconciler node-forge': `require('node-forge/lib/x509'); module.exports = require('node-forge/lib/forge');`,
};
const standIns = {
  name: 'stand-ins',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /./ }, ({ path, importer }) => {
      const key = `${packageOf(importer)?.name ?? 'reconciler'} ${path}`;
      return key in STAND_INS ? { path: key, namespace: 'stand-in' } : undefined;
    });
    onLoad({ filter: /./, namespace: 'stand-in' }, ({ path }) => ({ contents: STAND_INS[path], resolveDir: '.' }));
  },
};

/**
 * Of the Kafka client only its connection and a few codecs are used, but it does not say that the rest may be left out, and of what is
 * loaded on demand esbuild leaves out nothing. So it is told, and that part is bundled first, on its own.
 */
const kafkaClient = {
  name: 'kafka-client',
  setup: ({ onLoad }) =>
    onLoad({ filter: /cluster[\\/]kafka-library\.ts$/ }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        ...options,
        entryPoints: [path],
        format: 'cjs',
        write: false,
        plugins: [standIns, onlyWhatIsUsed],
      });
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

const { metafile, outputFiles } = await build({
  ...options,
  entryPoints: { [COMMAND]: 'reconciler/bin.ts' },
  // Cut at every `await import()`.
  format: 'esm',
  splitting: true,
  outdir: 'lib/bin',
  write: false,
  // Only the loading of kubeconfigs is used of the client; its thousand models are not.
  alias: { '@kubernetes/client-node': '@kubernetes/client-node/dist/config.js' },
  plugins: [standIns, kafkaClient],
  define: { KAFKA_TLS_VERSION: JSON.stringify(version) },
});
mkdirSync('lib/bin');
writeFileSync(`lib/bin/${COMMAND}.js`, await inOneFile(outputFiles, metafile.outputs));
chmodSync(`lib/bin/${COMMAND}.js`, 0o755);
writeFileSync('lib/bin/LICENSES.txt', licensesOf([...Object.values(metafile.outputs), ...outputs]));
console.log(`lib/bin/${COMMAND}.js: ${(statSync(`lib/bin/${COMMAND}.js`).size / 1e6).toFixed(2)} MB`);

/**
 * V8 parses all that a file holds, needed or not: a megabyte of code takes as long as the start of Node. Comments it skips. So what is
 * loaded on demand stands in comments, each piece in one, and is compiled when it is asked for.
 */
async function inOneFile(files, outputs) {
  const { imports } = outputs[`lib/bin/${COMMAND}.js`];
  const needed = imports.filter((i) => i.kind === 'import-statement' && !i.external).map((i) => basename(i.path));
  const [atOnce, onDemand] = [[], []];
  for (const { path, text } of files) {
    // A piece of its own: what it imports it asks the loader for.
    const { code } = await transform(text, { format: 'cjs', target: options.target, minify: true, supported: { 'dynamic-import': false } });
    const name = basename(path);
    if ([`${COMMAND}.js`, ...needed].includes(name)) atOnce.push(`'./${name}'(require, module, exports) {\n${inAscii(code)}}`);
    else onDemand.push(`'./${name}'() {/*\n${inComment(inAscii(code))}*/}`);
  }
  const start = `(${loader})(require, __filename, {\n${atOnce.join(',\n')}\n}, {\n${onDemand.join(',\n')}\n})('./${COMMAND}.js');`;
  return ['#!/usr/bin/env node', runtimeCheck, nodeCheck, start, ''].join('\n');
}

/** So that V8 keeps a character in a byte; esbuild leaves regular expressions as they are. */
function inAscii(code) {
  return code.replace(/[\x80-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The loader undoes it. */
function inComment(code) {
  if (code.includes('*~/')) throw new Error('a piece holds "*~/", which stands for the end of a comment');
  return code.replaceAll('*/', '*~/');
}

/** Stands in the bundle, and knows only what it is given: functions, and functions whose text is a comment that holds the real one. */
function loader(require, file, atOnce, onDemand) {
  const loaded = new Map();
  const compile = (name) => {
    const text = onDemand[name].toString();
    const code = text.slice(text.indexOf('/*') + 2, text.lastIndexOf('*/')).replaceAll('*~/', '*/');
    return require('node:vm').compileFunction(code, ['require', 'module', 'exports'], { filename: `${file}/${name.slice(2)}` });
  };
  return function load(name) {
    if (!name.startsWith('./')) return require(name);
    const known = loaded.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(name, module);
    (atOnce[name] ?? compile(name))(load, module, module.exports);
    return module.exports;
  };
}

/** The packages of a bundle as a table, then the text of each license: they ask to be passed on with the code. */
function licensesOf(outputs) {
  const inputs = outputs.flatMap((o) => Object.entries(o.inputs)).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const folders = new Set(inputs.flatMap(([file]) => packageOf(file)?.folder ?? []));
  const packages = [...folders]
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { ignorePunctuation: true }));
  const width = (key) => Math.max(...packages.map((p) => p[key].length));
  const row = (p) => `  ${p.name.padEnd(width('name'))}    ${p.version.padEnd(width('version'))}   ${p.license}`;
  const texts = packages.map(({ name, folder }) => `${'-'.repeat(80)}\n${name}\n\n${licenseText(folder)}\n`);
  return [...packages.map(row), '', ...texts].join('\n');
}

/** Folder and name of the package that a file belongs to. */
function packageOf(file) {
  const [folder, name] = /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file) ?? [];
  return folder === undefined ? undefined : { folder, name: name.replace('\\', '/') };
}

function licenseText(folder) {
  const files = readdirSync(folder).filter((f) => /^(licen[cs]e|copying|notice)/i.test(f));
  if (files.length === 0) return 'The package holds no license text.';
  return files.map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim()).join('\n\n');
}
