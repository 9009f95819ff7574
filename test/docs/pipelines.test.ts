/**
 * What pages give to other tools: the pipelines of GitLab and Atlantis, run here step by step as their runners do, in a repository like a
 * user's; and the Job that only plans, run in the sandbox with the rights of the page. No server of these tools takes part.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { groupOf, type KubeObject } from '#model/kube-object';
import { bundleConfigMap, configMapOfBundle, desiredOf, yaml } from '../support/bundle-text';
import { ClusterBuilder, TLS } from '../support/cluster-builder';
import { kafkaTls } from '../support/command-line';
import { on } from '../support/desired-states';
import { JobController } from '../support/job-controller';
import { JobRunner } from '../support/job-runner';
import { clusterIn, failure } from '../support/transports';
import { type JobResult, runSteps, type Step } from '../support/workflow';
import { inMemory, kafkaManifest, World } from '../support/world';

const ROOT = process.cwd();

/** The blocks of YAML on a page, also those in a list. */
function yamlOf(page: string): readonly string[] {
  const blocks = readFileSync(`docs/how-to/${page}.md`, 'utf8').matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm);
  return [...blocks].map(([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

const [gitLabText = '', atlantisText = ''] = yamlOf('ci');

/** Every value is of the type that the tool asks for: a command with a colon and a space would be a map. */
function commandsOf(value: unknown): readonly string[] {
  assert.ok(Array.isArray(value) && value.length > 0);
  for (const command of value) assert.equal(typeof command, 'string', JSON.stringify(command));
  return value;
}

function requireKeys(value: object, known: readonly string[]): void {
  assert.deepEqual(
    Object.keys(value).filter((key) => !known.includes(key)),
    [],
  );
}

const PLAINTEXT = yaml(configMapOfBundle(new ClusterBuilder('combined', 'off').bundle));
const added = (acknowledge: boolean) => {
  const builder = new ClusterBuilder('combined', 'off').wants(TLS);
  return yaml(configMapOfBundle(builder.desires(acknowledge ? { acknowledge: [{ kind: 'clientsMoveToTls' }] } : {}).bundle));
};

interface Repository {
  readonly folder: string;
  readonly base: string;
  run(steps: readonly Step[], options?: { readonly synth?: string; readonly env?: Readonly<Record<string, string>> }): JobResult;
}

/** A clone of a repository on the branch of a pull request: its dist/ before and after. */
function repositoryWith(t: TestContext, before: string, after: string): Repository {
  const temp = mkdtempSync(path.join(tmpdir(), 'kafka-tls-pipeline-'));
  t.after(() => rmSync(temp, { recursive: true, force: true }));
  const [origin, folder] = [path.join(temp, 'origin'), path.join(temp, 'clone')];
  const git = (cwd: string, ...args: readonly string[]) => {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];
    return execFileSync('git', [...identity, ...args], { cwd, encoding: 'utf8' }).trim();
  };
  const commit = (cwd: string, text: string) => {
    mkdirSync(path.join(cwd, 'dist'), { recursive: true });
    writeFileSync(path.join(cwd, 'dist', 'orders.k8s.yaml'), text);
    git(cwd, 'add', '--all');
    git(cwd, 'commit', '--quiet', '--allow-empty', '--message', 'Change');
    return git(cwd, 'rev-parse', 'HEAD');
  };
  mkdirSync(origin);
  git(origin, 'init', '--quiet', '--initial-branch=main');
  const base = commit(origin, before);
  git(temp, 'clone', '--quiet', origin, folder);
  commit(folder, after);
  return {
    folder,
    base,
    run: (steps, { synth = ':', env = {} } = {}) => {
      const bin = path.join(ROOT, 'lib/bin/kafka-tls.js');
      const npx = `if [ "$*" = 'cdk8s synth' ]; then ${synth}; exit; fi; [ "$1" = kafka-tls ] && shift && exec '${process.execPath}' '${bin}' "$@"`;
      const own = steps.map((step) => ({ ...step, env }));
      return runSteps(own, { cwd: folder, temp, values: {}, recorded: { npm: '', curl: '' }, scripts: { npx } });
    },
  };
}

const outcomes = ({ steps }: JobResult) => steps.map((s) => s.outcome);
const explain = ({ steps }: JobResult) => steps.map(({ name, outcome, output }) => `${name}: ${outcome}\n${output}`).join('\n');

describe('the pipeline of GitLab', () => {
  const job = parse(gitLabText)['kafka-tls'];

  test('is one job of keywords that GitLab has, with commands that are texts', () => {
    requireKeys(parse(gitLabText), ['kafka-tls']);
    requireKeys(job, ['image', 'rules', 'variables', 'script', 'after_script']);
    for (const rule of job.rules) requireKeys(rule, ['if']);
    for (const value of Object.values(job.variables)) assert.match(typeof value, /^(string|number)$/);
    for (const command of [...commandsOf(job.script), ...commandsOf(job.after_script)]) assert.notEqual(command.trim(), '');
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
    const [, major = ''] = /^node:(\d+)$/.exec(job.image) ?? [];
    assert.ok(Number(major) >= Number.parseInt(engines.node.replace('>=', ''), 10), job.image);
  });

  test('uses only variables that GitLab sets in a merge request, and the token that the page names', () => {
    const predefined = ['CI_API_V4_URL', 'CI_MERGE_REQUEST_DIFF_BASE_SHA', 'CI_MERGE_REQUEST_IID', 'CI_PIPELINE_SOURCE', 'CI_PROJECT_ID'];
    const used = [...gitLabText.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    assert.deepEqual([...new Set(used)].sort(), [...predefined, 'KAFKA_TLS_TOKEN']);
    assert.match(readFileSync('docs/how-to/ci.md', 'utf8'), /`KAFKA_TLS_TOKEN` is a project access token/);
  });

  /** The runner feeds the commands of `script` to one shell, and then those of `after_script` to another, whatever happened. */
  const run = (repository: Repository, synth?: string): JobResult => {
    const env = {
      CI_MERGE_REQUEST_DIFF_BASE_SHA: repository.base,
      CI_API_V4_URL: 'https://gitlab.example/api/v4',
      CI_PROJECT_ID: '7',
      CI_MERGE_REQUEST_IID: '3',
      KAFKA_TLS_TOKEN: 'a-token',
    };
    const [first, last] = [job.script, job.after_script].map((commands: readonly string[]) =>
      repository.run([{ run: commands.join('\n') }], { env, ...(synth === undefined ? {} : { synth }) }),
    ) as [JobResult, JobResult];
    return { ...last, steps: [...first.steps, ...last.steps] };
  };
  const NOTE =
    '--fail --silent --header PRIVATE-TOKEN: a-token --data-urlencode body@plan.md https://gitlab.example/api/v4/projects/7/merge_requests/3/notes';

  test('comments on a merge request', (t) => {
    const repository = repositoryWith(t, PLAINTEXT, added(true));
    const result = run(repository);
    assert.deepEqual(outcomes(result), ['success', 'success'], explain(result));
    assert.match(readFileSync(path.join(repository.folder, 'plan.md'), 'utf8'), /^### Kafka\/demo\/orders\n\nTLS: off -&gt; on/);
    assert.deepEqual(result.calls('curl'), [NOTE]);
    assert.deepEqual(result.calls('npm'), ['ci']);
  });

  test('fails for a change that is refused, and comments on it', (t) => {
    const repository = repositoryWith(t, PLAINTEXT, added(false));
    const result = run(repository);
    assert.deepEqual(outcomes(result), ['failure', 'success'], explain(result));
    assert.match(readFileSync(path.join(repository.folder, 'plan.md'), 'utf8'), /Acknowledgement\.clientsMoveToTls/);
    assert.deepEqual(result.calls('curl'), [NOTE]);
  });

  test('fails where dist/ was forgotten, and then has no comment', (t) => {
    const result = run(repositoryWith(t, PLAINTEXT, PLAINTEXT), 'echo "# new" >> dist/orders.k8s.yaml; echo a > dist/payments.k8s.yaml');
    assert.deepEqual(outcomes(result), ['failure', 'success'], explain(result));
    assert.match(result.steps[0]?.output ?? '', /orders\.k8s\.yaml[\s\S]*payments\.k8s\.yaml/);
    assert.deepEqual(result.calls('curl'), []);
  });
});

describe('the workflow of Atlantis', () => {
  const { version, projects, workflows } = parse(atlantisText);

  test('has the keys of version 3, and a project that names it', () => {
    requireKeys(parse(atlantisText), ['version', 'projects', 'workflows']);
    assert.equal(version, 3);
    const [project] = projects;
    requireKeys(project, ['name', 'dir', 'workflow', 'autoplan']);
    requireKeys(project.autoplan, ['when_modified']);
    assert.deepEqual(Object.keys(workflows), [project.workflow]);
    requireKeys(workflows[project.workflow], ['plan', 'apply']);
    for (const stage of Object.values<{ steps: readonly object[] }>(workflows[project.workflow])) {
      requireKeys(stage, ['steps']);
      for (const step of stage.steps) requireKeys(step, ['run']);
    }
  });

  const stage = (name: string): readonly Step[] => {
    const steps: readonly { run: string }[] = workflows['kafka-tls'][name].steps;
    commandsOf(steps.map((s) => s.run));
    return steps.map(({ run }) => ({ run }));
  };

  test('prints the plan of a pull request, and leaves the apply to the Job', (t) => {
    const repository = repositoryWith(t, PLAINTEXT, added(true));
    const result = repository.run(stage('plan'), { env: { BASE_BRANCH_NAME: 'main' } });
    assert.deepEqual(outcomes(result), ['success', 'success', 'success', 'success'], explain(result));
    assert.match(result.steps.at(-1)?.output ?? '', /^### Kafka\/demo\/orders\n\nTLS: off -&gt; on/);
    assert.match(repository.run(stage('apply')).steps[0]?.output ?? '', /^Merge this pull request/);
  });

  test('fails for a change that is refused', (t) => {
    const result = repositoryWith(t, PLAINTEXT, added(false)).run(stage('plan'), { env: { BASE_BRANCH_NAME: 'main' } });
    assert.deepEqual(outcomes(result), ['success', 'success', 'success', 'failure'], explain(result));
  });
});

test('two Kafkas have two plans in one comment', (t) => {
  const repository = repositoryWith(t, PLAINTEXT, `${added(true)}---\n${yaml(bundleConfigMap(desiredOf({ kafka: 'payments' })))}`);
  const result = repository.run([{ run: parse(gitLabText)['kafka-tls'].script.join('\n') }], {
    env: { CI_MERGE_REQUEST_DIFF_BASE_SHA: repository.base },
  });
  assert.deepEqual(outcomes(result), ['success'], explain(result));
  const plan = readFileSync(path.join(repository.folder, 'plan.md'), 'utf8');
  assert.deepEqual(plan.match(/^### Kafka\/demo\/\w+/gm), ['### Kafka/demo/orders', '### Kafka/demo/payments']);
});

interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

test('the Job that only plans is admitted, and its Role suffices for the plan and allows nothing else', async () => {
  const environment = inMemory({ opsManager: true });
  const { sandbox, clock, dialer, facts, admin, namespace } = environment;
  const world = new World({}, () => environment);
  const objects = (page: string) => parseAllDocuments(yamlOf(page)[0] ?? '').map((d) => d.toJS() as KubeObject);
  const [role, ...binding] = [...objects('review-the-permissions'), ...objects('plan-in-the-cluster')];
  const rules = [role, ...binding].flatMap((o) =>
    'rules' in (o ?? {}) ? ((o as unknown as { rules: readonly RoleRule[] }).rules ?? []) : [],
  );
  const refused: string[] = [];
  const transport = {
    handle: async (request: Parameters<typeof sandbox.api.handle>[0]) => {
      const verb = verbOf(request.method, request.path);
      const isAllowed =
        verb.resource === 'selfsubjectaccessreviews' ||
        rules.some((r) => r.apiGroups.includes(verb.group) && r.resources.includes(verb.resource) && r.verbs.includes(verb.verb));
      if (isAllowed) return sandbox.api.handle(request);
      refused.push(`${verb.verb} ${verb.resource}`);
      return failure(403, 'Forbidden', `User "planner" cannot ${verb.verb} resource "${verb.resource}" in API group "${verb.group}"`);
    },
  };
  const runner = new JobRunner(environment, (argv, pod, signal) => {
    const cluster = clusterIn(transport, clock);
    const connection = { cluster, dialer, facts, admin, namespace, random: (n: number) => 'x'.repeat(n), identity: pod, close: () => {} };
    return kafkaTls(argv, { io: { signal }, outside: { clock, connect: async () => connection } });
  });
  const controller = new JobController(environment);
  try {
    await world.start(kafkaManifest());
    await world.settle();
    await world.cluster.create(configMapOfBundle(world.desired(on())));
    const pods = async () => Object.entries(await world.podUids()).filter(([name]) => name.startsWith('orders-'));
    const before = await pods();
    for (const object of [role, ...binding]) await world.cluster.create(object as KubeObject);
    controller.start();
    runner.start();
    await world.until(async () => runner.runs.some(({ ran }) => ran !== undefined));
    const { job, ran } = runner.runs[0] ?? {};
    assert.equal(job, 'kafka-tls-planner');
    assert.equal(ran?.exitCode, 0, ran?.stderr);
    assert.match(
      ran?.stdout ?? '',
      /^Kafka\/demo\/orders {2}TLS: off -> on[\s\S]*Secrets may not be read here[\s\S]*Nothing was changed\./,
    );
    assert.deepEqual([...new Set(refused)], ['get secrets'], 'the Role lacks nothing else');
    assert.deepEqual(await pods(), before);
  } finally {
    controller.stop();
    await runner.stop();
    await world.stop();
  }
});

/** What a request asks of RBAC. */
function verbOf(method: string, given: string): { readonly verb: string; readonly group: string; readonly resource: string } {
  const [where = '', query = ''] = given.split('?');
  const parts = where.split('/').filter(Boolean);
  const isCore = parts[0] === 'api';
  const apiVersion = isCore ? (parts[1] ?? '') : `${parts[1]}/${parts[2]}`;
  const rest = parts.slice(isCore ? 2 : 3);
  const [resource = '', name, subresource] = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  const read = /watch=(1|true)/.test(query) ? 'watch' : name === undefined ? 'list' : 'get';
  const verbs: Readonly<Record<string, string>> = { GET: read, POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
  return { verb: verbs[method] ?? method, group: groupOf(apiVersion), resource: [resource, subresource].filter(Boolean).join('/') };
}
