/**
 * The steps of a GitHub Actions job, run here: the shell steps as they are written, each in a separate bash, as GitHub's runner does with
 * `shell: bash`. The test gives what only GitHub has: values of `${{ }}`, and programs on the PATH. Steps that use an action are left out.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunnerOptions {
  readonly cwd: string;
  /** A folder of the runner's own. */
  readonly temp: string;
  /** What `${{ }}` is replaced with, by what is in it. */
  readonly values: Readonly<Record<string, string>>;
  /** Programs that are not real here: what they print. What they were called with, and what they read, is recorded. */
  readonly recorded: Readonly<Record<string, string>>;
  /** Programs that are shell scripts here. */
  readonly scripts: Readonly<Record<string, string>>;
}

export interface StepResult {
  readonly name: string;
  readonly outcome: 'success' | 'failure' | 'skipped';
  readonly output: string;
}

export interface JobResult {
  readonly steps: readonly StepResult[];
  /** What a recorded program was called with, a line a call. */
  calls(program: string): readonly string[];
  /** All that a recorded program read from its standard input. */
  read(program: string): string;
  readonly summary: string;
}

/** Runs the shell steps in order. After one that failed only those with an `if` go on. */
export function runSteps(steps: readonly Step[], { cwd, temp, values, recorded, scripts }: RunnerOptions): JobResult {
  const bin = path.join(temp, 'bin');
  mkdirSync(bin, { recursive: true });
  const recorder = (program: string, prints: string) => {
    const note = path.join(temp, program);
    return [`echo "$*" >> '${note}.calls'`, `if [ ! -t 0 ]; then cat >> '${note}.read'; fi`, `printf '%s' '${prints}'`].join('\n');
  };
  const programs = { ...scripts, ...Object.fromEntries(Object.entries(recorded).map(([name, prints]) => [name, recorder(name, prints)])) };
  for (const [program, script] of Object.entries(programs)) {
    writeFileSync(path.join(bin, program), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, program), 0o755);
  }
  const summaryFile = path.join(temp, 'summary.md');
  writeFileSync(summaryFile, '');
  const env = {
    ...withoutTests(process.env),
    PATH: `${bin}:${process.env.PATH}`,
    HOME: temp,
    CI: 'true',
    GITHUB_STEP_SUMMARY: summaryFile,
  };

  const results: StepResult[] = [];
  let hasFailed = false;
  for (const step of steps) {
    if (step.run === undefined) continue;
    const name = step.name ?? step.run;
    if (hasFailed && !isRunAfterFailure(step)) {
      results.push({ name, outcome: 'skipped', output: '' });
      continue;
    }
    const script = path.join(temp, 'step.sh');
    writeFileSync(script, step.run);
    const own = Object.fromEntries(Object.entries(step.env ?? {}).map(([key, value]) => [key, filledIn(value, values)]));
    const bash = ['--noprofile', '--norc', '-eo', 'pipefail', script];
    const { status, stdout, stderr } = spawnSync('bash', bash, { cwd, env: { ...env, ...own }, input: '', encoding: 'utf8' });
    hasFailed ||= status !== 0;
    results.push({ name, outcome: status === 0 ? 'success' : 'failure', output: `${stdout}${stderr}` });
  }
  const noted = (file: string) => (existsSync(path.join(temp, file)) ? readFileSync(path.join(temp, file), 'utf8') : '');
  return {
    steps: results,
    calls: (program) => noted(`${program}.calls`).split('\n').filter(Boolean),
    read: (program) => noted(`${program}.read`),
    summary: readFileSync(summaryFile, 'utf8'),
  };
}

/** The one condition that is understood: `!cancelled() && ...`. */
function isRunAfterFailure({ if: condition = '' }: Step): boolean {
  return /^\$\{\{ !cancelled\(\) && /.test(condition);
}

function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{ *(.*?) *\}\}/g, (_, expression: string) => {
    const value = values[expression];
    if (value === undefined) throw new Error(`the test gives no value of ${expression}`);
    return value;
  });
}

/** What the test runner tells its own processes is none of the job's business. */
function withoutTests({ NODE_TEST_CONTEXT: _, CDK8S_OUTDIR: __, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}
