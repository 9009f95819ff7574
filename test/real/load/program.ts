/**
 * Starts the load program (`java/Load.java` describes it) and gives its recording.
 *
 *     const program = compiledLoad('kafka-4');                         // or { missing: why not }
 *     const load = await Load.start(program, options);
 *     await load.until('the first ack', (e) => e.event === 'first-ack');
 *     ...
 *     const recording = await load.stop();
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder, classPathOf, type Release } from '../kafka/jars';
import { EVENTS_FILE, type LoadEvent, parseEvent, type Recording, readRecording } from './record';

const SOURCES = 'test/real/load/java';
/**
 * During a cut-over clients take a TLS alert for the length of a message, 336 MiB. The heap is smaller, so that such a client dies of an
 * OutOfMemoryError at once, and does not slow down the others with its garbage.
 */
const JAVA_OPTIONS = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off'];

export interface LoadProgram {
  /** Kafka's jars. */
  readonly kafka: string;
  /** The program and Kafka's jars. */
  readonly classPath: string;
}

/** Compiles the program, once for a content of its sources and a release of Kafka. Returns why not if something is missing. */
export function compiledLoad(release: Release): LoadProgram | { readonly missing: string } {
  const jars = classPathOf(release);
  if ('missing' in jars) return jars;
  const { classPath: kafka } = jars;
  const sources = readdirSync(SOURCES).map((file) => path.join(SOURCES, file));
  const hash = createHash('sha256').update(kafka);
  for (const source of sources) hash.update(readFileSync(source));
  const folder = path.join(cacheFolder(), `load-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}`;
    mkdirSync(partial, { recursive: true });
    const compiler = spawnSync('javac', ['-nowarn', '-d', partial, '-cp', kafka, ...sources], { encoding: 'utf8' });
    if (compiler.status !== 0) {
      rmSync(partial, { recursive: true, force: true });
      if (compiler.error !== undefined) return { missing: 'there is no Java compiler on this machine: "javac" does not run' };
      throw new Error(`${SOURCES} does not compile:\n${compiler.stderr}`);
    }
    publish(partial, folder);
  }
  return { kafka, classPath: `${kafka}:${folder}` };
}

/** Another process may have compiled the same meanwhile. */
function publish(partial: string, folder: string): void {
  try {
    renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(partial, { recursive: true, force: true });
  }
}

