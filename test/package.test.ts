/**
 * What is published: which files, what they load, what they contain. Looks at lib/ as `npm run build` left it; what needs a registry is
 * in test/consumer.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { expectGolden } from './support/golden';

const COMMAND = 'lib/bin/kafka-tls.js';
const elsewhere = mkdtempSync(path.join(tmpdir(), 'kafka-tls-package-'));
after(() => rmSync(elsewhere, { recursive: true, force: true }));

describe('the package', () => {
  test('holds the constructs with their types, the command, and nothing else', () => {
    const compiled = sourcesOf('constructs').flatMap((file) => ['js', 'd.ts'].map((end) => `lib/${file.replace(/ts$/, end)}`));
    const papers = ['CHANGELOG.md', 'LICENSE', 'NOTICE', 'README.md', 'package.json'];
    assert.deepEqual(packed(), [...papers, ...compiled, COMMAND, 'lib/bin/LICENSES.txt'].sort());
  });

  test('loads neither reconciler, nor client, nor the command cdk8s when its constructs are imported', () => {
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

  test('has types that compile where library types are checked and lib is es2016', () => {
    const user = path.join(elsewhere, 'user.ts');
    writeFileSync(user, `export * from '${path.resolve('lib/constructs/index')}';\n`);
    const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--lib', 'es2016', '--module', 'node16'];
    // The peers' own types want Node's globals; they are in every project of the cdk8s template, too.
    const types = ['--types', 'node', '--typeRoots', path.resolve('node_modules/@types')];
    const compiled = node(['node_modules/typescript/bin/tsc', '--ignoreConfig', user, ...options, ...types]);
    assert.equal(compiled.stdout, '');
    assert.equal(compiled.status, 0, compiled.stderr);
  });

  test('names every bundled package with its licence in NOTICE', () => {
    const [bundled = ''] = readFileSync('lib/bin/LICENSES.txt', 'utf8').split(/^-{80}$/m);
    expectGolden('NOTICE', `${NOTICE}${bundled.trimEnd()}\n`);
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
  assert.deepEqual(packed(clone, []), packed());
});

describe('the command', () => {
  const command = path.join(elsewhere, 'kafka-tls.js');
  copyFileSync(COMMAND, command);

  test('is one executable file that runs anywhere', () => {
    const run = node([command, '--version'], elsewhere);
    assert.deepEqual([run.stdout.trim(), run.stderr, run.status], [(json('package.json') as { version: string }).version, '', 0]);
    assert.ok(statSync(COMMAND).mode & 0o100, 'it is not executable');
  });

  test('says in one sentence that a Node is too old for it', () => {
    const run = node(['--import', PRETEND_NODE_20, command, '--version'], elsewhere);
    assert.match(run.stderr, /^kafka-tls: Node 20\.20\.2 is running, \d+ or newer is needed\.\n$/);
    assert.equal(run.status, 2);
  });

  for (const [runtime, version] of [
    ['Bun', '1.3.4'],
    ['Deno', '2.6.0'],
  ] as const) {
    test(`says in one sentence that it does not run on ${runtime}`, () => {
      const imitation = `data:text/javascript,Object.defineProperty(process.versions,"${runtime.toLowerCase()}",{value:"${version}"})`;
      const run = node(['--import', imitation, command, '--version'], elsewhere);
      assert.match(run.stderr, new RegExp(`^kafka-tls: runs on Node, \\d+ or newer; this is ${runtime} ${version}\\.\n$`));
      assert.deepEqual([run.stdout, run.status], ['', 2]);
    });
  }

  test('reads a kubeconfig with the client that is inside', () => {
    const kubeconfig = path.join(elsewhere, 'kubeconfig');
    // Port 1 of this machine: nobody listens there, which is told at once.
    const cluster = { name: 'c', cluster: { server: 'https://127.0.0.1:1' } };
    const context = { name: 'c', context: { cluster: 'c', user: 'u' } };
    writeFileSync(
      kubeconfig,
      JSON.stringify({ clusters: [cluster], users: [{ name: 'u', user: { token: 't' } }], contexts: [context], 'current-context': 'c' }),
    );
    const run = node([command, 'observe', '--kubeconfig', kubeconfig, '-f', path.resolve('examples/quickstart/expected.yaml')], elsewhere);
    assert.match(run.stderr, /127\.0\.0\.1:1/);
    assert.doesNotMatch(run.stderr, /\n\s+at /);
    assert.equal(run.status, 4);
  });
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
    const run = node(['--import', PRETEND_NODE_20, path.resolve('build.mjs')], elsewhere);
    assert.match(run.stderr, /^node: version 20\.20\.2 is running, \d+ is needed: .*--ignore-scripts.*\n$/);
    assert.equal(run.status, 2);
  });
});

const PRETEND_NODE_20 = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})`;

const NOTICE = `cdk8s-kafka-tls
Licensed under the Apache License, Version 2.0; see LICENSE.

The command, ${COMMAND}, is one file that contains the packages below, each under its own license.
The full texts are published beside it, in lib/bin/LICENSES.txt.

`;

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

function node(args: readonly string[], cwd = process.cwd()) {
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
}

function sourcesOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((f) => f.endsWith('.ts')).map((f) => path.posix.join(folder, f.split(path.sep).join('/')));
}

function json(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
