/** The command `kafka-tls sandbox` as a process, with a Kafka in it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

export const COMMAND = 'lib/bin/kafka-tls.js';

/** Starts a sandbox that holds the objects of these files, and runs the work against it. */
export async function besideSandbox(files: readonly string[], work: (kubeconfig: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-bench-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  const args = [COMMAND, 'sandbox', '--no-ops-manager', '--kubeconfig', kubeconfig, ...files.flatMap((file) => ['--file', file])];
  const sandbox = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const text of createInterface({ input: sandbox.stdout })) if (text.startsWith('The sandbox listens')) break;
    await work(kubeconfig);
  } finally {
    sandbox.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}
