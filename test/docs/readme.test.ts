/**
 * The README: its length and order, its code, the plan that the code gives, and its commands. The tutorial: its files lead where it says.
 *
 * The app of the README runs as a user's file does, in Node, from a folder inside this package, where it can import the package by its name. The
 * sandbox, `kafka-tls` and `cdk8s` are real; docker, npm and git are stand-ins that record how they were called.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { nextSecond } from '../../examples/demo';
import { DemoInProcess } from '../support/demo-in-process';
import { expectTranscript } from '../support/transcript';

const ROOT = process.cwd();
const readme = readFileSync('README.md', 'utf8');
const section = (title: string) => new RegExp(`^## ${title}\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(readme)?.[1] ?? '';
const commandsIn = (title: string) =>
  [...section(title).matchAll(/^ {4}(.+)$/gm)].map(([, command = '']) => command.replace(/ {3,}.*$/, ''));
const bullets = (title: string) => section(title).match(/^- /gm)?.length;

test('the README has at most 700 words, one small picture, and this order', () => {
  assert.ok(readme.split(/\s+/).filter(Boolean).length <= 700);
  const pictures = [...readme.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file = '']) => file);
  assert.equal(pictures.length, 1);
  assert.ok(statSync(pictures[0] ?? '').size < 150_000);
  const titles = [...readme.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  assert.deepEqual(titles, ['Try it', 'Write it', 'Install it', 'What it promises', 'How it compares', 'Limits']);
  assert.ok(readme.indexOf("with KubeDB's own") < readme.indexOf('## Try it'), 'the status is on the first screen');
});

test('five promises, each with its executors and its proof, and five limits', () => {
  assert.equal(bullets('What it promises'), 5);
  for (const [promise] of section('What it promises').matchAll(/^- [\s\S]*?(?=^- |(?![\s\S]))/gm)) {
    assert.match(promise, /\((both|`native`)/);
    assert.match(promise, /\[Proof\]\(test\/\S+\.ts\)/);
  }
  assert.equal(bullets('Limits'), 5);
});

test('the status names what was tried, with the versions of the page about proof', () => {
  const proof = readFileSync('docs/explanation/proof.md', 'utf8');
  const versions = (what: string) => (new RegExp(`^\\| ${what} \\| (.*?) \\|`, 'm').exec(proof)?.[1] ?? '').split(', ');
  const status = readme.slice(0, readme.indexOf('## Try it'));
  for (const what of ['Kubernetes', 'cert-manager', 'Kafka'])
    for (const version of versions(what)) {
      const minor = version.split('.').slice(0, 2).join('.');
      assert.ok(
        new RegExp(`${what}[^,]*(, [\\d.]+ and | | and )?[^.]*\\b${minor.replace('.', '\\.')}\\b`).test(status.replace(/\n> /g, ' ')),
        `${what} ${minor}`,
      );
    }
});

test('CI runs the commands to try', () => {
  const ci = readFileSync('.ci/run', 'utf8');
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [quickstart, tests] = commandsIn('Try it');
  assert.equal(quickstart, 'npm ci && npm run quickstart');
  assert.match(ci, /^npm ci\nnpm run quickstart\n/m);
  assert.equal(tests, 'npm test');
  assert.match(scripts.check, /^npm test /);
  assert.match(ci, /^npm run check$/m);
});

describe('the app of the README, on a Kafka with older certificates', () => {
  const folder = mkdtempSync(path.join(ROOT, 'lib', 'readme-'));
  const demo = new DemoInProcess(folder);
  let present = '';
  after(async () => {
    await demo.close();
    rmSync(folder, { recursive: true, force: true });
  });
  before(async () => {
    const [, app = ''] = /```ts\n([\s\S]*?)```/.exec(section('Write it')) ?? [];
    assert.ok(app.trim().split('\n').length <= 16, 'the app is short');
    writeFileSync(path.join(folder, 'cdk8s.yaml'), 'app: node app.mts\n');
    await demo.run(({ yesterday }) => yesterday());
    rmSync(path.join(folder, 'dist'), { recursive: true });
    assert.ok(app.includes(INSTANT));
    present = await nextSecond();
    writeFileSync(path.join(folder, 'app.mts'), app.replace(INSTANT, present));
  });

  test('gives the plan of the README', async () => {
    const synth = await run('npx cdk8s synth', folder);
    assert.equal(synth.status, 0, synth.output);
    demo.printed = '';
    await demo.run(({ kafkaTls }) => kafkaTls('plan'));
    // The certificates of the sandbox are new; those of the README are older than its instant.
    const shown = demo.printed.replaceAll(present, INSTANT).replaceAll(/issued \d\S+Z/g, 'issued 2026-08-25T07:12:40Z');
    expectTranscript('README.md', shown);
  });

  test('is installed by the commands of the README', async () => {
    rmSync(path.join(folder, 'dist'), { recursive: true, force: true });
    const all = commandsIn('Install it');
    assert.equal(all.length, 5);
    const outputs: string[] = [];
    for (const command of all) {
      const { status, output } = await run(command, folder);
      assert.equal(status, 0, `${command}\n${output}`);
      outputs.push(output);
    }
    assert.match(
      outputs[0] ?? '',
      /^docker build -t registry\.example\/kafka-tls \.\.\/cdk8s-kafka-tls\ndocker push registry\.example\/kafka-tls\n$/,
    );
    assert.match(outputs[1] ?? '', /^npm install cdk8s cdk8s-cli constructs cdk8s-kafka-tls-0\.1\.0\.tgz\n$/);
    assert.match(outputs[2] ?? '', /dist\/orders\.k8s\.yaml/);
    assert.match(outputs[3] ?? '', /^Kafka\/demo\/orders {2}TLS: on/);
    assert.match(outputs[4] ?? '', /^git add dist\ngit commit -m /);
  });
});

/** The instant in the code of the README. */
const INSTANT = '2026-11-23T09:00:00Z';

