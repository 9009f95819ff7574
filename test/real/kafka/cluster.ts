/**
 * A KRaft cluster on this machine: three dedicated controllers and three brokers, each in its JVM.
 *
 *     BROKER      what KubeDB has with TLS: SASL_SSL, clients show a certificate. Advertised under a name that no DNS resolves, since
 *                 no advertised address may be followed (both unless it is made for clients)
 *     CLEAR       what KubeDB has without TLS: SASL_PLAINTEXT
 *     INTERNAL    PLAINTEXT: brokers among themselves, and Kafka's own tools
 *     CONTROLLER  PLAINTEXT
 *
 * Key stores are PEM files. Timeouts are short, so that what Kafka notices after a while it notices soon.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Issued } from '#test/support/certificate-factory';
import { runTool, Server } from './jvm';

export const USER = 'admin';
export const PASSWORD = 'not-to-be-seen-anywhere';
export const FETCH_TIMEOUT_MS = 2_500;
const LISTENERS = ['BROKER', 'CLEAR', 'INTERNAL'] as const;
export type Listener = (typeof LISTENERS)[number];
export const CONTROLLERS = [1000, 1001, 1002];
export const BROKERS = [0, 1, 2];

export interface RealKafkaOptions {
  /** BROKER and CLEAR advertise addresses that a client can follow, and BROKER wants no certificate of clients. */
  readonly isForClients?: boolean;
}

/** Which listeners have TLS. */
const PROTOCOLS = 'BROKER:SASL_SSL,CLEAR:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT';
const AFTER_CUTOVER = 'BROKER:SASL_SSL,CLEAR:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT';

/** What a broker serves and trusts. */
export interface Material {
  readonly leaf: Issued;
  readonly trust: readonly string[];
}

