/**
 * A broker on this machine that answers the requests for Kafka's facts, byte by byte as Kafka's protocol defines: ApiVersions 1,
 * SaslHandshake 1, SaslAuthenticate 1 (PLAIN), Metadata 12, DescribeConfigs 4, DescribeQuorum 1. Every other request ends the connection.
 */
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import tls, { type TlsOptions } from 'node:tls';

export interface BrokerScript {
  readonly topics?: readonly TopicScript[];
  readonly quorum?: QuorumScript | { readonly error: number };
  readonly login?: { readonly username: string; readonly password: string };
  /** Settings by resource: `<type>/<name>`; a missing resource has none. */
  readonly configs?: Readonly<Record<string, Readonly<Record<string, string>> | { readonly error: number }>>;
  /** API keys that are never answered. */
  readonly silentOn?: readonly number[];
}
export interface TopicScript {
  readonly name: string;
  readonly partitions: readonly { readonly leader: number; readonly replicas: readonly number[]; readonly isr: readonly number[] }[];
}
export interface QuorumScript {
  readonly leader: number;
  /** When each was last caught up. */
  readonly voters: Readonly<Record<number, number>>;
  readonly observers?: Readonly<Record<number, number>>;
}

export const KEY = { metadata: 3, saslHandshake: 17, apiVersions: 18, describeConfigs: 32, saslAuthenticate: 36, describeQuorum: 55 };

export class ScriptedBroker {
  readonly sockets = new Set<Socket>();
  /** API keys in the order in which they were asked. */
  readonly asked: number[] = [];

  private constructor(
    private readonly server: Server,
    readonly script: BrokerScript,
  ) {}

  static async listen(script: BrokerScript, options?: TlsOptions): Promise<ScriptedBroker> {
    const serve = (socket: Socket) => broker.serve(socket);
    const server: Server = options === undefined ? net.createServer(serve) : tls.createServer(options, serve);
    const broker = new ScriptedBroker(server, script);
    server.on('connection', (socket: Socket) => {
      broker.sockets.add(socket.on('error', () => undefined).on('close', () => broker.sockets.delete(socket)));
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return broker;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private serve(socket: Socket): void {
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      // Anything but a request ends the connection: the first bytes of a TLS handshake, read as a size, are far too large.
      if (received.length >= 4 && received.readInt32BE(0) > 1_000_000) return void socket.destroy();
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const request = received.subarray(4, 4 + received.readInt32BE(0));
        received = received.subarray(4 + request.length);
        const key = request.readInt16BE(0);
        this.asked.push(key);
        if (this.script.silentOn?.includes(key)) continue;
        const answer = this.answer(key, request.subarray(10 + request.readInt16BE(8)));
        if (answer === undefined) return void socket.destroy();
        const isFlexible = key === KEY.metadata || key === KEY.describeConfigs || key === KEY.describeQuorum;
        const whole = Buffer.concat([request.subarray(4, 8), isFlexible ? NO_TAGS : NOTHING, answer]);
        socket.write(Buffer.concat([int32(whole.length), whole]));
      }
    });
  }

  private answer(key: number, body: Buffer): Buffer | undefined {
    const { topics = [], quorum } = this.script;
    switch (key) {
      case KEY.apiVersions:
        return Buffer.concat([int16(0), int32(1), int16(KEY.saslAuthenticate), int16(0), int16(1), int32(0)]);
      case KEY.saslHandshake:
        return Buffer.concat([int16(0), int32(1), text('PLAIN')]);
      case KEY.saslAuthenticate:
        return this.logIn(body);
      case KEY.metadata:
        return Buffer.concat([int32(0), array([]), byte(0), int32(0), array(topics.map(topic)), NO_TAGS]);
      case KEY.describeConfigs:
        return Buffer.concat([int32(0), array(resources(body).map((r) => this.describe(r))), NO_TAGS]);
      case KEY.describeQuorum:
        return quorum === undefined ? undefined : describedQuorum(quorum);
      default:
        return undefined;
    }
  }