describe('the tutorial', () => {
  const tutorial = readFileSync('docs/tutorial.md', 'utf8');
  const [, app = ''] = /```ts\n([\s\S]*?)```/.exec(tutorial) ?? [];
  const [kafka = '', config = ''] = [...tutorial.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const lines = [...tutorial.matchAll(/^ {4}(acknowledge: .*|issuedAfter: .*)$/gm)].map(([, line = '']) => line);
  const folder = mkdtempSync(path.join(ROOT, 'lib', 'tutorial-'));
  const demo = new DemoInProcess(folder);
  after(async () => {
    await demo.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const synthesise = async (text: string) => {
    writeFileSync(path.join(folder, 'app.mts'), text);
    const { status, output } = await run('npx cdk8s synth', folder);
    assert.equal(status, 0, output);
  };

  test('leads from a refused plan to TLS, a rotation without a restart, and nothing to do', async () => {
    writeFileSync(path.join(folder, 'kafka.yaml'), kafka);
    writeFileSync(path.join(folder, 'cdk8s.yaml'), config.replace('app.ts', 'app.mts'));
    await demo.run(({ sandbox }) => sandbox('--file', path.join(folder, 'kafka.yaml')));

    await synthesise(app);
    const refused = await run('npx kafka-tls plan', folder);
    assert.equal(refused.status, 2);
    const [acknowledge = '', issuedAfter = ''] = lines;
    assert.ok(refused.output.includes(acknowledge.replace(/,$/, '')), 'the plan prints the line that the tutorial adds');

    const approved = app
      .replace('{ KafkaCluster', '{ Acknowledgement, KafkaCluster')
      .replace('selfSignedCa(),', `selfSignedCa(),\n    ${acknowledge}`);
    await synthesise(approved);
    const { printed } = await commands('plan', 'apply', 'verify');
    assert.match(printed, /Verified: 6 listeners of 6 pods, each serves what its Secret holds/);

    const present = issuedAfter.replace(/'.*'/, `'${await nextSecond()}'`);
    assert.notEqual(present, issuedAfter);
    await synthesise(approved.replace(acknowledge, `${acknowledge}\n    ${present}`));
    assert.match((await commands('apply')).printed, /6 nodes loaded the new certificate, 0 restarts\n$/);
    assert.match((await commands('apply')).printed, /finished: nothing to do\n$/);
  });

  const commands = async (...names: readonly string[]) => {
    demo.printed = '';
    await demo.run(async ({ kafkaTls }) => {
      for (const name of names) await kafkaTls(name);
    });
    return demo;
  };
});

/** Runs a command line; `npx` starts the programs of this project. */
async function run(command: string, cwd: string): Promise<{ readonly status: number | null; readonly output: string }> {
  const bin = path.join(cwd, 'stand-ins');
  mkdirSync(bin, { recursive: true });
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const recorded = 'echo "$(basename "$0")" "$@"';
  const scripts: Readonly<Record<string, string>> = {
    docker: recorded,
    git: recorded,
    npm: `if [ "$1" = pack ]; then echo cdk8s-kafka-tls-${version}.tgz; else ${recorded}; fi`,
    npx: `case "$1" in cdk8s) shift; exec node "${ROOT}/node_modules/cdk8s-cli/bin/cdk8s" "$@" --no-check-upgrade ;; kafka-tls) shift; exec node "${ROOT}/lib/bin/kafka-tls.js" "$@" ;; esac; exit 127`,
  };
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  const env = {
    ...process.env,
    PATH: `${bin}${path.delimiter}${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`,
    KUBECONFIG: path.join(cwd, 'kubeconfig'),
  };
  const child = spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 600_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const [status] = await once(child, 'close');
  return { status, output };
}