export class RealKafka {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'kafka-tls-real-'));
  private readonly servers = new Map<number, Server>();
  private hasCutOver = false;

  private constructor(
    private readonly classPath: string,
    private readonly ports: ReadonlyMap<string, number>,
    private readonly options: RealKafkaOptions,
  ) {}

  static async create(classPath: string, options: RealKafkaOptions = {}): Promise<RealKafka> {
    const names = [...CONTROLLERS.map((id) => `${id}`), ...BROKERS.flatMap((id) => LISTENERS.map((l) => `${id}/${l}`))];
    const ports = await freePorts(names.length);
    return new RealKafka(classPath, new Map(names.map((name, i) => [name, ports[i] as number])), options);
  }

  /** Formats and starts every node. */
  async start(material: Material): Promise<void> {
    for (const id of [...CONTROLLERS, ...BROKERS]) mkdirSync(this.path(id, 'data'), { recursive: true });
    for (const id of BROKERS) this.serve(id, material);
    await this.format();
    await Promise.all([...CONTROLLERS, ...BROKERS].map((id) => this.startNode(id)));
  }

  /** Changes what a broker loads when it starts next. */
  serve(id: number, { leaf, trust }: Material): void {
    writeFileSync(this.path(id, 'keystore.pem'), leaf.key + leaf.cert);
    writeFileSync(this.path(id, 'truststore.pem'), trust.join(''));
    writeFileSync(this.path(id, 'server.properties'), this.brokerProperties(id));
  }

  /** Brokers that are started from now on have TLS on the port of CLEAR. */
  cutOver(material: Material): void {
    this.hasCutOver = true;
    for (const id of BROKERS) this.serve(id, material);
  }

  /** `127.0.0.1:<port>` of a broker's listener. */
  address(id: number, listener: Listener): string {
    return `127.0.0.1:${this.ports.get(`${id}/${listener}`)}`;
  }

  /** `127.0.0.1:<port>` of a controller. */
  controllerAddress(id: number): string {
    return `127.0.0.1:${this.ports.get(`${id}`)}`;
  }

  get bootstrap(): string {
    return BROKERS.map((id) => this.address(id, 'INTERNAL')).join(',');
  }

  async startNode(id: number): Promise<void> {
    const at = { classPath: this.classPath, log: this.path(id, 'log'), folder: this.folder };
    this.servers.set(id, await Server.start('kafka.Kafka', [this.path(id, 'server.properties')], at));
  }

  node(id: number): Server {
    const server = this.servers.get(id);
    if (server === undefined) throw new Error(`node ${id} was never started`);
    return server;
  }

  /** Ends every node and deletes what they wrote. */
  async close(): Promise<void> {
    await Promise.all([...this.servers.values()].map((s) => s.stop('SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What ended nodes and running ones have printed lately. */
  get tails(): string {
    return [...this.servers].map(([id, server]) => `--- node ${id}, running: ${server.isRunning}\n${server.tail}`).join('\n');
  }

  private path(id: number, file: string): string {
    return path.join(this.folder, String(id), file);
  }

  /** One run of the tool is enough: nodes differ in their id only, and brokers get theirs from us, too. */
  private async format(): Promise<void> {
    for (const id of CONTROLLERS) writeFileSync(this.path(id, 'server.properties'), this.controllerProperties(id));
    const [first = 0, ...others] = CONTROLLERS;
    const clusterId = Buffer.from('kafka-tls-test00').toString('base64url');
    const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((m) => ['--add-scram', `${m}=[name=${USER},password=${PASSWORD}]`]);
    const properties = ['-c', this.path(first, 'server.properties')];
    await runTool(this.classPath, 'kafka.tools.StorageTool', ['format', '-t', clusterId, ...properties, ...scram]);
    for (const id of [...others, ...BROKERS]) {
      writeFileSync(this.path(id, 'data/meta.properties'), `version=1\ncluster.id=${clusterId}\nnode.id=${id}\n`);
      if (CONTROLLERS.includes(id)) {
        writeFileSync(this.path(id, 'data/bootstrap.checkpoint'), readFileSync(this.path(first, 'data/bootstrap.checkpoint')));
      }
    }
  }

  private controllerProperties(id: number): string {
    return properties({
      ...this.common(id, 'controller'),
      listeners: `CONTROLLER://${this.controllerAddress(id)}`,
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT',
    });
  }

  private brokerProperties(id: number): string {
    const login = (mechanism: string) => `org.apache.kafka.common.security.${mechanism} required`;
    const plain = `${login('plain.PlainLoginModule')} username="${USER}" password="${PASSWORD}" user_${USER}="${PASSWORD}";`;
    const saslOf = (listener: string) => ({
      [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      [`listener.name.${listener}.plain.sasl.jaas.config`]: plain,
      [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: `${login('scram.ScramLoginModule')};`,
      [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: `${login('scram.ScramLoginModule')};`,
    });
    return properties({
      ...this.common(id, 'broker'),
      listeners: LISTENERS.map((l) => `${l}://${this.address(id, l)}`).join(','),
      'advertised.listeners': LISTENERS.map((l) => `${l}://${this.advertised(id, l)}`).join(','),
      'listener.security.protocol.map': this.hasCutOver ? AFTER_CUTOVER : PROTOCOLS,
      'inter.broker.listener.name': 'INTERNAL',
      ...saslOf('broker'),
      ...saslOf('clear'),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': this.path(id, 'keystore.pem'),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': this.path(id, 'truststore.pem'),
      // Without the listener's name Kafka takes it for SSL listeners only, not for SASL_SSL.
      'listener.name.broker.ssl.client.auth': this.options.isForClients === true ? 'none' : 'required',
      'ssl.endpoint.identification.algorithm': '',
      'replica.lag.time.max.ms': '2000',
      'replica.fetch.wait.max.ms': '250',
      'num.network.threads': '1',
      'log.cleaner.enable': 'false',
    });
  }

  private advertised(id: number, listener: Listener): string {
    const isFollowed = listener === 'INTERNAL' || this.options.isForClients === true;
    return isFollowed ? this.address(id, listener) : `nowhere-${id}.invalid:9092`;
  }

  private common(id: number, role: string): Readonly<Record<string, string>> {
    return {
      'process.roles': role,
      'node.id': String(id),
      'controller.quorum.voters': CONTROLLERS.map((c) => `${c}@${this.controllerAddress(c)}`).join(','),
      'controller.listener.names': 'CONTROLLER',
      'controller.quorum.fetch.timeout.ms': String(FETCH_TIMEOUT_MS),
      'broker.heartbeat.interval.ms': '500',
      'broker.session.timeout.ms': '3000',
      'log.dirs': this.path(id, 'data'),
    };
  }
}

function properties(all: Readonly<Record<string, string>>): string {
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** All at once, so that none is given out twice. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((s) => (s.address() as { readonly port: number }).port);
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))));
  return ports;
}
