/** What a waiting `apply` holds in memory: beside a sandbox, where somebody else's operation does not end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { besideSandbox, COMMAND } from './running-sandbox';

const BUNDLE = 'examples/quickstart/expected.yaml';
const SETTLED_MS = 3000;

export interface Resident {
  readonly bareMb: number;
  /** As `node kafka-tls.js` starts it. */
  readonly plainMb: number;
  /** As the image starts it. */
  readonly imageMb: number;
}

/** Returns the resident memory of each, in megabytes, some seconds after it began to wait. */
export async function residentWhileWaiting(): Promise<Resident> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-bench-'));
  const foreign = path.join(folder, 'foreign.yaml');
  writeFileSync(foreign, JSON.stringify(FOREIGN));
  const found = { bareMb: Number.NaN, plainMb: Number.NaN, imageMb: Number.NaN };
  try {
    found.bareMb = await resident(['-e', 'console.log("waiting"); setTimeout(() => {}, 60_000)']);
    await besideSandbox(['examples/kafka.yaml', foreign, BUNDLE], async (kubeconfig) => {
      const apply = [COMMAND, 'apply', '--config-map', 'demo/kafka-tls-orders', '--kubeconfig', kubeconfig, '--output', 'json'];
      found.plainMb = await resident(apply);
      found.imageMb = await resident([...imageFlags(), ...apply]);
    });
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const FOREIGN = {
  apiVersion: 'ops.kubedb.com/v1alpha1',
  kind: 'KafkaOpsRequest',
  metadata: { name: 'somebody', namespace: 'demo' },
  spec: { type: 'Restart', databaseRef: { name: 'orders' } },
};

function imageFlags(): readonly string[] {
  const [, entrypoint = '[]'] = /^ENTRYPOINT (.*)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
  return (JSON.parse(entrypoint) as readonly string[]).slice(1, -1);
}

/** Starts Node with these arguments, and looks at it once it has said that it waits. */
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
