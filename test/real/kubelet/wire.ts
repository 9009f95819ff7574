/**
 * A small client of Kafka's protocol, for probes: one connection, one request at a time. It shares no code with the product's clients, which
 * these tests judge. It knows the requests that every node of Kafka 3.9 and 4 answers in the same version.
 */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { int16, int32, Reader, string } from './bytes';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Absent: plaintext. Without `ca`, any certificate will do. */
  readonly tls?: {
    readonly servername: string;
    readonly ca?: readonly string[];
    readonly identity?: { readonly cert: string; readonly key: string };
  };
  /** Absent: no login. */
  readonly login?: { readonly user: string; readonly password: string };
  readonly timeoutMs: number;
}

interface Request {
  readonly api: number;
  readonly version: number;
  readonly body: Buffer;
  /** Has the headers of flexible versions. */
  readonly isFlexible?: boolean;
}

const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const METADATA = 3;
const DESCRIBE_QUORUM = 55;
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** What a broker knows about the cluster. */
export interface Metadata {
  /** Ids of the brokers that are registered and not fenced. */
  readonly brokers: readonly number[];
  readonly partitions: readonly {
    readonly topic: string;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
    readonly leader: number;
  }[];
}

/** What the leader of the controllers knows about those that follow it. */
export interface Quorum {
  readonly leaderId: number;
  /** When a voter, or a broker, last had all metadata, in milliseconds since the epoch; -1: unknown. */
  readonly caughtUp: ReadonlyMap<number, number>;
}

export class KafkaConnection {
  private received = Buffer.alloc(0);
  private waiting: { readonly correlation: number; resolve(answer: Reader): void; reject(error: Error): void } | undefined;
  private correlation = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly timeoutMs: number,
  ) {
    socket.on('error', (error) => this.end(error));
    socket.on('close', () => this.end(new Error('closed')));
    socket.on('data', (chunk: Buffer) => this.take(chunk));
  }

  /** Connects and logs in. */
  static async open({ host, port, tls, login, timeoutMs }: Endpoint): Promise<KafkaConnection> {
    const options = tls && {
      servername: tls.servername,
      rejectUnauthorized: tls.ca !== undefined,
      // KubeDB is written in Go, which takes every certificate that it is given for an anchor, self-signed or not.
      ...(tls.ca && { ca: [...tls.ca], allowPartialTrustChain: true }),
      ...tls.identity,
    };
    const socket = options === undefined ? connectTcp(port, host) : connectTls({ host, port, ...options });
    try {
      await once(socket, options === undefined ? 'connect' : 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
      const connection = new KafkaConnection(socket, timeoutMs);
      if (login !== undefined) await connection.logIn(login.user, login.password);
      return connection;
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error;
    }
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  close(): void {
    this.socket.destroy();
  }

  /** Asks a broker for all topics. */
  async metadata(): Promise<Metadata> {
    const answer = await this.ask({ api: METADATA, version: 7, body: Buffer.concat([int32(-1), Buffer.from([0])]) });
    answer.int32();
    const brokers = answer.array(() => {
      const id = answer.int32();
      answer.string();
      answer.int32();
      answer.string();
      return id;
    });
    answer.string();
    answer.int32();
    const partitions = answer.array(() => {
      answer.int16();
      const topic = answer.string() ?? '';
      answer.skip(1);
      return answer.array(() => {
        answer.skip(2 + 4);
        const leader = answer.int32();
        answer.int32();
        const [replicas, isr] = [answer.array(() => answer.int32()), answer.array(() => answer.int32())];
        answer.array(() => answer.int32());
        return { topic, leader, replicas, isr };
      });
    });
    return { brokers, partitions: partitions.flat() };
  }

  /** Asks for the state of the quorum. A broker passes the question on to the leader. Undefined: the leader is not known, or is another node. */
  async quorum(): Promise<Quorum | undefined> {
    const topic = Buffer.from('__cluster_metadata');
    const body = Buffer.concat([Buffer.from([2, topic.length + 1]), topic, Buffer.from([2]), int32(0), Buffer.from([0, 0, 0])]);
    const answer = await this.ask({ api: DESCRIBE_QUORUM, version: 1, body, isFlexible: true });
    if (answer.int16() !== 0) return undefined;
    const [partition] = answer.compactArray(() => {
      answer.compactString();
      const found = answer.compactArray(() => {
        answer.int32();
        const error = answer.int16();
        const leaderId = answer.int32();
        answer.skip(4 + 8);
        const replica = (): readonly [number, number] => {
          const id = answer.int32();
          answer.skip(8 + 8);
          const caughtUpMs = answer.int64();
          answer.tags();
          return [id, caughtUpMs];
        };
        const replicas = [...answer.compactArray(replica), ...answer.compactArray(replica)];
        answer.tags();
        return { error, leaderId, replicas };
      });
      answer.tags();
      return found[0];
    });
    if (partition === undefined || partition.error !== 0 || partition.leaderId < 0) return undefined;
    // A node that came back with another directory is listed twice for a while.
    const caughtUp = new Map<number, number>();
    for (const [id, ms] of partition.replicas) caughtUp.set(id, Math.max(ms, caughtUp.get(id) ?? -1));
    return { leaderId: partition.leaderId, caughtUp };
  }

  private async logIn(user: string, password: string): Promise<void> {
    const handshake = await this.ask({ api: SASL_HANDSHAKE, version: 1, body: string('PLAIN') });
    if (handshake.int16() !== 0) throw new Error('it does not offer PLAIN');
    const login = Buffer.from(`\0${user}\0${password}`);
    const answer = await this.ask({ api: SASL_AUTHENTICATE, version: 1, body: Buffer.concat([int32(login.length), login]) });
    if (answer.int16() !== 0) throw new Error('it refuses the login');
  }

  private ask({ api, version, body, isFlexible = false }: Request): Promise<Reader> {
    const correlation = ++this.correlation;
    const header = Buffer.concat([int16(api), int16(version), int32(correlation), string('probe'), Buffer.alloc(isFlexible ? 1 : 0)]);
    const answered = new Promise<Reader>((resolve, reject) => {
      const limit = setTimeout(() => this.end(new Error(`no answer within ${this.timeoutMs} ms`)), this.timeoutMs);
      const settled =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(limit);
          this.waiting = undefined;
          then(value);
        };
      this.waiting = { correlation, resolve: settled(resolve), reject: settled(reject) };
    });
    this.socket.write(Buffer.concat([int32(header.length + body.length), header, body]));
    return answered.then((reader) => {
      if (isFlexible) reader.tags();
      return reader;
    });
  }

  private take(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    if (this.received.length < 4) return;
    const size = this.received.readInt32BE(0);
    // A TLS record, read as a length, is far above it.
    if (size < 4 || size > LARGEST_ANSWER) this.end(new Error('it does not speak this protocol'));
    if (this.socket.destroyed || this.received.length < 4 + size) return;
    const reader = new Reader(this.received.subarray(4, 4 + size));
    this.received = this.received.subarray(4 + size);
    if (reader.int32() === this.waiting?.correlation) this.waiting.resolve(reader);
    else this.end(new Error('it answers another question'));
  }

  private end(error: Error): void {
    this.socket.destroy();
    this.waiting?.reject(error);
  }
}
