/**
 * The published package: its files, the modules they load, and the command as users and the image start it. Reads lib/ as `npm run build`
 * left it. Tests that need a registry are in test/consumer.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { build } from 'esbuild';

const elsewhere = mkdtempSync(path.join(tmpdir(), 'kafka-tls-package-'));
after(() => rmSync(elsewhere, { recursive: true, force: true }));

describe('the package', () => {
  test('holds the constructs with their types, the command, and nothing else', () => {
    const compiled = sourcesOf('constructs').flatMap((file) => ['js', 'd.ts'].map((end) => `lib/${file.replace(/ts$/, end)}`));
    const papers = ['CHANGELOG.md', 'LICENSE', 'NOTICE', 'README.md', 'package.json'];
    const command = [
      'kafka-tls.js',
      'sandbox.js',
      'package.json',
      'LICENSES.txt',
      ...readdirSync('lib/bin/chunks').map((f) => `chunks/${f}`),
    ];
    assert.deepEqual(packed(), [...papers, ...compiled, ...command.map((f) => `lib/bin/${f}`)].sort());
  });

  test('loads no reconciler, no Kubernetes client and no cdk8s command when its constructs are imported', () => {
    const script = `require('cdk8s-kafka-tls'); console.log(JSON.stringify(Object.keys(require.cache)));`;
    const files = (JSON.parse(node(['-e', script]).stdout) as string[]).map((f) => path.relative(process.cwd(), f));
    const own = files.filter((f) => !f.startsWith('node_modules'));
    assert.deepEqual(
      own.filter((f) => !f.startsWith(path.join('lib', 'constructs'))),
      [],
    );
    const { dependencies, peerDependencies } = json('package.json') as Record<string, Record<string, string>>;
    const packages = new Set(files.flatMap((f) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(f)?.[1] ?? []));
    const allowed = Object.keys({ ...dependencies, ...peerDependencies });
    assert.deepEqual(
      [...packages].filter((name) => !allowed.includes(name)),
      [],
    );
  });

  test('holds the licence of every package that the command contains', async () => {
    const licences = readFileSync('lib/bin/LICENSES.txt', 'utf8');
    const named = licences.split(`\n${'-'.repeat(80)}\n`).map((text) => text.slice(0, text.indexOf(' ')));
    assert.match(licences, /^@kubernetes\/client-node \S+, Apache-2\.0\n\nApache License\n/);
    // The command is stripped of comments. Bundled with them, each file of a package is announced by its path.
    const entryPoints = ['reconciler/bin.ts', 'reconciler/cli/sandbox-process.ts'];
    const options = { bundle: true, splitting: true, format: 'esm', platform: 'node' } as const;
    const conditions = ['source', 'module'];
    const { outputFiles } = await build({ ...options, conditions, entryPoints, outdir: elsewhere, write: false, logLevel: 'error' });
    const bundled = new Set(
      outputFiles.flatMap(({ text }) => [...text.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)/gm)].map(([, name]) => name)),
    );
    assert.ok(bundled.has('@kubernetes/client-node'), 'the bundle does not name its packages');
    assert.deepEqual(
      [...bundled].filter((name) => !named.includes(name ?? '')),
      [],
    );
  });
});

test('npm pack builds what it packs, also in a clone that was never built', () => {
  const clone = path.join(elsewhere, 'clone');
  for (const part of [
    'constructs',
    'reconciler',
    'examples',
    'build.mjs',
    'tsconfig.json',
    'package.json',
    'README.md',
    'CHANGELOG.md',
    'NOTICE',
    'LICENSE',
  ])
    cpSync(part, path.join(clone, part), { recursive: true });
  symlinkSync(path.resolve('node_modules'), path.join(clone, 'node_modules'));
  // The names of chunks hold a hash of their content, and the content names the folder of node_modules.
  const withoutHash = (file: string) => file.replace(/-[A-Z0-9]{8}\.js$/, '.js');
  assert.deepEqual(packed(clone, []).map(withoutHash), packed().map(withoutHash));
});

describe('the command', () => {
  /** What the image of the Job holds: the command without the sandbox's file, and nothing else. */
  const image = path.join(elsewhere, 'image');
  const command = path.join(image, 'kafka-tls.js');
  const readOnly = path.join(elsewhere, 'read-only');
  const bundle = path.resolve('examples/quickstart/expected.yaml');
  const kubeconfig = path.join(elsewhere, 'kubeconfig');
  cpSync('lib/bin', image, { recursive: true, filter: (file) => path.basename(file) !== 'sandbox.js' });
  mkdirSync(readOnly);
  chmodSync(readOnly, 0o555);
  // No process listens on port 1, so that the connection is refused at once.
  const cluster = { name: 'c', cluster: { server: 'https://127.0.0.1:1' } };
  const context = { name: 'c', context: { cluster: 'c', user: 'u' } };
  const user = { name: 'u', user: { token: 't' } };
  writeFileSync(kubeconfig, JSON.stringify({ clusters: [cluster], users: [user], contexts: [context], 'current-context': 'c' }));

  interface Case {
    readonly args: readonly string[];
    readonly status: number;
    readonly stdout?: RegExp;
    readonly stderr?: RegExp;
  }
  const cases: readonly Case[] = [
    { args: ['--version'], status: 0, stdout: /^\d+\.\d+\.\d+\n$/ },
    { args: ['--help'], status: 0, stdout: /^Usage: kafka-tls <command>/ },
    { args: ['render', '-f', bundle], status: 0, stdout: /^kind: Certificate$/m },
    { args: ['plan', '-f', bundle, '--base', bundle], status: 0, stdout: /^Nothing to do\.$/m },
    { args: ['verify', '-f', bundle, '--kubeconfig', kubeconfig, '--timeout', '20m'], status: 4, stderr: /127\.0\.0\.1:1/ },
    { args: ['sandbox'], status: 2, stderr: /^kafka-tls sandbox: this image does not contain the sandbox\.\nRun it from the npm package/ },
  ];
  for (const { args, status, stdout = /^$/, stderr = /^$/ } of cases) {
    test(`runs ${args.filter((a) => !path.isAbsolute(a)).join(' ')} as in the image: no environment, no other file, nothing writable`, () => {
      const run = node([command, ...args], readOnly, { TMPDIR: readOnly });
      assert.match(run.stderr, stderr);
      assert.match(run.stdout, stdout);
      assert.doesNotMatch(run.stderr, /\n\s+at /);
      assert.equal(run.status, status);
    });
  }

  test('is executable, and the image holds no code of the sandbox', () => {
    assert.ok(statSync('lib/bin/kafka-tls.js').mode & 0o100, 'the file is not executable');
    const chunks = readdirSync(path.join(image, 'chunks')).map((file) => readFileSync(path.join(image, 'chunks', file), 'utf8'));
    assert.deepEqual(
      chunks.flatMap((text) => text.match(/^\/\/ reconciler\/sandbox\/.*$/gm) ?? []),
      [],
    );
  });

  const oldest = Number.parseInt((json('package.json') as { engines: { node: string } }).engines.node.replace('>=', ''), 10);
  for (const { runtime, versions, refusal } of [
    { runtime: 'an old Node', versions: { node: '20.20.2' }, refusal: `Node 20.20.2 is running, ${oldest} or newer is needed.` },
    { runtime: 'Bun', versions: { bun: '1.3.4' }, refusal: `runs on Node, ${oldest} or newer; this is Bun 1.3.4.` },
    { runtime: 'Deno', versions: { deno: '2.6.0' }, refusal: `runs on Node, ${oldest} or newer; this is Deno 2.6.0.` },
  ]) {
    test(`refuses ${runtime} in one sentence`, () => {
      const run = node(['--import', pretend(versions), command, '--version']);
      assert.deepEqual([run.stdout, run.stderr, run.status], ['', `kafka-tls: ${refusal}\n`, 2]);
    });
  }
});

