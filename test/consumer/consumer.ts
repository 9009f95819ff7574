/**
 * The package as its users install it: packed, installed into the project that `cdk8s init typescript-app` makes, and used there with the
 * template's own TypeScript, jest and synth, on Node 22 and 24. An ESM app and a TypeScript `module: node16` app import it, too.
 *
 * `npm run test:consumer`. It installs from the package registry into a temporary folder, which is removed at the end. Without a registry
 * that is said in one sentence: in CI it fails, elsewhere it is skipped.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = process.cwd();
const NODES = ['22.23.3', '24.21.0'];
const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-consumer-'));
const project = path.join(folder, 'app');
let passed = 0;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Run {
  readonly cwd?: string;
  /** Folder with the `node` to use. Default: the one that runs this. */
  readonly node?: string;
  readonly mayFail?: boolean;
}

/** Runs a command and returns its output; one that fails ends the test and shows what it printed. */
function run(
  command: string,
  args: readonly string[],
  { cwd = project, node = path.dirname(process.execPath), mayFail = false }: Run = {},
): string {
  // The project's own tools must not stand in for the template's.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const rest = (env.PATH ?? '').split(path.delimiter).filter((p) => !p.startsWith(path.join(ROOT, 'node_modules')));
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, PATH: [node, ...rest].join(path.delimiter) },
  });
  if (status !== 0 && !mayFail) throw new Error(`${command} ${args.join(' ')} ended with exit code ${status}:\n${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

function check(name: string, body: () => void): void {
  body();
  passed++;
  say(`ok  ${name}`);
}

function write(name: string, text: string, at = project): void {
  mkdirSync(path.dirname(path.join(at, name)), { recursive: true });
  writeFileSync(path.join(at, name), text);
}

/** Makes the template's project. Its last step fetches Kubernetes' schema from a web site, which this does not need. */
function init(): void {
  mkdirSync(project);
  const cli = path.join(ROOT, 'node_modules/cdk8s-cli/bin/cdk8s');
  const output = run(process.execPath, [cli, 'init', 'typescript-app'], { mayFail: true });
  if (!existsSync(path.join(project, 'node_modules/typescript'))) throw new Error(`cdk8s init did not install the template:\n${output}`);
  // Without the schema there are no generated imports; a template of its own lines is all the same.
  rmSync(path.join(project, 'imports'), { recursive: true, force: true });
  write('cdk8s.yaml', readFileSync(path.join(project, 'cdk8s.yaml'), 'utf8').replace(/imports:[\s\S]*/, ''));
}

const CHART = `import { App, Chart } from 'cdk8s';
import { Acknowledgement, KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';

export class MyChart extends Chart {
  constructor(app: App, id: string) {
    super(app, id, { namespace: 'demo' });
    new KafkaTls(this, 'orders', {
      cluster: KafkaCluster.existing('orders'),
      tls: Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: [Acknowledgement.clientsMoveToTls()] }),
      job: { image: 'registry.example/kafka-tls@sha256:a9f773afc79b09107017df756d3b519f29e69f25c41cbaa0425df40158bece6e' },
    });
  }
}
`;

const USE = `const app = new App();
const chart = new Chart(app, 'c', { namespace: 'demo' });
new KafkaTls(chart, 'orders', { cluster: KafkaCluster.existing('orders'), tls: Tls.on({ issuer: TlsIssuer.clusterIssuer('ca') }) });
console.log(Testing.synth(chart)[0].metadata.name);
`;

function install(): void {
  const output = run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT });
  const tarball = readdirSync(folder).find((f) => f.endsWith('.tgz'));
  assert.ok(tarball !== undefined, output);
  run('npm', ['install', '--no-audit', '--no-fund', path.join(folder, tarball)]);
}

function nodeFolder(version: string): string {
  const at = path.join(folder, `node-${version}`);
  mkdirSync(at);
  write('package.json', JSON.stringify({ private: true, allowScripts: { node: true } }), at);
  run('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: at });
  return path.join(at, 'node_modules/node/bin');
}

/** tsc, synth and jest of the template, with one Node. Returns what was synthesised. */
function useTemplate(version: string): string {
  const node = nodeFolder(version);
  assert.equal(run('node', ['--version'], { node }).trim(), `v${version}`);
  check(
    `Node ${version}: tsc of the template compiles an app, without skipLibCheck`,
    () => void run('npx', ['tsc', '--build', '--force'], { node }),
  );
  check(`Node ${version}: jest of the template passes`, () => {
    assert.match(run('npx', ['jest', '--ci=false', '-u'], { node }), /Tests: +1 passed/);
  });
  check(`Node ${version}: cdk8s synth writes the manifests`, () => {
    rmSync(path.join(project, 'dist'), { recursive: true, force: true });
    run('npx', ['cdk8s', 'synth'], { node });
    assert.match(readFileSync(path.join(project, 'dist/app.k8s.yaml'), 'utf8'), /kind: ConfigMap[\s\S]*kind: Job/);
  });
  check(`Node ${version}: the command starts`, () => {
    assert.match(run('npx', ['kafka-tls', '--help'], { node }), /plan/);
  });
  return readFileSync(path.join(project, 'dist/app.k8s.yaml'), 'utf8');
}

function useElsewhere(): void {
  check('an ESM app imports it', () => {
    write(
      'esm.mjs',
      `import { App, Chart, Testing } from 'cdk8s';\nimport { KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';\n${USE}`,
    );
    assert.equal(run('node', ['esm.mjs']).trim(), 'kafka-tls-orders');
  });
  check('a TypeScript app with module node16 imports it', () => {
    write(
      'node16/app.mts',
      `import { App, Chart, Testing } from 'cdk8s';\nimport { KafkaCluster, KafkaTls, Tls, TlsIssuer } from 'cdk8s-kafka-tls';\n${USE}`,
    );
    run('npx', ['tsc', '--module', 'node16', '--target', 'es2022', '--lib', 'es2022', '--strict', '--types', 'node', 'node16/app.mts']);
    assert.equal(run('node', ['node16/app.mjs']).trim(), 'kafka-tls-orders');
  });
}

function main(): void {
  if (run('npm', ['view', 'constructs', 'version'], { cwd: folder, mayFail: true }).includes('ERR')) {
    say('The package registry cannot be reached, so that the package was not installed anywhere: consumer test skipped.');
    process.exitCode = process.env.CI === 'true' ? 1 : 0;
    return;
  }
  say('Making the project of cdk8s init typescript-app, and installing the packed package into it ...');
  init();
  install();
  write('main.ts', `${CHART}\nconst app = new App();\nnew MyChart(app, 'app');\napp.synth();\n`);
  const [first, ...others] = NODES.map(useTemplate);
  check(`Node ${NODES.join(' and ')} give the same bytes`, () =>
    assert.deepEqual(
      others,
      others.map(() => first),
    ),
  );
  useElsewhere();
  say(`consumer: ${passed} passed, 0 failed`);
}

try {
  main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  say(`consumer: ${passed} passed, 1 failed`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
