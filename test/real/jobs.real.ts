/**
 * From a commit to the cluster, with the real Job controller, which makes pods of Jobs and applies their policies, and a real process for
 * every pod, with the rights that its ServiceAccount has at that moment.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe } from 'node:test';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import { serveApi } from '#reconciler/sandbox/api/http';
import type { ChildOptions } from '../chaos/child';
import type { Ran } from '../support/command-line';
import type { JobSetting } from '../support/job-fixture';
import { jobs } from '../support/jobs';
import { World } from '../support/world';
import { type Environments, type RealEnvironment, realEnvironments, sendOver } from './environment';
import { WITHOUT_KUBEDB } from './kubedb-kinds';
import { passedOn } from './passed-on';

/** A Lease runs out in five seconds, and a control plane on a busy machine can still renew it in time. Instants are the server's. */
const PACE = { factor: 6 };
/** Slow enough to be looked at once a second. */
const UNHURRIED = { podStartMs: 1_500, opsStepMs: 500 };

describe('Jobs on a real API server', { skip: WITHOUT_KUBEDB, concurrency: 2 }, () => {
  const environments = realEnvironments();
  for (const executor of ['native', 'ops-request'] as const) jobs(executor, () => inRealCluster(environments(), executor));
});

function inRealCluster(environments: Environments, executor: ExecutorName): JobSetting {
  const environment = environments.environment(executor, {
    opsManager: capabilitiesOf({ executor }).needsOpsManager,
    sandbox: { timing: UNHURRIED },
  });
  const writes: string[] = [];
  return {
    world: new World({}, () => environment),
    writes,
    isWithoutJobs: false,
    start: (argv, _pod, signal) => runProcess(environment, { argv, signal, onWrite: (write) => writes.push(write) }),
  };
}

interface ProcessOptions {
  readonly argv: readonly string[];
  readonly signal: AbortSignal;
  readonly onWrite: (write: string) => void;
}

async function runProcess(environment: RealEnvironment, { argv, signal, onWrite }: ProcessOptions): Promise<Ran> {
  const transport = await environment.logIn();
  const server = await serveApi({
    handle: (request) => {
      const { method, path: target } = request;
      if (method !== 'GET' && !target.startsWith('/apis/authorization')) onWrite(`${method} ${target.replace(/\?.*/, '')}`);
      return passedOn(sendOver(transport), request);
    },
  });
  try {
    const { url, token, certificateAuthority } = server;
    const options: ChildOptions = { url, token, certificateAuthority, pace: PACE, namespace: environment.namespace, argv };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const terminate = () => void child.kill('SIGTERM');
    if (signal.aborted) terminate();
    signal.addEventListener('abort', terminate);
    return await ended(child);
  } finally {
    await server.close();
    transport.close();
  }
}

const CHILD = path.join(__dirname, '..', 'chaos', 'child.js');
const KILLED = 137;

async function ended(child: ChildProcess): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]?.setEncoding('utf8').on('data', (text: string) => (written[name] += text));
  const [exitCode] = await once(child, 'close');
  return { exitCode: exitCode ?? KILLED, ...written };
}