describe('an installation', () => {
  test('finds every platform of every tool in the lockfile, and no address of a registry', () => {
    const { packages } = json('package-lock.json') as { packages: Record<string, LockedPackage> };
    const wanted = Object.values(packages).flatMap((p) => Object.keys(p.optionalDependencies ?? {}));
    assert.deepEqual(
      wanted.filter((name) => !Object.keys(packages).some((place) => place.endsWith(`node_modules/${name}`))),
      [],
    );
    assert.deepEqual(
      Object.entries(packages).filter(([, p]) => p.resolved !== undefined),
      [],
    );
  });

  test('is refused in one sentence where install scripts were off and an old Node runs', () => {
    writeFileSync(path.join(elsewhere, 'package.json'), readFileSync('package.json'));
    const run = node(['--import', pretend({ node: '20.20.2' }), path.resolve('build.mjs')], elsewhere);
    assert.match(run.stderr, /^node: version 20\.20\.2 is running, \d+ is needed: .*--ignore-scripts.*\n$/);
    assert.equal(run.status, 2);
  });
});

/** Returns the flag value that makes a Node report these versions. */
function pretend(versions: Readonly<Record<string, string>>): string {
  return `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,...${JSON.stringify(versions)}}})`;
}

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function packed(cwd = process.cwd(), flags = ['--ignore-scripts']): string[] {
  const run = spawnSync('npm', ['pack', '--dry-run', '--json', ...flags], { cwd, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const [{ files }] = JSON.parse(run.stdout) as [{ files: { path: string }[] }];
  return files.map((f) => f.path).sort();
}

function node(args: readonly string[], cwd = process.cwd(), env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8', input: '' });
}

function sourcesOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((f) => f.endsWith('.ts')).map((f) => path.posix.join(folder, f.split(path.sep).join('/')));
}

function json(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
