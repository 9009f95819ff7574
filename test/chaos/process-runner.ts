/** Runs of `kafka-tls apply` as real processes, each of which a signal can end. Which API they speak to, the sandbox's or a real one, is up to the caller. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import { DEFAULT_DEADLINES, type Deadlines, type ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';
import { bundleName } from '#model/names';
import { sandboxAddress } from '#reconciler/cli/sandbox-brokers';
import { dnsAddress } from '#reconciler/cluster/address';
import { createDialer } from '#reconciler/cluster/dial';
import { type ApiServer, serveApi } from '#reconciler/sandbox/api/http';
import { createSandbox } from '#reconciler/sandbox/index';
import { configMapOfBundle } from '../support/bundle-text';
import { pooledKeys } from '../support/stored-keys';
import { clusterIn } from '../support/transports';
import { KAFKA, modelAdmin, modelFacts, NAMESPACE, World } from '../support/world';
import type { ChildOptions } from './child';
import type { Fault } from './faults';
import { type Handler, Network } from './network';
import type { Ended, Run, Runner, Start } from './runner';
import { type Pace, scaledClock } from './scaled-clock';

/** Where processes run. Not started yet. */
export interface Setting extends Handler {
  readonly executor: ExecutorName;
  readonly world: World;
  readonly pace: Pace;
  /** The pods are real Kafka on this machine: for every pod, the folders here of its mount paths. Absent: the pods are those of a sandbox. */
  readonly mounts?: () => ChildOptions['mounts'];
}

/** Time passes faster than the machine works: these deadlines are ten minutes of real time, or more. */
const PATIENT: Deadlines = {
  ...DEFAULT_DEADLINES,
  issuance: '10h',
  podReady: '10h',
  gate: '10h',
  foreignOperation: '10h',
  requestAcceptance: '10h',
};
const CHILD = path.join(__dirname, 'child.js');

export class ProcessRunner implements Runner {
  readonly network: Network;
  private readonly server: Promise<ApiServer>;
  private current: ChildProcess | undefined;

  constructor(private readonly setting: Setting) {
    this.network = new Network(setting);
    this.server = serveApi(this.network);
  }

  get isQuiet(): boolean {
    return true;
  }
  get executor(): ExecutorName {
    return this.setting.executor;
  }
  get world(): World {
    return this.setting.world;
  }

  async commit(bundle: Bundle): Promise<void> {
    const { cluster, ref } = { cluster: this.world.cluster, ref: (name: string) => this.world.ref(KINDS.ConfigMap, name) };
    const configMap = configMapOfBundle({ ...bundle, desired: { ...bundle.desired, deadlines: PATIENT } });
    const live = await cluster.get(ref(configMap.metadata.name));
    await (live === undefined ? cluster.create(configMap) : cluster.replace({ ...live, data: configMap.data }));
  }

  start({ log, retry }: Start): Run {
    let started: ChildProcess | undefined;
    const ended = this.server.then(async ({ url, token, certificateAuthority }): Promise<Ended> => {
      const { namespace } = this.world;
      const argv = ['apply', '--config-map', `${namespace}/${bundleName(KAFKA)}`, ...(retry ? ['--retry'] : [])];
      const { pace, mounts } = this.setting;
      const options: ChildOptions = { url, token, certificateAuthority, pace, namespace, argv, mounts: mounts?.() };
      const child = spawn(process.execPath, [CHILD, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] });
      started = child;
      this.current = child;
      let message = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          message += text;
          log(text);
        });
      const [exitCode] = await once(child, 'close');
      return { exitCode, message };
    });
    return {
      ended,
      kill: async () => {
        const gone = started === undefined ? undefined : once(started, 'exit');
        started?.kill('SIGKILL');
        await gone;
      },
      terminate: () => void started?.kill('SIGTERM'),
    };
  }

  async inject(_: Fault): Promise<void> {
    throw new Error('this runner knows no faults');
  }

  async close(): Promise<void> {
    this.current?.kill('SIGKILL');
    await (await this.server).close();
    await this.world.stop();
  }
}

/** A Lease expires within two seconds, and a busy machine still renews it in time. */
const FACTOR = 15;
const CA_KEY = { algorithm: 'RSA', size: 3072, isCa: true } as const;
const LEAF_KEY = { algorithm: 'RSA', size: 2048, isCa: false } as const;

/** Returns the sandbox as a setting: its API over HTTPS, and time that passes faster for it and for the processes. */
export function inSandbox(executor: ExecutorName): Setting {
  // A key takes a second on a busy machine, and a Lease is lost meanwhile: keys are made before time passes.
  const keys = pooledKeys();
  for (const spec of [CA_KEY, CA_KEY, LEAF_KEY, LEAF_KEY]) void keys(spec);
  const pace = { factor: FACTOR, startMs: Date.now() };
  const clock = scaledClock(pace);
  const sandbox = createSandbox({
    clock,
    opsManager: capabilitiesOf({ executor }).needsOpsManager,
    keys: pooledKeys(),
    api: { namespaces: [NAMESPACE] },
  });
  const world = new World({}, () => ({
    namespace: NAMESPACE,
    clock,
    cluster: clusterIn(sandbox.api, clock),
    // A busy machine answers late: ten minutes of real time.
    dialer: createDialer(clock, { addressOf: sandboxAddress(dnsAddress), timeoutMs: 600_000 * FACTOR }),
    facts: modelFacts(sandbox),
    admin: modelAdmin(sandbox),
    send: (request) => sandbox.api.handle(request),
    start: () => sandbox.start(),
    stop: () => sandbox.stop(),
    run: (promise) => promise,
    pass: (ms) => clock.sleep(ms),
  }));
  return { executor, world, pace, handle: (request) => sandbox.api.handle(request) };
}
