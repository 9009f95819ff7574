/**
 * The main job from end to end, with no cluster: a sandbox is started, a Kafka without TLS gets TLS, its certificates are rotated, and a
 * second `apply` has nothing to do. Every command below is the one that users run; only the cluster is an imitation.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const COMMAND = 'lib/bin/kafka-tls.js';
const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-quickstart-'));
const dist = path.join(folder, 'dist');
const kubeconfig = path.join(folder, 'kubeconfig');

function say(text: string): void {
  process.stdout.write(`\n# ${text}\n`);
}

/** Runs a command, shows it as a user would type it, and ends the demo if it fails. */
function run(shown: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  process.stdout.write(`$ ${shown}\n`);
  const { status } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, KUBECONFIG: kubeconfig, ...env },
  });
  if (status !== 0) throw new Error(`"${shown}" ended with exit code ${status}`);
}

function kafkaTls(...args: string[]): void {
  run(['kafka-tls', ...args].join(' '), [COMMAND, ...args, ...(args[0] === 'verify' ? ['-n', 'demo', '-f', dist] : ['-f', dist])]);
}

function synth(env: Readonly<Record<string, string>> = {}): void {
  const shown = [...Object.entries(env).map(([key, value]) => `${key}=${value}`), 'cdk8s synth'].join(' ');
  run(shown, ['lib/examples/quickstart/app.js'], { ...env, CDK8S_OUTDIR: dist });
}

/** Starts the sandbox and waits until it says that it listens. */
async function startSandbox(): Promise<ChildProcess> {
  const args = [COMMAND, 'sandbox', '--no-ops-manager', '--kubeconfig', kubeconfig, '--file', 'examples/quickstart/cluster.yaml'];
  process.stdout.write('$ kafka-tls sandbox --no-ops-manager --file examples/quickstart/cluster.yaml\n');
  const sandbox = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: sandbox.stdout })) {
    if (!line.startsWith('The sandbox listens')) continue;
    process.stdout.write(`${line}\n`);
    sandbox.stdout.resume();
    return sandbox;
  }
  throw new Error('the sandbox ended before it listened');
}

async function main(): Promise<void> {
  say('A cluster inside one process, with a Kafka that has no TLS: 3 controllers, 3 brokers.');
  const sandbox = await startSandbox();
  try {
    say('examples/quickstart/app.ts says what TLS should be. What it synthesises is what you commit.');
    synth();
    say('What would be done, in order, and why. Nothing is changed.');
    kafkaTls('plan');
    say('Do it: certificates first, then one pod at a time, each proven before the next.');
    kafkaTls('apply');
    say('Proof: a TLS handshake with every listener, compared with what its Secret holds.');
    kafkaTls('verify');
    say('Rotate: every certificate has to be issued after this instant. No memory, no one-shot object.');
    synth({ ISSUED_AFTER: new Date().toISOString() });
    kafkaTls('apply');
    say('Apply again: there is nothing to do.');
    kafkaTls('apply');
  } finally {
    sandbox.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