  /** A refusal repeats the credentials: the client must not repeat the words of a peer. */
  private logIn(body: Buffer): Buffer {
    const [, username, password] = body.subarray(4).toString('utf8').split('\0');
    const { login } = this.script;
    const isRefused = login !== undefined && (login.username !== username || login.password !== password);
    const message = isRefused ? text(`Authentication failed: ${username} with ${password}`) : int16(-1);
    return Buffer.concat([int16(isRefused ? 58 : 0), message, int32(0), int64(0)]);
  }

  private describe({ type, name }: { readonly type: number; readonly name: string }): Buffer {
    const found = this.script.configs?.[`${type}/${name}`] ?? {};
    const error = typeof found.error === 'number' ? found.error : 0;
    const settings = error === 0 ? Object.entries(found as Readonly<Record<string, string>>) : [];
    const configs = settings.map(([key, value]) =>
      Buffer.concat([compact(key), compact(value), byte(0), byte(5), byte(0), array([]), byte(1), byte(0), NO_TAGS]),
    );
    return Buffer.concat([int16(error), byte(0), byte(type), compact(name), array(configs), NO_TAGS]);
  }
}

function topic({ name, partitions }: TopicScript): Buffer {
  const all = partitions.map(({ leader, replicas, isr }, i) =>
    Buffer.concat([
      int16(leader < 0 ? LEADER_NOT_AVAILABLE : 0),
      int32(i),
      int32(leader),
      int32(0),
      ...[replicas, isr, []].map((ids) => array(ids.map(int32))),
      NO_TAGS,
    ]),
  );
  return Buffer.concat([int16(0), compact(name), Buffer.alloc(16), byte(0), array(all), int32(0), NO_TAGS]);
}

function describedQuorum(quorum: QuorumScript | { readonly error: number }): Buffer {
  if ('error' in quorum) return Buffer.concat([int16(quorum.error), array([]), NO_TAGS]);
  const replicas = (of: Readonly<Record<number, number>>) =>
    array(Object.entries(of).map(([id, at]) => Buffer.concat([int32(Number(id)), int64(0), int64(at), int64(at), NO_TAGS])));
  const { leader, voters, observers = {} } = quorum;
  const head = [int32(0), int16(0), int32(leader), int32(1), int64(0)];
  const partition = Buffer.concat([...head, replicas(voters), replicas(observers), NO_TAGS]);
  return Buffer.concat([int16(0), array([Buffer.concat([compact('__cluster_metadata'), array([partition]), NO_TAGS])]), NO_TAGS]);
}

/** Reads which resources a DescribeConfigs request is about, after the tags of its header. All lists here are short. */
function resources(body: Buffer): readonly { readonly type: number; readonly name: string }[] {
  let at = 1;
  const count = () => (body[at++] ?? 1) - 1;
  const name = () => {
    const length = count();
    at += length;
    return body.subarray(at - length, at).toString('utf8');
  };
  return Array.from({ length: count() }, () => {
    const type = body[at++] ?? 0;
    const resource = { type, name: name() };
    for (let keys = count(); keys > 0; keys--) name();
    at++; // tags
    return resource;
  });
}

const LEADER_NOT_AVAILABLE = 5;
const NOTHING = Buffer.alloc(0);
const NO_TAGS = byte(0);

function byte(n: number): Buffer {
  return Buffer.from([n]);
}
function int16(n: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(n);
  return buffer;
}
function int32(n: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(n);
  return buffer;
}
function int64(n: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt(n));
  return buffer;
}
function text(s: string): Buffer {
  return Buffer.concat([int16(s.length), Buffer.from(s)]);
}
function compact(s: string): Buffer {
  return Buffer.concat([byte(s.length + 1), Buffer.from(s)]);
}
function array(items: readonly Buffer[]): Buffer {
  return Buffer.concat([byte(items.length + 1), ...items]);
}
