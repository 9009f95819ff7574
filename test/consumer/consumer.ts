/**
 * What happens at a user's: the packed tarball is installed from the registry's packages into the project that `cdk8s init typescript-app`
 * makes; there tsc, jest and `cdk8s synth` pass, on both Nodes we promise. ES modules, in JavaScript and TypeScript, import it, too.
 *
 * Works in a folder outside the tree, which is removed at the end. Needs a registry: without one it says so, and fails where CI is set.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeTemplate } from './template';

/** The oldest Node that is promised; the newer one is that which runs this. */
const OLDER_NODE = '22.23.3';

const IMPORTS = `import { Acknowledgement, KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';`;
const RESOURCES = (scope: string) => `new KafkaTls(${scope}, 'orders', {
  cluster: KafkaCluster.existing('orders'),
  tls: Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: [Acknowledgement.clientsMoveToTls()] }),
  job: { image: 'registry.example/kafka-tls@sha256:${'0f'.repeat(32)}' },
});`;

/** Valid as JavaScript and as TypeScript. */
const MODULE = `import { App, Chart } from 'cdk8s';
${IMPORTS}

const app = new App();
const chart = new Chart(app, 'app', { namespace: 'demo' });
${RESOURCES('chart')}
app.synth();
`;

const MODULES = { esm: 'an ES module in JavaScript ("type": "module")', node16: 'TypeScript with "module": "node16"' };

const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'kafka-tls-consumer-')));
const at = (...names: string[]) => path.join(place, ...names);
const nodes = { 'Node 22': at('older/node_modules/node/bin'), 'Node 24': path.dirname(process.execPath) };
const unreachable = whyUnreachable();
const isRequired = (process.env.CI ?? '') !== '' && process.env.CI !== 'false';

after(() => rmSync(place, { recursive: true, force: true }));

if (unreachable !== undefined && isRequired) test('the registry answers', () => assert.fail(unreachable));

describe('the packed tarball at a user', { skip: unreachable ?? false }, () => {
  before(() => {
    run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', place], process.cwd());
    const { name, version } = json('package.json') as { name: string; version: string };
    writeTemplate(at('app'), { imports: IMPORTS, resources: RESOURCES('this') });
    install(at('app'), at(`${name}-${version}.tgz`));
    write('older/package.json', JSON.stringify({ private: true, allowScripts: { node: true } }));
    install(at('older'), `node@${OLDER_NODE}`);
  });

  for (const [name, bin] of Object.entries(nodes)) {
    describe(`${name}, in the project of cdk8s init typescript-app`, () => {
      test('is what runs', () => assert.match(run('node', ['--version'], at('app'), bin), new RegExp(`^v${name.slice(5)}\\.`)));

      test('tsc compiles it, library types checked', () => {
        run('npm', ['run', 'compile', '--', '--force'], at('app'), bin);
      });

      test('jest passes, with the bundle in the snapshot', () => {
        run('npm', ['test', '--', '--ci=false', '--updateSnapshot'], at('app'), bin);
        assert.match(readFileSync(at('app/__snapshots__/main.test.ts.snap'), 'utf8'), /"desired\.yaml": /);
      });

      test('cdk8s synth writes bundle and Job', () => {
        run('npm', ['run', 'synth', '--', '--no-check-upgrade', '--output', at(name)], at('app'), bin);
        const manifests = readFileSync(at(name, 'app.k8s.yaml'), 'utf8');
        for (const kind of ['ConfigMap', 'Job', 'CronJob', 'ServiceAccount', 'Role', 'RoleBinding'])
          assert.match(manifests, new RegExp(`^kind: ${kind}$`, 'm'));
      });

      test('the command runs', () => assert.match(run('npx', ['--no-install', 'kafka-tls', '--help'], at('app'), bin), /\bapply\b/));

      for (const kind of ['esm', 'node16'] as const)
        test(`${MODULES[kind]} imports it`, () => assert.match(runModule(kind, bin), /^kind: Job$/m));
    });
  }

  test('every Node and every module kind writes the same bytes', () => {
    const [older, newer] = Object.keys(nodes).map((name) => readFileSync(at(name, 'app.k8s.yaml'), 'utf8'));
    assert.equal(older, newer);
    assert.equal(runModule('esm', nodes['Node 22']), runModule('node16', nodes['Node 24']));
  });

  test('a mistake is a compile error that says what is meant', () => {
    write('wrong/app.cts', MODULE.replace('issuer:', 'isuer:'));
    assert.match(compile('wrong').stdout, /'isuer' does not exist .*Did you mean to write 'issuer'/);
  });
});

/** Runs the app as an ES module and returns the manifests that it writes. */
function runModule(kind: keyof typeof MODULES, bin: string): string {
  if (kind === 'esm') {
    write('esm/package.json', JSON.stringify({ type: 'module' }));
    write('esm/app.js', MODULE);
  } else {
    write('node16/app.mts', MODULE);
    write('node16/also.cts', MODULE);
    const { stdout, status } = compile('node16');
    assert.equal(status, 0, stdout);
    run('node', ['also.cjs'], at(kind), bin);
  }
  run('node', [kind === 'esm' ? 'app.js' : 'app.mjs'], at(kind), bin);
  return readFileSync(at(kind, 'dist/app.k8s.yaml'), 'utf8');
}

/** Compiles a folder with the template's TypeScript, module node16. */
function compile(folder: string) {
  write(
    `${folder}/tsconfig.json`,
    JSON.stringify({ compilerOptions: { module: 'node16', target: 'es2022', lib: ['es2022'], strict: true } }),
  );
  return spawnSync(process.execPath, [at('app/node_modules/typescript/bin/tsc'), '-p', at(folder)], { encoding: 'utf8' });
}

/** Writes a file; its folder finds the packages that the app has installed. */
function write(file: string, text: string): void {
  const folder = path.dirname(at(file));
  if (mkdirSync(folder, { recursive: true }) !== undefined && !file.startsWith('older/'))
    symlinkSync(at('app/node_modules'), `${folder}/node_modules`);
  writeFileSync(at(file), text);
}

function install(folder: string, what: string): void {
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', what], folder);
}

/** Runs a command to its end and returns what it printed; `bin` is the folder of the Node to use. */
function run(command: string, args: readonly string[], cwd: string, bin = nodes['Node 24']): string {
  // The project's own tools must not stand in for the template's.
  const rest = (process.env.PATH ?? '').split(path.delimiter).filter((p) => !p.startsWith(path.resolve('node_modules')));
  const env = { ...process.env, PATH: [bin, ...rest].join(path.delimiter), CI: 'true' };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  assert.equal(status, 0, `${command} ${args.join(' ')}: exit code ${status}: ${error?.message ?? ''}\n${stdout}${stderr}`);
  return stdout;
}

function whyUnreachable(): string | undefined {
  const asked = ['view', 'constructs', 'version', '--fetch-retries=0', '--fetch-timeout=10000', '--prefer-online', '--json'];
  const { status, stdout } = spawnSync('npm', asked, { encoding: 'utf8' });
  if (status === 0) return undefined;
  const code = /"code": "(\w+)"/.exec(stdout)?.[1] ?? `exit code ${status}`;
  return `npm registry: not reachable: ${code}. This test installs packages from it.`;
}

function json(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
