/**
 * A world on a real API server whose pods are real Kafka: processes on this machine, each with a loopback address and KubeDB's ports. Around
 * them is what `environment.ts` has: real cert-manager, stand-ins for KubeDB's operators, the product as the ServiceAccount. The product's own
 * clients do the handshakes and ask the brokers; only where a pod is reached is translated.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutorName } from '#model/desired';
import { KINDS } from '#model/kube-object';

import { createDialer } from '#reconciler/cluster/dial';
import { kafkaAdmin } from '#reconciler/cluster/kafka-admin';
import { kafkaFacts } from '#reconciler/cluster/kafka-facts';
import { systemClock } from '#reconciler/cluster/system-clock';
import type { Dialer, KafkaAdmin, KafkaFactsSource } from '#reconciler/ports';
import type { Context } from '#reconciler/sandbox/stand-ins/context';
import { untyped } from '#test/support/untyped';
import { KAFKA, type WorldOptions } from '../support/world';
import { apiOfSuite, type RealApi, RealEnvironment } from './environment';
import { classPathOf, type Release } from './kafka/jars';
import { ProcessKubelet } from './kubelet/kubelet';
import { PodNetwork } from './kubelet/network';
import { type Mounts, PORTS, podAddress, withTranslatedPaths } from './kubelet/reached';
import type { RunningPod } from './kubelet/report';
import type { ListenerAddress } from './load/handshakes';
import { NodeRequests } from './node-requests';

const BROKER_LISTENERS = [
  ['BROKER', PORTS.BROKER],
  ['LOCAL', 29092],
] as const;
const CONTROLLER_LISTENERS = [['CONTROLLER', PORTS.CONTROLLER]] as const;
const LISTENERS = {
  controller: CONTROLLER_LISTENERS,
  broker: BROKER_LISTENERS,
  combined: [...BROKER_LISTENERS, ...CONTROLLER_LISTENERS],
} as const;
/** KubeDB's interval between two steps of a request. */
const OPS_STEP_MS = 5_000;

/** Has the control plane there while the tests of a suite run, and returns how to get a world with real Kafka then. */
export function realKafkaEnvironments(): (executor: ExecutorName, options: WorldOptions) => RealKafkaEnvironment {
  const api = apiOfSuite();
  return (executor, options) => new RealKafkaEnvironment(api(), executor, options);
}

/** Returns why pods cannot be real Kafka of a release here, or undefined. */
export function withoutKafka(release: Release): string | undefined {
  const found = classPathOf(release);
  return 'missing' in found ? found.missing : undefined;
}

export class RealKafkaEnvironment extends RealEnvironment {
  readonly kubelet: ProcessKubelet;
  readonly nodeRequests = new NodeRequests();
  readonly adminUser = 'admin';
  private readonly root: string;
  private readonly network: PodNetwork;

  constructor(api: RealApi, executor: ExecutorName, options: WorldOptions) {
    const root = mkdtempSync(path.join(tmpdir(), 'kafka-tls-pods-'));
    const network = new PodNetwork(path.join(root, 'hosts'));
    let kubelet: ProcessKubelet | undefined;
    const podRunner = (context: Context) => (kubelet = new ProcessKubelet(context, { root, network, classPathOf: classPathOfImage }));
    const operations = options.opsManager ?? true;
    super(api, executor, options, {
      podRunner,
      opsManager: operations === false ? false : { grid: true, ...(operations === true ? {} : operations) },
      timing: { opsStepMs: OPS_STEP_MS, ...options.sandbox?.timing },
    });
    if (kubelet === undefined) throw new Error('the stand-ins took no kubelet');
    this.kubelet = kubelet;
    this.root = root;
    this.network = network;
  }

  override get dialer(): Dialer {
    return createDialer(systemClock, { addressOf: podAddress });
  }

  override get facts(): KafkaFactsSource {
    return this.factsOfRun();
  }

  override get admin(): KafkaAdmin {
    const { mounts } = this;
    const admin = kafkaAdmin(this.product, { clock: systemClock, addressOf: podAddress });
    return this.nodeRequests.noting(withTranslatedPaths(admin, (pod) => mounts[pod] ?? []));
  }

  /** The folders of all pods. */
  get mounts(): Mounts {
    return Object.fromEntries(this.pods().map((p) => [p.name, [...p.mounts]]));
  }

  /** Kafka's facts as a run with the ServiceAccount reads them. */
  factsOfRun(): KafkaFactsSource {
    return kafkaFacts(this.product, { clock: systemClock, addressOf: podAddress });
  }

  /** File with the names of all pods, for `-Djdk.net.hosts.file`. */
  get hostsFile(): string {
    return this.network.hostsFile;
  }

  /** `<name>:<port>` of every broker that was created, for clients that resolve names by the hosts file. */
  get bootstrap(): string {
    const brokers = this.pods().filter((p) => p.role !== 'controller');
    return brokers.map((p) => `${p.fqdn}:${PORTS.BROKER}`).join(',');
  }

  pods(): readonly RunningPod[] {
    return this.kubelet.pods();
  }

  /** Every listener of every pod, the local one included, which no probe of the product reaches. */
  listeners(): readonly ListenerAddress[] {
    return this.pods().flatMap((p) =>
      LISTENERS[p.role].map(([name, port]) => ({ listener: `${p.name}/${name}`, host: p.address, port, servername: p.fqdn })),
    );
  }

  /** The password of KubeDB's user. */
  async adminPassword(): Promise<string> {
    const secret = await this.client.get(KINDS.Secret, this.namespace, `${KAFKA}-auth`);
    return Buffer.from(untyped(secret)?.data?.password ?? '', 'base64').toString('utf8');
  }

  /** Deletes a pod that may take this many seconds to end. */
  async deleteWithGrace(pod: string, uid: string, gracePeriodSeconds: number): Promise<void> {
    const { apiVersion, kind } = KINDS.Pod;
    await this.client.delete({ apiVersion, kind, metadata: { name: pod, namespace: this.namespace, uid } }, { gracePeriodSeconds });
  }

  override async start(): Promise<void> {
    await this.network.open();
    await super.start();
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.kubelet.ended();
    this.network.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

const classPaths = new Map<Release, string>();

/** The image's major release decides; the minor one is that of `kafka/pom.xml`. */
function classPathOfImage(image: string): string {
  const release: Release = /:3\./.test(image) ? 'kafka-3' : 'kafka-4';
  const known = classPaths.get(release);
  if (known !== undefined) return known;
  const found = classPathOf(release);
  if ('missing' in found) throw new Error(found.missing);
  classPaths.set(release, found.classPath);
  return found.classPath;
}
