/** What can go wrong with the processes of pods, as a table: a new fault is a row. A fault that lasts returns how it ends. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Fault } from '../../chaos/faults';
import type { RealKafkaEnvironment } from '../kafka-environment';
import type { RunningPod } from '../kubelet/report';

type Inject = (environment: RealKafkaEnvironment, fault: Fault) => (() => void) | undefined;

const KEY_STORE = '/var/private/ssl/server.keystore.jks';
/** Less than an index file of Kafka needs. */
const FULL_DISK = ['prlimit', '--fsize=1000000'];

const killed =
  (role: RunningPod['role']): Inject =>
  (environment, { choice }) => {
    environment.kubelet.signal(podOf(environment, role, choice), 'SIGKILL');
    return undefined;
  };
const frozen =
  (role: RunningPod['role']): Inject =>
  (environment, { choice }) => {
    const pod = podOf(environment, role, choice);
    environment.kubelet.signal(pod, 'SIGSTOP');
    return () => environment.kubelet.signal(pod, 'SIGCONT');
  };

export const REAL_FAULTS = {
  'broker killed': killed('broker'),
  'controller killed': killed('controller'),
  'broker frozen': frozen('broker'),
  'controller frozen': frozen('controller'),
  'pods slow': ({ kubelet }, { forMs }) => {
    kubelet.readyDelayMs = forMs / 2;
    return () => {
      kubelet.readyDelayMs = 0;
    };
  },
  'key store unreadable': (environment, { choice }) => spoilKeyStore(environment, podOf(environment, undefined, choice)),
  'disk full': (environment, { choice }) => fillDisk(environment, podOf(environment, 'broker', choice)),
} as const satisfies Readonly<Record<string, Inject>>;
export type RealFaultName = keyof typeof REAL_FAULTS;
export const REAL_FAULT_NAMES = Object.keys(REAL_FAULTS) as readonly RealFaultName[];

export function injectReal(environment: RealKafkaEnvironment, fault: Fault): (() => void) | undefined {
  const inject: Inject | undefined = REAL_FAULTS[fault.name as RealFaultName];
  if (inject === undefined) throw new Error(`${fault.name}: no such fault`);
  return inject(environment, fault);
}

/** From its next start on, a pod cannot read its key store. Returns how that ends. */
export function spoilKeyStore({ kubelet }: RealKafkaEnvironment, pod: string): () => void {
  const good = new Map<string, Buffer>();
  kubelet.beforeStart = ({ name, mounts }) => {
    const file = path.join(mounts.get(path.dirname(KEY_STORE)) ?? '', path.basename(KEY_STORE));
    if (name !== pod || good.has(file)) return [];
    good.set(file, readFileSync(file));
    writeFileSync(file, 'not a key store');
    return [];
  };
  return () => {
    kubelet.beforeStart = undefined;
    for (const [file, content] of good) restore(file, content);
  };
}

/** From its next start on, a pod cannot write files of the size that Kafka needs. Returns how that ends. */
export function fillDisk({ kubelet }: RealKafkaEnvironment, pod: string): () => void {
  kubelet.beforeStart = ({ name }) => (name === pod ? FULL_DISK : []);
  return () => {
    kubelet.beforeStart = undefined;
  };
}

/** The pod may be gone, and its files with it. */
function restore(file: string, content: Buffer): void {
  try {
    readFileSync(file);
    writeFileSync(file, content);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Selects among the pods of a role. A pod that has just ended has no process to signal, and counts as chosen nevertheless. */
function podOf(environment: RealKafkaEnvironment, role: RunningPod['role'] | undefined, choice: number): string {
  const names = environment
    .pods()
    .filter((p) => role === undefined || p.role === role)
    .map((p) => p.name)
    .sort();
  return names[choice % names.length] as string;
}
