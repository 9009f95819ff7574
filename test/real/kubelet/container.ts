/**
 * The Kafka container of one pod: from its volumes to its process, with restarts as a kubelet makes them. The first restart comes at once, the
 * next ones after 10 s, 20 s and so on, at most 5 min.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Pod } from '#reconciler/sandbox/stand-ins/kinds';
import { KAFKA_CONTAINER, kafkaNodeOf, type Role } from '#reconciler/sandbox/stand-ins/kubedb/layout';
import { Server } from '../kafka/jvm';
import { type Boot, boot } from './boot';
import { Probe } from './probe';
import type { Ended } from './status';
import { format } from './storage';
import type { PodVolumes } from './volumes';
import type { Endpoint } from './wire';

/** What a small machine needs: `jvm.ts` has a heap of 256 MB and the serial collector. Warnings are logged. */
const JVM = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];
const PROBE_TIMEOUT_MS = 3_000;
const FIRST_BACK_OFF_MS = 10_000;
const LONGEST_BACK_OFF_MS = 300_000;
/** After this time a container that ends is restarted at once again. */
const RECOVERED_MS = 600_000;
const FAILED_BOOT = 1;

export interface ContainerPlace {
  readonly volumes: PodVolumes;
  readonly address: string;
  /** Folder of the pod, which goes with it. */
  readonly folder: string;
  /** File for everything that the container prints. It stays until the run ends. */
  readonly log: string;
  /** Is deleted when the test is killed. */
  readonly root: string;
  readonly hostsFile: string;
}

export interface StartOptions {
  readonly classPath: string;
  readonly env: ReadonlyMap<string, string>;
  /** Storage is formatted at every start, not only at the first. */
  readonly formatsAlways: boolean;
  /** A command that starts the process; empty: none. */
  readonly launcher: readonly string[];
  /** Called once the process has ended. */
  readonly onExit: () => void;
}

export class KafkaContainer {
  readonly uid: string;
  readonly node: { readonly kafka: string; readonly id: number; readonly role: Role };
  /** Successive failed probes. */
  failures = 0;
  isReady = false;
  /** What the status of the pod says. */
  isStoredAsReady = false;
  isStopping = false;
  restarts = 0;
  startedAt: Date | undefined;
  last: Ended | undefined;
  /** When it may start again. */
  dueMs = 0;
  probe: Probe | undefined;
  private server: Server | undefined;
  private backOffs = 0;

  constructor(
    readonly pod: Pod,
    readonly place: ContainerPlace,
  ) {
    const node = kafkaNodeOf(pod);
    if (node === undefined) throw new Error(`${pod.metadata.name} is not a pod of a Kafka`);
    this.uid = pod.metadata.uid ?? '';
    this.node = { kafka: node.kafka, id: node.nodeId, role: node.role };
  }

  get isRunning(): boolean {
    return this.server?.isRunning === true;
  }

  get pid(): number | undefined {
    return this.server?.isRunning === true ? this.server.pid : undefined;
  }

  /** The folder on this machine for every mount path. */
  get mounts(): ReadonlyMap<string, string> {
    const container = this.pod.spec.containers.find((c) => c.name === KAFKA_CONTAINER);
    return container === undefined ? new Map() : this.place.volumes.mountsOf(container);
  }

  /** Runs the boot script and starts Kafka. */
  async start({ classPath, env, formatsAlways, launcher, onExit }: StartOptions): Promise<void> {
    const { address, folder, log, root, hostsFile } = this.place;
    mkdirSync(folder, { recursive: true });
    const { mounts } = this;
    const booted = boot({ hostname: this.pod.metadata.name, address, env, mounts, read: (file) => readMounted(mounts, file) });
    this.startedAt = new Date();
    if ('failure' in booted) {
      writeFileSync(log, `${booted.failure}\n`, { flag: 'a' });
      this.ended(FAILED_BOOT);
      return onExit();
    }
    const file = path.join(folder, 'kafka.properties');
    writeFileSync(file, [...booted.settings].map(([key, value]) => `${key}=${value}\n`).join(''), { mode: 0o600 });
    await format(booted, classPath, formatsAlways);
    // It may have been asked to end meanwhile.
    if (this.isStopping) return onExit();
    const jvm = [`-Djdk.net.hosts.file=${hostsFile}`, ...JVM];
    const server = await Server.start('kafka.Kafka', [file], { classPath, log, folder: root, jvm, launcher });
    this.server = server;
    this.probe = new Probe(this.node, endpointOf(booted, address, env));
    void server.exited.then((code) => {
      this.ended(code);
      onExit();
    });
    if (this.isStopping) server.signal('SIGKILL');
  }

  /** Asks the process to end, and kills it after the grace period. Resolves when it has ended. */
  async stop(graceMs: number): Promise<void> {
    this.isStopping = true;
    await this.server?.stop(graceMs <= 0 ? 'SIGKILL' : 'SIGTERM', graceMs);
  }

  /** Sends a signal to the process. */
  signal(signal: NodeJS.Signals): void {
    this.server?.signal(signal);
  }

  private ended(code: number): void {
    const at = new Date();
    const startedAt = this.startedAt ?? at;
    this.last = { code, startedAt, at };
    this.startedAt = undefined;
    this.isReady = false;
    this.isStoredAsReady = false;
    this.failures = 0;
    this.probe?.close();
    this.probe = undefined;
    if (at.getTime() - startedAt.getTime() >= RECOVERED_MS) this.backOffs = 0;
    const pauseMs = this.backOffs === 0 ? 0 : Math.min(FIRST_BACK_OFF_MS * 2 ** (this.backOffs - 1), LONGEST_BACK_OFF_MS);
    this.backOffs += 1;
    this.dueMs = performance.now() + pauseMs;
  }
}

function readMounted(mounts: ReadonlyMap<string, string>, file: string): string | undefined {
  const folder = mounts.get(path.dirname(file));
  if (folder === undefined) return undefined;
  try {
    return readFileSync(path.join(folder, path.basename(file)), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The listener that a probe within the pod would use. */
function endpointOf({ settings }: Boot, address: string, env: ReadonlyMap<string, string>): Endpoint {
  const listeners = (settings.get('listeners') ?? '').split(',');
  const listener = ['LOCAL', 'BROKER', 'CONTROLLER']
    .map((name) => listeners.find((l) => l.startsWith(`${name}://`)))
    .find((l) => l !== undefined);
  const name = listener?.split(':')[0] ?? '';
  const protocols = (settings.get('listener.security.protocol.map') ?? '').split(',').map((entry) => entry.split(':'));
  const protocol = protocols.find(([of]) => of === name)?.[1] ?? 'PLAINTEXT';
  const [user, password] = [env.get('KAFKA_USER'), env.get('KAFKA_PASSWORD')];
  return {
    host: address,
    port: Number(listener?.slice(listener.lastIndexOf(':') + 1)),
    timeoutMs: PROBE_TIMEOUT_MS,
    ...(protocol.endsWith('SSL') ? { tls: { servername: 'localhost' } } : {}),
    ...(protocol.startsWith('SASL') && user !== undefined && password !== undefined ? { login: { user, password } } : {}),
  };
}
