/**
 * The workflow of examples/github-actions: what it may do, and its shell steps run as they are written, in a repository like a user's, on
 * pull requests of several kinds. `npm`, `go`, `kubeconform` and `gh` only record how they are called; git and kafka-tls are real. So are npx and
 * cdk8s for the first pull request; the others run the same programs without them, which take most of the time.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { type JobResult, runSteps, type Step } from '../support/workflow';

const ROOT = process.cwd();
const EXAMPLE = path.join(ROOT, 'examples/github-actions');
const skip = existsSync(path.join(ROOT, 'lib/bin/kafka-tls.js')) ? false : 'lib/ is not built';
const workflow = parse(readFileSync(path.join(EXAMPLE, 'workflow.yaml'), 'utf8'));
const steps: readonly Step[] = workflow.jobs.plan.steps;
const MARKER = '<!-- kafka-tls plan -->';
const ALL_WELL = ['success', 'success', 'success', 'success', 'success', 'success'];

describe('the workflow', () => {
  test('may read the repository and comment, and its token stays with it', () => {
    assert.deepEqual(workflow.permissions, {});
    assert.deepEqual(workflow.jobs.plan.permissions, { contents: 'read', 'pull-requests': 'write' });
    assert.deepEqual(Object.keys(workflow.on), ['pull_request'], 'pull_request_target would run what a fork wrote with our token');
    const checkout = steps.find((s) => s.uses?.startsWith('actions/checkout@'));
    assert.equal(checkout?.with?.['persist-credentials'], false);
  });

  test('pins every action by commit, and what it installs by version', () => {
    for (const { uses } of steps) if (uses !== undefined) assert.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    const installed = steps.flatMap(({ run = '' }) => [...run.matchAll(/go install (\S+)/g)].map(([, module]) => module ?? ''));
    assert.equal(installed.length, 1);
    for (const module of installed) assert.match(module, /@v\d+\.\d+\.\d+$/);
  });

  test('lets nothing that a pull request says become part of a script', () => {
    for (const { run } of steps) assert.ok(run === undefined || !run.includes('${{'), run);
  });

  test('fails when a command within a pipe fails', () => assert.deepEqual(workflow.defaults, { run: { shell: 'bash' } }));
});

describe('a pull request', { skip }, () => {
  test('that adds a Kafka and rotates another says so, and is validated as a whole', (t) => {
    const repository = repositoryWith(t, app());
    repository.edit(add('billing', 'invoices'), rotate('orders'));
    repository.commit();
    const result = repository.run({ scripts: {} });
    assert.deepEqual(outcomes(result), ALL_WELL, explain(result));
    assert.match(result.summary, /### Kafka\/billing\/invoices\n\nTLS: off -&gt; on/);
    assert.match(
      result.summary,
      /### Kafka\/payments\/orders\n[\s\S]*each node loads the certificate while it runs if its settings allow that/,
    );
    assert.match(result.summary, /### Kafka\/shipping\/parcels\n[\s\S]*\*\*Nothing to do\.\*\*/);
    const [asked, posted] = result.calls('gh');
    assert.match(asked ?? '', /^api --paginate repos\/\{owner\}\/\{repo\}\/issues\/7\/comments --jq /);
    assert.equal(posted, 'pr comment 7 --body-file comment.md');
    assert.equal(repository.read('comment.md'), `${MARKER}\n${result.summary}`);
    const schemas = '-strict -summary -schema-location default -schema-location schemas/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json';
    assert.deepEqual(result.calls('kubeconform'), [`${schemas} dist`, schemas]);
    const kinds = [...result.read('kubeconform').matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
    assert.deepEqual(kinds, Array(9).fill('KafkaOpsRequest'), 'three of each Kafka, whose issuer is there already');
  });

  test('whose dist/ was forgotten is stopped before the plan', (t) => {
    const repository = repositoryWith(t, app());
    repository.edit(add('billing', 'invoices'));
    repository.commit({ withDist: false });
    const result = repository.run();
    assert.deepEqual(outcomes(result), ['success', 'success', 'failure', 'skipped', 'success', 'skipped'], explain(result));
    assert.equal(repository.read('comment.md'), `${MARKER}\n### No plan: a step before it failed. The run of the workflow says why.\n`);
    assert.match(result.steps[2]?.output ?? '', /billing-invoices\.k8s\.yaml[\s\S]*::error::Run "npx cdk8s synth" and commit dist\/\./);
  });

  test('whose input is refused by synth does not keep the comment of an earlier commit', (t) => {
    const repository = repositoryWith(t, app());
    repository.edit((source) => source.replace('tls: Tls.on({', "$& issuedAfter: 'soon',"));
    repository.commit({ withDist: false });
    const result = repository.run({ gh: '4711\n' });
    assert.deepEqual(outcomes(result), ['success', 'failure', 'skipped', 'skipped', 'success', 'skipped'], explain(result));
    assert.match(repository.read('comment.md'), /### No plan: a step before it failed\./);
    assert.match(result.calls('gh')[1] ?? '', /PATCH .*\/4711 /);
  });

  test('that acknowledges nothing is refused, and says why in its comment', (t) => {
    const repository = repositoryWith(t, '');
    repository.edit(() => app().replace(', acknowledge: [Acknowledgement.clientsMoveToTls()]', ''));
    repository.commit();
    const result = repository.run();
    assert.deepEqual(outcomes(result), ['success', 'success', 'success', 'failure', 'success', 'skipped'], explain(result));
    assert.match(repository.read('comment.md'), /Acknowledgement\.clientsMoveToTls/);
    assert.equal(result.calls('gh').length, 2);
  });

  test('that has its comment already updates that one, and no comment of another workflow', (t) => {
    const repository = repositoryWith(t, app());
    repository.edit(rotate('orders'));
    repository.commit();
    const result = repository.run({ gh: '4711\n4712\n' });
    assert.deepEqual(outcomes(result), ALL_WELL, explain(result));
    const [asked, ...updated] = result.calls('gh');
    assert.ok(asked?.endsWith(`select(.user.login == "github-actions[bot]" and (.body | startswith("${MARKER}"))) | .id`), asked);
    assert.deepEqual(updated, ['api --silent --method PATCH repos/{owner}/{repo}/issues/comments/4711 --field body=@comment.md']);
  });

  test('that removes the last KafkaTls says so', (t) => {
    const repository = repositoryWith(t, app());
    repository.edit(() => "import { App } from 'cdk8s';\nnew App().synth();\n");
    repository.commit();
    const result = repository.run();
    assert.deepEqual(outcomes(result).slice(0, 5), ALL_WELL.slice(0, 5), explain(result));
    assert.match(repository.read('comment.md'), /Kafka\/payments\/orders: has no bundle any more: its TLS stays as it is/);
  });

  test('that mends a main that cannot be read passes, and says that nothing was compared', (t) => {
    const repository = repositoryWith(t, app(), (dist) => dist.replace('executor: ops-request', 'executor: by-hand'));
    repository.edit(rotate('orders'));
    repository.commit();
    const result = repository.run();
    assert.deepEqual(outcomes(result), ALL_WELL, explain(result));
    const comment = repository.read('comment.md');
    assert.match(comment, /The base could not be read, so nothing was compared\.[\s\S]*executor: is "by-hand"/);
    assert.match(comment, /The new state is valid \(payments\/orders, shipping\/parcels\)\. The run in the cluster still asks/);
  });

  test('of a repository whose .gitignore hides dist/, as that of cdk8s init does, is stopped with the way out', (t) => {
    const repository = repositoryWith(t, app());
    repository.edit(rotate('orders'));
    writeFileSync(path.join(repository.folder, '.gitignore'), 'node_modules\ndist/\n');
    repository.commit();
    const result = repository.run();
    assert.equal(outcomes(result)[2], 'failure', explain(result));
    assert.match(result.steps[2]?.output ?? '', /::error::\.gitignore hides dist\/; take that line out\./);
  });

  test('that is the first is compared with nothing', (t) => {
    const repository = repositoryWith(t, '');
    repository.edit(app);
    repository.commit();
    const result = repository.run();
    assert.deepEqual(outcomes(result), ALL_WELL, explain(result));
    assert.match(result.summary, /on the assumption that the Kafka exists and has no TLS/);
  });
});

