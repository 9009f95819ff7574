/**
 * Every example synthesises to its expected.yaml, and its demo ends well and prints what its README shows. The apps import the package by
 * its name, so it has to be in lib/. The quickstart runs the bundled command in processes, as a user does; the other demos run the same
 * commands in this process, over HTTPS as well. Time is real here.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Script } from '../../examples/demo';
import { DemoInProcess, synthesise } from '../support/demo-in-process';
import { expectGolden } from '../support/golden';
import { expectTranscript } from '../support/transcript';

const ROOT = process.cwd();
const LIB = path.join(ROOT, 'lib/examples');
const skip = existsSync(path.join(ROOT, 'lib/bin/kafka-tls.js')) ? false : 'lib/ is not built';

/** What each demo promises at its end. */
const EXAMPLES: Readonly<Record<string, string>> = {
  adopt: 'each serves what its Secret holds.',
  'change-issuer': 'each serves what its Secret holds.',
  quickstart: 'each serves what its Secret holds.',
  'remove-tls': 'each serves plaintext.',
  rotate: 'each serves what its Secret holds.',
};

/** What has no demo, since it needs what is not here: `test/examples/` runs what can be run of it. */
const WITHOUT_DEMO = ['argocd', 'flux', 'github-actions'];
/** One Kafka each, and so one file. */
const SYNTHESISED = [...Object.keys(EXAMPLES), 'argocd', 'flux'];

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a compiled script of `examples/`; one that hangs is told to end, and so are its own processes. */
function start(script: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { NODE_TEST_CONTEXT: _, CDK8S_OUTDIR: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [path.join(LIB, script), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 600_000,
    env: { ...inherited, ...env },
  });
  const written = { stdout: '', stderr: '' };
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, ...written }));
  child.stderr.on('data', (chunk) => {
    written.stderr += chunk;
  });
  /** Resolves with the first match in the output; rejects if the process ends without one. */
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      child.stdout.on('data', () => {
        const match = pattern.exec(written.stdout);
        if (match !== null) resolve(match);
      });
      child.once('close', () => reject(new Error(`${script} did not print ${pattern}:\n${written.stdout}${written.stderr}`)));
    });
  child.stdout.on('data', (chunk) => {
    written.stdout += chunk;
  });
  return { child, ended, printed };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
  socket.destroy();
  return answer;
}

test('every example is known to this test', () => {
  const folders = readdirSync(path.join(ROOT, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(folders.map((entry) => entry.name).sort(), [...Object.keys(EXAMPLES), ...WITHOUT_DEMO].sort());
});

const source = (example: string, file: string) => readFileSync(path.join(ROOT, 'examples', example, file), 'utf8');

for (const example of SYNTHESISED) {
  test(`example ${example} synthesises to its expected.yaml`, { skip }, (t) => {
    const outdir = temporaryFolder(t);
    const warnings = t.mock.method(process.stderr, 'write', () => true);
    const files = synthesise(`${example}/app`, outdir);
    assert.deepEqual(
      warnings.mock.calls.map(({ arguments: [text] }) => text),
      [],
      'an example has nothing to warn of',
    );
    assert.equal(files.length, 1);
    expectGolden(`examples/${example}/expected.yaml`, readFileSync(path.join(outdir, files[0] ?? ''), 'utf8'));
  });
}

for (const example of [...Object.keys(EXAMPLES), ...WITHOUT_DEMO]) {
  test(`example ${example} is short enough to read at once`, () => {
    const lines = source(example, 'app.ts').split('\n').length;
    assert.ok(lines <= 40, `${lines} lines`);
  });
}

for (const example of Object.keys(EXAMPLES)) {
  test(`the README of example ${example} names the command that runs it`, () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    const [, script = '', name = script] = /npm run (\S+)(?: -- (\S+))?/.exec(source(example, 'README.md')) ?? [];
    assert.equal(name, example);
    assert.ok(scripts[script] !== undefined, `package.json has no script "${script}"`);
  });
}

/** The folder for temporary files, without Node's compile cache. */
function ownTmpdir(folder: string): Readonly<Record<string, string>> {
  return { TMPDIR: folder, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(tmpdir(), 'node-compile-cache') };
}

function expectTold(example: string, stdout: string): void {
  assert.ok(stdout.includes(`Verified: 6 listeners of 6 pods, ${EXAMPLES[example]}\n`), stdout);
  assert.match(stdout, /\n\$ kafka-tls apply\n\S+ Kafka\/demo\/orders finished: nothing to do\n/);
  expectTranscript(`examples/${example}/README.md`, stdout);
}

describe('the demo of an example', { concurrency: 3, skip }, () => {
  for (const example of Object.keys(EXAMPLES).filter((name) => name !== 'quickstart')) {
    test(`${example} ends with proof and nothing to do, as its README shows`, async (t) => {
      const { script }: { readonly script: Script } = require(path.join(LIB, example, 'run.js'));
      const demo = new DemoInProcess(temporaryFolder(t));
      try {
        await demo.run(script);
      } finally {
        await demo.close();
      }
      expectTold(example, demo.printed);
    });
  }

  test('quickstart ends with proof and nothing to do, as its README shows', async (t) => {
    const folder = temporaryFolder(t);
    const { exitCode, stdout, stderr } = await start('run.js', ['quickstart'], ownTmpdir(folder)).ended;
    assert.equal(exitCode, 0, stderr);
    assert.equal(stderr, '');
    expectTold('quickstart', stdout);
    assert.ok(stdout.trimEnd().split('\n').length < 90, 'a user can read it at once');
    assert.equal(stdout.match(/^ {2}CHANGE /gm)?.length, 2, 'each plan is printed once');
    const [, left = '', list = ''] = /^Look at (\S+):\n((?: {2}.*\n)+)$/m.exec(stdout) ?? [];
    assert.deepEqual(readdirSync(folder), [path.basename(left)], 'nothing else is left behind');
    const files = [...list.matchAll(/^ {2}(\S+) /gm)].map(([, file = '']) => file);
    assert.ok(files.length > 0);
    for (const file of files) assert.ok(existsSync(path.join(left, file)), file);
  });

  test('leaves no process and no file when it is interrupted', async (t) => {
    const folder = temporaryFolder(t);
    const { child, ended, printed } = start('run.js', ['quickstart'], ownTmpdir(folder));
    const [, port] = await printed(/https:\/\/127\.0\.0\.1:(\d+)/);
    await printed(/submitted: add/);
    assert.ok(await listens(Number(port)));
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await ended;
    assert.equal(exitCode, 130);
    assert.match(stderr, /^kafka-tls: ended before it was done: SIGINT was received\.\nGo on with: kafka-tls apply\n$/);
    assert.ok(!stdout.includes('$ kafka-tls verify'), 'it says no more');
    assert.equal(await listens(Number(port)), false);
    assert.deepEqual(readdirSync(folder), []);
  });

  test('that does not exist is answered with those that do', async () => {
    const { exitCode, stderr } = await start('run.js', ['rotat'], {}).ended;
    assert.equal(exitCode, 2);
    assert.equal(
      stderr,
      'There is no example "rotat". Choose from: adopt, change-issuer, quickstart, remove-tls, rotate.\nFor example: npm run example -- adopt\n',
    );
  });
});
