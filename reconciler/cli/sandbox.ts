/** `kafka-tls sandbox`: a cluster inside this process, until a signal ends it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isClusterDomain } from '#model/cluster-domain';
import type { KubeObject } from '#model/kube-object';
import { readObjects } from '../bundle/files';
import { InvalidInputError } from '../errors';
import { printableJson } from '../report/printable';
import type { Format, OutputFlags } from './flags';
import type { RunningSandbox, Session } from './io';
import { quoted } from './shell';

export interface SandboxFlags extends OutputFlags<'sandbox'> {
  readonly file?: readonly string[];
  readonly opsManager: boolean;
  readonly clusterDomain?: string;
  readonly kubeconfig?: string;
}

/** Runs a sandbox until the signal aborts and returns the exit code. */
export async function runSandbox(flags: SandboxFlags, session: Session): Promise<number> {
  const { io, runtime } = session;
  const objects = await startObjects(flags, session);
  const sandbox = await runtime.startSandbox({ opsManager: flags.opsManager, ...domainOf(flags) });
  const target = await kubeconfigFile(flags, io.cwd);
  try {
    await writeFile(target.kubeconfig, sandbox.kubeconfig, { mode: 0o600 });
    for (const object of objects) await sandbox.create(object);
    io.stdout(GREETING[flags.output](target.kubeconfig, sandbox, objects.length));
    await stopped(io.signal);
    return 0;
  } finally {
    await sandbox.close();
    await target.remove();
  }
}

function domainOf({ clusterDomain }: SandboxFlags): { readonly clusterDomain?: string } {
  if (clusterDomain === undefined) return {};
  if (isClusterDomain(clusterDomain)) return { clusterDomain };
  throw new InvalidInputError(`--cluster-domain ${clusterDomain}: that is not a DNS domain such as cluster.local.`);
}

async function startObjects({ file = [] }: SandboxFlags, { io }: Session): Promise<readonly KubeObject[]> {
  const read = await Promise.all(file.map((f) => readObjects({ file: f, cwd: io.cwd, stdin: io.stdin })));
  return read.flat();
}

interface KubeconfigFile {
  readonly kubeconfig: string;
  remove(): Promise<void>;
}

/** Returns the file for the kubeconfig. `remove` deletes our temporary folder and keeps a file that the user named. */
async function kubeconfigFile({ kubeconfig }: SandboxFlags, cwd: string): Promise<KubeconfigFile> {
  if (kubeconfig !== undefined) return { kubeconfig: path.resolve(cwd, kubeconfig), remove: async () => {} };
  const folder = await mkdtemp(path.join(tmpdir(), 'kafka-tls-sandbox-'));
  return { kubeconfig: path.join(folder, 'kubeconfig'), remove: () => rm(folder, { recursive: true, force: true }) };
}

const GREETING: Readonly<Record<Format<'sandbox'>, (kubeconfig: string, sandbox: RunningSandbox, created: number) => string>> = {
  text: greeting,
  json: (kubeconfig, { url }) => `${printableJson({ kubeconfig, url })}\n`,
};

function greeting(kubeconfig: string, { url }: RunningSandbox, created: number): string {
  const started = created === 0 ? '' : ` ${created} ${created === 1 ? 'object was' : 'objects were'} created.`;
  return [
    `The sandbox listens on ${url}.${started}`,
    '',
    `  export KUBECONFIG=${quoted(kubeconfig)}`,
    '  kubectl get kafkas -A',
    '  kafka-tls plan',
    '',
    'Everything in it ends with this process. Stop with Ctrl-C.',
    '',
  ].join('\n');
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
