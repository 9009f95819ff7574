/** Measures the memory of an `apply` that waits on a sandbox for a foreign KafkaOpsRequest that never ends. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { besideSandbox, COMMAND } from './running-sandbox';

const BUNDLE = 'examples/quickstart/expected.yaml';
const SETTLED_MS = 3000;

export interface Resident {
  readonly bareMb: number;
  readonly applyMb: number;
}

/** Returns the resident memory of a Node that waits and of an `apply` that waits, in megabytes. */
export async function residentWhileWaiting(): Promise<Resident> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-bench-'));
  const foreign = path.join(folder, 'foreign.yaml');
  writeFileSync(foreign, JSON.stringify(FOREIGN));
  try {
    const bareMb = await resident(['-e', 'console.log("waiting"); setTimeout(() => {}, 60_000)']);
    let applyMb = Number.NaN;
    await besideSandbox(['examples/kafka.yaml', foreign, BUNDLE], async (kubeconfig) => {
      const apply = [COMMAND, 'apply', '--config-map', 'demo/kafka-tls-orders', '--kubeconfig', kubeconfig, '--output', 'json'];
      applyMb = await resident(apply);
    });
    return { bareMb, applyMb };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const FOREIGN = {
  apiVersion: 'ops.kubedb.com/v1alpha1',
  kind: 'KafkaOpsRequest',
  metadata: { name: 'foreign', namespace: 'demo' },
  spec: { type: 'Restart', databaseRef: { name: 'orders' } },
};

/** Starts Node with these arguments and returns its memory some seconds after it reports that it waits. */
async function resident(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let isWaiting = false;
    for await (const text of createInterface({ input: child.stdout })) {
      isWaiting = text.includes('waiting');
      if (isWaiting) break;
    }
    if (!isWaiting) throw new Error(`${args.join(' ')} ended without waiting`);
    await pause(SETTLED_MS);
    return residentMb(child);
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null) await once(child, 'exit');
  }
}

/** The same on Linux and macOS. */
function residentMb({ pid }: ChildProcess): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return (Number(stdout) * 1024) / 1e6;
}