function outcomes({ steps: all }: JobResult): readonly string[] {
  return all.map((step) => step.outcome);
}

function explain({ steps: all }: JobResult): string {
  return all.map(({ name, outcome, output }) => `${name}: ${outcome}\n${output}`).join('\n');
}

type Edit = (source: string) => string;

function app(): string {
  return readFileSync(path.join(EXAMPLE, 'app.ts'), 'utf8');
}

function add(namespace: string, kafka: string): Edit {
  return (source) => source.replace('const FLEET = [\n', `$&  { namespace: '${namespace}', kafka: '${kafka}', nodes: 3 },\n`);
}

function rotate(kafka: string): Edit {
  return (source) => source.replace('tls: Tls.on({', `$& ...(kafka === '${kafka}' ? { issuedAfter: '2026-11-23T09:00:00Z' } : {}),`);
}

interface Repository {
  readonly folder: string;
  edit(...edits: readonly Edit[]): void;
  commit(options?: { readonly withDist?: boolean }): void;
  /** Runs the workflow on what was committed since the repository began. */
  run(options?: { readonly gh?: string; readonly scripts?: Readonly<Record<string, string>> }): JobResult;
  /** Returns what the workflow wrote to a file. */
  read(file: string): string;
}

const INSTALLED = ['cdk8s', 'constructs', 'cdk8s-cli', 'cdk8s-plus-28', '.bin/cdk8s', '.bin/node'];
const IDENTITY = ['-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];

/** What npx and `cdk8s synth` do with this app. */
const QUICK = {
  npx: `if [ "$*" = 'cdk8s synth' ]; then rm -rf dist; CDK8S_OUTDIR=dist exec '${process.execPath}' app.ts; fi
program="node_modules/.bin/$1"; shift; exec '${process.execPath}' "$program" "$@"`,
};

/** Folders with the first commit of a repository, by the source of its app: making them takes seconds. */
const templates = new Map<string, string>();
after(() => {
  for (const folder of templates.values()) rmSync(folder, { recursive: true, force: true });
});

/** A repository as a user has it, whose main branch holds an app and its dist/; an empty app is one from before the first KafkaTls. */
function repositoryWith(t: TestContext, source: string, breakBase: (dist: string) => string = (dist) => dist): Repository {
  const temp = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
  t.after(() => rmSync(temp, { recursive: true, force: true }));
  const folder = path.join(temp, 'repository');
  const template = templates.get(source) ?? createTemplate(source);
  templates.set(source, template);
  cpSync(template, folder, { recursive: true, verbatimSymlinks: true });
  const main = path.join(folder, 'app.ts');
  const git = gitIn(folder);
  const commit: Repository['commit'] = ({ withDist = true } = {}) => commitAll(folder, withDist);
  for (const name of existsSync(path.join(folder, 'dist')) ? readdirSync(path.join(folder, 'dist')) : []) {
    const file = path.join(folder, 'dist', name);
    writeFileSync(file, breakBase(readFileSync(file, 'utf8')));
  }
  git('commit', '--quiet', '--all', '--allow-empty', '--message', 'Edit dist/ by hand');
  const base = git('rev-parse', 'HEAD').trim();
  return {
    folder,
    edit: (...edits) =>
      writeFileSync(
        main,
        edits.reduce((text, edit) => edit(text), readFileSync(main, 'utf8')),
      ),
    commit,
    read: (file) => readFileSync(path.join(folder, file), 'utf8'),
    run: ({ gh = '', scripts = QUICK } = {}) => {
      const values = { 'github.event.pull_request.base.sha': base, 'github.event.number': '7', 'github.token': 'a-token' };
      return runSteps(steps, { cwd: folder, temp, values, recorded: { npm: '', go: temp, kubeconform: '', gh }, scripts });
    },
  };
}

function createTemplate(source: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-test-'));
  const modules = path.join(folder, 'node_modules');
  mkdirSync(path.join(modules, '.bin'), { recursive: true });
  for (const name of INSTALLED) symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  symlinkSync(ROOT, path.join(modules, 'cdk8s-kafka-tls'));
  symlinkSync(path.join(ROOT, 'lib/bin/kafka-tls.js'), path.join(modules, '.bin/kafka-tls'));
  // As `npm init` writes it; then as the README has it changed.
  writeFileSync(
    path.join(folder, 'package.json'),
    '{ "name": "repository", "version": "1.0.0", "main": "index.js", "type": "commonjs" }\n',
  );
  const [, fields = ''] = /npm init -y && (npm pkg set [^\n]+)/.exec(readFileSync(path.join(EXAMPLE, 'README.md'), 'utf8')) ?? [];
  execFileSync('sh', ['-c', fields], { cwd: folder });
  writeFileSync(path.join(folder, '.gitignore'), 'node_modules\n');
  copyFileSync(path.join(EXAMPLE, 'cdk8s.yaml'), path.join(folder, 'cdk8s.yaml'));
  writeFileSync(path.join(folder, 'app.ts'), source);
  const git = gitIn(folder);
  git('init', '--quiet', '--initial-branch=main');
  commitAll(folder, true);
  return folder;
}

function execute(folder: string, program: string, args: readonly string[]): string {
  const { CDK8S_OUTDIR: _, ...env } = process.env;
  return execFileSync(program, args, { cwd: folder, env, encoding: 'utf8' });
}

function gitIn(folder: string) {
  return (...args: readonly string[]) => execute(folder, 'git', [...IDENTITY, ...args]);
}

function commitAll(folder: string, withDist: boolean): void {
  const git = gitIn(folder);
  if (withDist) execute(folder, process.execPath, ['app.ts']);
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Change');
}
