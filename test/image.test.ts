/**
 * The image, without anything to build it with: what the Dockerfile says, and its last stage copied into an empty folder, where the command
 * runs with nothing around it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

const stages = stagesOf(readFileSync('Dockerfile', 'utf8'));
const last = stages.at(-1) ?? [];
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: Record<string, string> };

/** What the last stage copies out of the build stage: from there, to here. */
const copies = all(last, 'COPY').flatMap((rest) => {
  const words = rest.split(/\s+/);
  assert.equal(words[0], '--from=build', `COPY ${rest}: not from the build stage`);
  const target = words.at(-1) ?? '';
  return words
    .slice(1, -1)
    .map((source) => ({ source: source.replace(/^\/src\//, ''), to: path.posix.join(target, path.posix.basename(source)) }));
});
const entrypoint = JSON.parse(only(last, 'ENTRYPOINT')) as readonly string[];

describe('the Dockerfile', () => {
  test('builds and runs on the Node that the tests run on', () => {
    const images = stages.map((stage) => only(stage, 'FROM').split(' ')[0]);
    assert.deepEqual(new Set(images), new Set([`node:${devDependencies.node}-slim`]));
  });

  test('runs as the user of the Job, by number', () => {
    const { runAsUser } = jobSecurity();
    assert.notEqual(runAsUser, 0);
    assert.equal(only(last, 'USER'), `${runAsUser}:${runAsUser}`);
  });

  test('copies one file that runs, and the licences', () => {
    assert.deepEqual(
      copies.map(({ source }) => source),
      ['lib/bin/kafka-tls.js', 'lib/bin/LICENSES.txt', 'LICENSE', 'NOTICE'],
    );
    for (const { source } of copies) assert.ok(statSync(source).isFile(), `${source} is not there after a build`);
    assert.equal(entrypoint.at(-1), copies[0]?.to);
    assert.deepEqual(all(last, 'RUN'), []);
  });

  test('builds from what Git has: nothing built or installed here gets in', () => {
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
    for (const folder of ['node_modules', 'lib', 'dist', '.git']) assert.ok(ignored.includes(folder), `${folder} gets in`);
  });
});

describe('its command, with an empty file system around it', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'kafka-tls-image-'));
  const bundle = path.join(root, 'bundle.yaml');
  const kubeconfig = path.join(root, 'kubeconfig');
  const cwd = path.join(root, 'empty');
  for (const { source, to } of copies) {
    mkdirSync(path.join(root, path.dirname(to)), { recursive: true });
    copyFileSync(source, path.join(root, to));
  }
  copyFileSync('examples/quickstart/expected.yaml', bundle);
  // Port 1 of this machine: nobody listens there, which is told at once.
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  mkdirSync(cwd);
  chmodSync(cwd, 0o555);
  after(() => rmSync(root, { recursive: true, force: true }));

  /** As the image starts it, with no environment at all. */
  const run = (...args: readonly string[]) => {
    const argv = [...entrypoint.slice(1, -1), path.join(root, entrypoint.at(-1) ?? ''), ...args];
    return spawnSync(process.execPath, argv, { cwd, env: {}, encoding: 'utf8', input: '' });
  };

  const cases: readonly { readonly args: readonly string[]; readonly status: number; readonly stdout: RegExp; readonly stderr: RegExp }[] =
    [
      { args: ['--version'], status: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: /^$/ },
      { args: JSON.parse(only(last, 'CMD')), status: 0, stdout: /^Usage: kafka-tls <command>/, stderr: /^$/ },
      { args: ['render', '-f', bundle], status: 0, stdout: /^kind: Certificate$/m, stderr: /^$/ },
      { args: ['plan', '-f', bundle, '--base', bundle], status: 0, stdout: /^Nothing to do\.$/m, stderr: /^$/ },
      { args: ['verify', '-f', bundle, '--kubeconfig', kubeconfig, '--timeout', '20m'], status: 4, stdout: /^$/, stderr: /127\.0\.0\.1:1/ },
    ];

  for (const { args, status, stdout, stderr } of cases) {
    test(`runs ${args.filter((a) => !a.startsWith('/')).join(' ')}`, () => {
      const ran = run(...args);
      assert.match(ran.stderr, stderr);
      assert.match(ran.stdout, stdout);
      assert.doesNotMatch(ran.stderr, /\n\s+at /);
      assert.equal(ran.status, status);
    });
  }
});

function jobSecurity(): { readonly runAsUser: number } {
  const text = readFileSync('examples/quickstart/expected.yaml', 'utf8');
  return { runAsUser: Number(/runAsUser: (\d+)/.exec(text)?.[1]) };
}

/** Instructions by stage; a line that ends in a backslash goes on. */
function stagesOf(text: string): readonly (readonly Instruction[])[] {
  const lines = text.replace(/\\\n/g, ' ').split('\n');
  const found: Instruction[][] = [];
  for (const line of lines) {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) continue;
    if (name === 'FROM') found.push([]);
    found.at(-1)?.push({ name, rest });
  }
  return found;
}

function all(stage: readonly Instruction[], name: string): readonly string[] {
  return stage.filter((i) => i.name === name).map((i) => i.rest);
}

function only(stage: readonly Instruction[], name: string): string {
  const [first, ...more] = all(stage, name);
  assert.ok(first !== undefined && more.length === 0, `${name} is there ${more.length + (first === undefined ? 0 : 1)} times`);
  return first;
}
