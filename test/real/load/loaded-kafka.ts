/** A real Kafka under load, and what a test does to it behind the load's back. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BROKERS, CONTROLLERS, type Listener, type Material, PASSWORD, RealKafka, USER } from '../kafka/cluster';
import { runTool } from '../kafka/jvm';
import { Tools } from '../kafka/tools';
import { type Judgement, judge } from './judge';
import { now } from './now';
import { Load, type LoadOptions, type LoadProgram, type Profile, plaintextProfile, tlsProfile } from './program';
import type { Recording } from './record';
import type { Span } from './spans';

const LOGIN = { user: USER, password: PASSWORD };
/** Shorter than the time after which Kafka takes a silent follower out of the ISR. */
const UNNOTICED_MS = 1_000;

export interface Judged {
  readonly recording: Recording;
  readonly verdict: Judgement;
  readonly window: Span;
}

export class LoadedKafka {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-load-'));
  private readonly trustFile = path.join(this.folder, 'ca.crt');
  private cluster: RealKafka | undefined;

  constructor(private readonly program: LoadProgram) {}

  /** Clients trust what the brokers trust. */
  async start(material: Material): Promise<void> {
    this.trust(material.trust.join(''));
    this.cluster = await RealKafka.create(this.program.kafka, { isForClients: true });
    await this.kafka.start(material);
  }

  async close(): Promise<void> {
    await this.cluster?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get tls(): Profile {
    return tlsProfile(this.bootstrap('BROKER'), LOGIN, this.trustFile);
  }

  get plaintext(): Profile {
    return plaintextProfile(this.bootstrap('CLEAR'), LOGIN);
  }

  /** Reaches the port that has no TLS once it has. */
  get tlsAfterCutover(): Profile {
    return tlsProfile(this.bootstrap('CLEAR'), LOGIN, this.trustFile);
  }

  tlsListener(id: number) {
    const [host = '', port] = this.kafka.address(id, 'BROKER').split(':');
    return { listener: `${id}/BROKER`, host, port: Number(port) };
  }

  /** As the kubelet does, by a rename. */
  trust(certificates: string): void {
    writeFileSync(`${this.trustFile}.new`, certificates);
    renameSync(`${this.trustFile}.new`, this.trustFile);
  }

  /** Runs a load on a new topic, does something once the profiles that work at first are warm, and judges from then on. */
  async underLoad(
    topic: string,
    profiles: readonly Profile[],
    act: (load: Load) => Promise<unknown>,
    atFirst: readonly Profile[] = profiles,
  ): Promise<Judged> {
    const load = Load.start(this.program, {
      folder: path.join(this.folder, topic),
      topic,
      profiles,
      nodes: [
        ...CONTROLLERS.map((id) => ({ id, role: 'controller' as const, address: this.kafka.controllerAddress(id) })),
        ...BROKERS.map((id) => ({ id, role: 'broker' as const, address: this.kafka.address(id, 'INTERNAL') })),
      ],
      watch: { ...LOGIN, protocols: ['PLAINTEXT'] },
    });
    try {
      await load.warm(atFirst.map((p) => p.name));
      const from = now();
      await act(load);
      const window = { from, to: now() };
      const recording = await load.stop();
      const result = judge(recording, window);
      assert.ok('value' in result, 'unknown' in result ? `${result.unknown.join('; ')}\n${load.lastWords}` : '');
      return { recording, verdict: result.value, window };
    } catch (error) {
      throw new Error(`${topic}: ${String(error)}\n${load.lastWords}\n${this.kafka.tails}`, { cause: error });
    } finally {
      await load.kill();
    }
  }

  /** Options of a load that reaches no Kafka. */
  unreachable(bootstrap: string, hosts: string): LoadOptions {
    const hostsFile = path.join(this.folder, 'hosts');
    writeFileSync(hostsFile, hosts);
    return {
      folder: path.join(this.folder, 'unreachable'),
      hostsFile,
      profiles: [plaintextProfile(bootstrap, LOGIN)],
      nodes: [],
      watch: LOGIN,
    };
  }

  async deleteRecords(topic: string, partition: number, offset: number): Promise<void> {
    const file = path.join(this.folder, 'delete.json');
    writeFileSync(file, JSON.stringify({ partitions: [{ topic, partition, offset }], version: 1 }));
    const args = ['--bootstrap-server', this.kafka.bootstrap, '--offset-json-file', file];
    await runTool(this.program.kafka, 'org.apache.kafka.tools.DeleteRecordsCommand', args);
  }

  async frozen(nodes: readonly number[], ms: number): Promise<void> {
    for (const id of nodes) this.kafka.node(id).freeze();
    try {
      await pause(ms);
    } finally {
      for (const id of nodes) this.kafka.node(id).thaw();
    }
    await this.untilWhole();
  }

  /** Returns the time in which the broker had messages that its followers did not have. */
  async killWhileOthersAreFrozen(broker: number): Promise<Span> {
    const others = BROKERS.filter((id) => id !== broker);
    const from = now();
    for (const id of others) this.kafka.node(id).freeze();
    try {
      await pause(UNNOTICED_MS);
      await this.kafka.node(broker).stop('SIGKILL');
    } finally {
      for (const id of others) this.kafka.node(id).thaw();
    }
    const to = now();
    await this.kafka.startNode(broker);
    await this.untilWhole();
    return { from, to };
  }

  /** Adds TLS to the port that had none. All brokers stop before the first one starts. */
  async cutOver(material: Material): Promise<void> {
    await Promise.all(BROKERS.map((id) => this.kafka.node(id).stop()));
    this.kafka.cutOver(material);
    await Promise.all(BROKERS.map((id) => this.kafka.startNode(id)));
    await this.untilWhole();
  }

  async restart(id: number, material: Material): Promise<void> {
    await this.kafka.node(id).stop();
    this.kafka.serve(id, material);
    await this.kafka.startNode(id);
    await this.untilWhole();
  }

  private bootstrap(listener: Listener): string {
    return BROKERS.map((id) => this.kafka.address(id, listener)).join(',');
  }

  /** Asks Kafka's own tool. */
  private async untilWhole(): Promise<void> {
    const tools = new Tools(this.program.kafka, this.kafka.bootstrap);
    for (;;) {
      const partitions = await tools.partitions();
      if (partitions.every((p) => p.isr.length === p.replicas.length)) return;
      await pause(500);
    }
  }

  private get kafka(): RealKafka {
    if (this.cluster === undefined) throw new Error('the cluster was not started');
    return this.cluster;
  }
}
