/** A Kafka of three controllers and three brokers that are real processes, and what every proof about rotations by reload asks of it. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Size } from 'cdk8s';
import { KafkaCluster, type KafkaTlsProps, Rotation, type TlsOnProps } from '#constructs/index';
import type { Bundle } from '#model/bundle';
import type { ExecutorName } from '#model/desired';
import { asKind } from '#model/kinds/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import { brokerCertificateName } from '#model/tls';
import type { Plan } from '#reconciler/model/plan';
import type { Cluster, KafkaNode, ProgressEvent } from '#reconciler/ports';
import { prepare } from '#reconciler/reconcile';
import { assertDone } from '../../support/converged';
import { on } from '../../support/desired-states';
import { untyped } from '../../support/untyped';
import { KAFKA, World } from '../../support/world';
import type { Release } from '../kafka/jars';
import type { RealKafkaEnvironment, realKafkaEnvironments } from '../kafka-environment';
import { handshake } from '../load/handshakes';
import { now } from '../load/now';

export const RELEASE: Release = process.env.KAFKA_TLS_TEST_RELEASE === '3' ? 'kafka-3' : 'kafka-4';
/** Versions of KubeDB's catalog; the release of the processes is that of `kafka/pom.xml`. */
const KUBEDB_VERSION = RELEASE === 'kafka-3' ? '3.9.0' : '4.2.0';
/** In a row, with each listener: more than it has network threads. */
const HANDSHAKES = 8;

export interface TimedEvent {
  readonly at: number;
  readonly event: ProgressEvent;
}

export class Place {
  readonly world: World;
  /** Events of the run under way or of the last one, with the time of this machine. */
  readonly events: TimedEvent[] = [];
  private readonly cluster: Partial<KafkaTlsProps>;

  /** Wraps the cluster that the product sees. */
  decorate: (cluster: Cluster) => Cluster = (cluster) => cluster;

  private constructor(environments: ReturnType<typeof realKafkaEnvironments>, executor: ExecutorName) {
    const decorate = (cluster: Cluster) => this.decorate(cluster);
    this.world = new World({ executor, opsManager: false, decorate }, (options) => environments(executor, options));
    this.world.onEvent = (event) => void this.events.push({ at: now(), event });
    const nodes = { replicas: 3, storage: Size.gibibytes(1) };
    this.cluster = { cluster: KafkaCluster.dedicated({ name: KAFKA, version: KUBEDB_VERSION, controllers: nodes, brokers: nodes }) };
  }

  /** Creates the Kafka with TLS. */
  static async start(environments: ReturnType<typeof realKafkaEnvironments>, executor: ExecutorName = 'native'): Promise<Place> {
    const place = new Place(environments, executor);
    try {
      await place.world.start();
      const bundle = place.desired();
      await place.world.apply(bundle);
      await assertDone(place.world, bundle);
      return place;
    } catch (error) {
      await place.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.world.stop();
  }

  get environment(): RealKafkaEnvironment {
    return this.world.environment as RealKafkaEnvironment;
  }

  desired(tls: Partial<TlsOnProps> = {}, change: Partial<KafkaTlsProps> = {}): Bundle {
    return this.world.desired(on({ rotation: Rotation.reload(), ...tls }), { ...this.cluster, ...change });
  }

  /** Returns an instant that is later than every certificate. The time of issue is known in whole seconds. */
  async instant(): Promise<string> {
    await this.world.environment.pass(2_000);
    return this.world.clock.now().toISOString();
  }

  /** A commit that asks for certificates issued from now on. */
  async rotation(tls: Partial<TlsOnProps> = {}): Promise<Bundle> {
    return this.desired({ issuedAfter: await this.instant(), ...tls });
  }

  /** Forgets the events and requests of earlier runs. */
  forget(): void {
    this.world.events.length = 0;
    this.events.length = 0;
    this.environment.nodeRequests.list.length = 0;
  }

  get reloaded(): readonly string[] {
    return this.subjectsOf('reloaded');
  }

  get warnings(): readonly string[] {
    return this.world.events.filter((e) => e.event === 'warning').map((e) => `${e.subject.name} ${e.message}`);
  }

  subjectsOf(event: ProgressEvent['event']): readonly string[] {
    return this.world.events.filter((e) => e.event === event).map((e) => e.subject.name);
  }

  /** Pods that were asked to load their certificate, each as often as it was asked. */
  get asked(): readonly string[] {
    return this.environment.nodeRequests.list.filter((a) => a.request === 'reload').map((a) => a.pod);
  }

  /** uid and process of every pod. */
  async incarnations(): Promise<Readonly<Record<string, string>>> {
    const uids = await this.world.podUids();
    return Object.fromEntries(this.environment.pods().map((p) => [p.name, `${uids[p.name]} ${p.pid}`]));
  }

  async secret(): Promise<KubeObject> {
    return (await this.world.cluster.get(this.world.ref(KINDS.Secret, brokerCertificateName(KAFKA, 'server')))) as KubeObject;
  }

  /** Fingerprint of the certificate in the Secret. */
  async issued(): Promise<string> {
    return new X509Certificate(Buffer.from(untyped(await this.secret()).data['tls.crt'], 'base64')).fingerprint256;
  }

  /** What every listener shows in handshakes in a row: fingerprints, or why there was none. */
  async served(pods: readonly string[] = this.environment.pods().map((p) => p.name)): Promise<Readonly<Record<string, readonly string[]>>> {
    const listeners = this.environment.listeners().filter(({ listener }) => pods.includes(listener.split('/')[0] ?? ''));
    const shown = listeners.map(async (address) => {
      const seen = new Set<string>();
      for (let i = 0; i < HANDSHAKES; i++) {
        const { certificate, failure } = await handshake(address, 5_000);
        seen.add(certificate?.fingerprint ?? failure ?? 'nothing');
      }
      return [address.listener, [...seen]] as const;
    });
    return Object.fromEntries(await Promise.all(shown));
  }

  /** Pods of which a listener shows another certificate. */
  async staleAgainst(fingerprint: string): Promise<readonly string[]> {
    const other = Object.entries(await this.served()).filter(([, seen]) => seen.some((s) => s !== fingerprint));
    return [...new Set(other.map(([listener]) => listener.split('/')[0] ?? ''))];
  }

  /** Asserts that every listener shows this certificate in every handshake. */
  async assertServed(fingerprint: string, pods?: readonly string[]): Promise<void> {
    const served = await this.served(pods);
    assert.ok(Object.keys(served).length > 0, 'there are listeners');
    assert.deepEqual(served, Object.fromEntries(Object.keys(served).map((listener) => [listener, [fingerprint]])));
  }

  /** What a run would do now, with the settings of the nodes. */
  async plan(bundle: Bundle): Promise<Plan> {
    const { dialer, facts, admin, clock, product: cluster } = this.environment;
    const { signal } = new AbortController();
    return (await prepare(bundle, { cluster, dialer, facts, admin, clock }, signal, {})).plan;
  }

  async node(pod: string): Promise<KafkaNode> {
    return { kafka: asKind('Kafka', (await this.world.kafka()) as KubeObject), pod };
  }

  logOf(pod: string): string {
    const found = this.environment.pods().find((p) => p.name === pod);
    return found === undefined ? '' : readFileSync(found.log, 'utf8');
  }
}