/** One way for clients to reach the cluster. */
export interface Profile {
  /** Lower-case; also the name of its producer in the recording. */
  readonly name: string;
  /** Properties of Kafka's clients. A change of the file at `ssl.truststore.location` makes the program create its clients again. */
  readonly client: Readonly<Record<string, string>>;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Clients with TLS, set up as the README describes: a PEM file with the trusted CA certificates. It may be created later. */
export function tlsProfile(bootstrap: string, login: Login, trustFile: string): Profile {
  const client = {
    ...sasl(bootstrap, login),
    'security.protocol': 'SASL_SSL',
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': trustFile,
  };
  return { name: 'tls', client };
}

/** Clients without TLS. */
export function plaintextProfile(bootstrap: string, login: Login): Profile {
  return { name: 'plaintext', client: { ...sasl(bootstrap, login), 'security.protocol': 'SASL_PLAINTEXT' } };
}

function sasl(bootstrap: string, { user, password }: Login): Readonly<Record<string, string>> {
  const jaas = `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user}" password="${password}";`;
  return { 'bootstrap.servers': bootstrap, 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': jaas };
}

export interface WatchedNode {
  readonly id: number;
  readonly role: 'controller' | 'broker';
  /** `host:port`. */
  readonly address: string;
}

export interface LoadOptions {
  /** For the recording; is created. */
  readonly folder: string;
  /** Names that clients may resolve. Without it none can be resolved. */
  readonly hostsFile?: string;
  /** A producer and a member of the consumer group each. */
  readonly profiles: readonly Profile[];
  /** Nodes that are asked what they lead. */
  readonly nodes: readonly WatchedNode[];
  readonly watch: Login & {
    /** Are tried in turn, because a cut-over changes the protocol of a port. @default SASL_SSL, then SASL_PLAINTEXT */
    readonly protocols?: readonly string[];
  };
  /** Name of the profile by which Kafka's AdminClient is asked about all partitions and the quorum. @default it is not asked */
  readonly health?: string;
  /** @default load */
  readonly topic?: string;
  /** @default 12 */
  readonly partitions?: number;
  /** Messages a second, of each producer. @default 300 */
  readonly rate?: number;
  /** End of the load if it is not stopped before. @default 30 minutes */
  readonly limitMs?: number;
  /** For each of: the producers' last messages, the read of everything. @default 60 s */
  readonly finishMs?: number;
}

export class Load {
  private readonly events: LoadEvent[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly ended: Promise<unknown>;
  private stderr = '';

  private constructor(
    private readonly java: ChildProcess,
    private readonly folder: string,
    private readonly profiles: readonly Profile[],
  ) {
    this.ended = once(java, 'close');
    java.stdin?.on('error', () => undefined);
    java.stderr?.on('data', (chunk) => {
      this.stderr = (this.stderr + String(chunk)).slice(-4_000);
    });
    createInterface({ input: java.stdout as NodeJS.ReadableStream }).on('line', (line) => this.hear(line));
    void this.ended.then(() => this.wake());
  }

  static start({ classPath }: LoadProgram, options: LoadOptions): Load {
    const { folder } = options;
    mkdirSync(folder, { recursive: true });
    const hosts = options.hostsFile ?? path.join(folder, 'hosts');
    if (options.hostsFile === undefined) writeFileSync(hosts, '127.0.0.1 localhost\n');
    const settings = path.join(folder, 'settings.properties');
    writeFileSync(settings, settingsOf(options), { mode: 0o600 });
    writeFileSync(path.join(folder, EVENTS_FILE), '');
    const args = [...JAVA_OPTIONS, `-Djdk.net.hosts.file=${hosts}`, '-cp', classPath, 'Load', settings];
    return new Load(spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'] }), folder, options.profiles);
  }

  get pid(): number | undefined {
    return this.java.pid;
  }

  get isRunning(): boolean {
    return this.java.exitCode === null && this.java.signalCode === null;
  }

  /** Resolves at an event, also at one of the past. */
  async until(what: string, isAwaited: (event: LoadEvent) => boolean): Promise<LoadEvent> {
    for (;;) {
      const found = this.events.find(isAwaited);
      if (found !== undefined) return found;
      if (!this.isRunning) throw new Error(`the load program ended before ${what}: ${this.lastWords}`);
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** Resolves when the producers of some profiles (of all, without names) have an acknowledgement and the consumer group has read something. */
  async warm(names: readonly string[] = this.profiles.map((p) => p.name)): Promise<void> {
    for (const name of names) {
      await this.until(`the first acknowledgement of ${name}`, (e) => e.event === 'first-ack' && e.writer === name);
    }
    await this.until('the first message that the group reads', (e) => e.event === 'first-read');
  }

  /** Ends the load, waits for the read of everything, and returns the recording. */
  async stop(): Promise<Recording> {
    this.java.stdin?.write('stop\n');
    await this.ended;
    return readRecording(this.folder);
  }

  /** Ends the process at once. The recording stays as it is. */
  async kill(): Promise<void> {
    this.java.kill('SIGKILL');
    await this.ended;
  }

  /** What it has printed lately, for the reader of a failure. */
  get lastWords(): string {
    const events = this.events.slice(-10).map((e) => JSON.stringify(e));
    return [`exit code ${this.java.exitCode}`, this.stderr, ...events].filter(Boolean).join('\n');
  }

  private hear(line: string): void {
    appendFileSync(path.join(this.folder, EVENTS_FILE), `${line}\n`);
    this.events.push(parseEvent(line));
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

function settingsOf(options: LoadOptions): string {
  const { profiles, nodes, watch, topic = 'load', partitions = 12, rate = 300, limitMs = 1_800_000, finishMs = 60_000 } = options;
  const all: readonly (readonly [string, string | number])[] = [
    ['folder', options.folder],
    ['topic', topic],
    ['partitions', partitions],
    ['rate', rate],
    ['limit.ms', limitMs],
    ['finish.ms', finishMs],
    ...profiles.flatMap(({ name, client }) => Object.entries(client).map(([key, value]) => [`profile.${name}.${key}`, value] as const)),
    ...nodes.map(({ id, role, address }) => [`node.${id}`, `${role} ${address}`] as const),
    ...(options.health === undefined ? [] : [['health.profile', options.health] as const]),
    ['watch.protocols', (watch.protocols ?? ['SASL_SSL', 'SASL_PLAINTEXT']).join(',')],
    ['watch.user', watch.user],
    ['watch.password', watch.password],
  ];
  return all.map(([key, value]) => `${key}=${String(value).replaceAll('\\', '\\\\')}\n`).join('');
}
