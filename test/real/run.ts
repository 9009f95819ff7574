/**
 * `npm run test:real [-- NAME ...]`: the suites that need a real Kubernetes API, on one control plane that all of them share, and those that
 * need a real Kafka. The names choose among the files of this folder; without any all but those of BY_NAME run, `availability` and `faults` in a
 * short form.
 * `--seeds N` and `--first-seed S` choose the schedules of `faults`. The sandbox's contract is held against the same
 * server. If this machine lacks something, one sentence names it.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type ControlPlane, realApi } from './cluster';

const SUFFIX = '.real.js';
const CONTRACT = path.join(__dirname, '..', 'sandbox', 'contract.test.js');

/** Schedules of faults: in the short form, and by name. */
const SEEDS = { short: '1', whole: '20' } as const;

/** Suites that run only by their name: `gates` takes a quarter of an hour, `bridge` ten. */
const BY_NAME: readonly string[] = ['bridge', 'gates'];

async function main(args: readonly string[]): Promise<number> {
  const options = { seeds: { type: 'string' }, 'first-seed': { type: 'string' } } as const;
  const { positionals: names, values } = parseArgs({ args: [...args], options, allowPositionals: true });
  const suites = readdirSync(__dirname).flatMap((f) => (f.endsWith(SUFFIX) ? [f.slice(0, -SUFFIX.length)] : []));
  const chosen = suites.filter((name) => (names.length === 0 ? !BY_NAME.includes(name) : names.includes(name)));
  if (chosen.length === 0) {
    console.error(`test:real: no such suite: choose among ${suites.join(', ')}.`);
    return 2;
  }
  if (names.length === 0) console.log(`test:real: without ${BY_NAME.join(' and ')}, which run only by name.`);
  let controlPlane: ControlPlane;
  try {
    controlPlane = await realApi();
  } catch (error) {
    console.error(`test:real: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  try {
    const files = [...chosen.map((name) => path.join(__dirname, `${name}${SUFFIX}`)), ...(names.length === 0 ? [CONTRACT] : [])];
    const isShort = names.length === 0;
    return await testFiles(files, {
      KAFKA_TLS_TEST_AVAILABILITY: isShort ? 'short' : 'all',
      KAFKA_TLS_TEST_SEEDS: isShort ? SEEDS.short : SEEDS.whole,
      ...process.env,
      ...(values.seeds === undefined ? {} : { KAFKA_TLS_TEST_SEEDS: values.seeds }),
      ...(values['first-seed'] === undefined ? {} : { KAFKA_TLS_TEST_FIRST_SEED: values['first-seed'] }),
      KAFKA_TLS_TEST_KUBECONFIG: controlPlane.kubeconfig,
    });
  } finally {
    await controlPlane.stop();
  }
}

/** Two at a time: most of them wait most of the time, and the machine may be small. */
function testFiles(files: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const running = spawn(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files], { stdio: 'inherit', env });
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (code) => resolve(code ?? 1));
  });
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
