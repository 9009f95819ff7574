/**
 * A broker on this machine that answers the requests of the product, with the fields of Kafka's protocol: ApiVersions 1, SaslHandshake 1,
 * SaslAuthenticate 1 (PLAIN), Metadata 12, DescribeConfigs 4, DescribeQuorum 1, DescribeCluster 1, IncrementalAlterConfigs 1. Every other
 * request ends the connection.
 */
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import tls, { type TlsOptions } from 'node:tls';
import { Reader, Writer } from '@platformatic/kafka';

export interface BrokerScript {
  readonly topics?: readonly TopicScript[];
  /** The topics by a copy of the metadata that is old until the quorum has been asked for. */
  readonly topicsBefore?: readonly TopicScript[];
  readonly quorum?: QuorumScript | { readonly error: number };
  readonly login?: { readonly username: string; readonly password: string };
  /** Settings by resource: `<type>/<name>`; a missing resource has none. */
  readonly configs?: Readonly<Record<string, Readonly<Record<string, string>> | { readonly error: number }>>;
  /** The active controller, and the operations that the user may do, by their bits. */
  readonly cluster?: { readonly controllerId: number; readonly rights: number };
  /** The error of every request that alters settings, and its text. */
  readonly refusal?: { readonly error: number; readonly text: string };
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

export const KEY = {
  metadata: 3,
  saslHandshake: 17,
  apiVersions: 18,
  describeConfigs: 32,
  saslAuthenticate: 36,
  alterConfigs: 44,
  describeQuorum: 55,
  describeCluster: 60,
};
/** Requests whose answers have tags in their header. */
const FLEXIBLE: readonly number[] = [KEY.metadata, KEY.describeConfigs, KEY.alterConfigs, KEY.describeQuorum, KEY.describeCluster];

/** A request that alters settings. */
export interface Alteration {
  readonly node: string;
  /** Without a value: the setting is deleted. */
  readonly settings: readonly { readonly name: string; readonly value: string | null }[];
  readonly validateOnly: boolean;
}

export class ScriptedBroker {
  readonly sockets = new Set<Socket>();
  /** API keys in the order in which they were asked. */
  readonly asked: number[] = [];
  readonly alterations: Alteration[] = [];

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
        const answer = Writer.create().append(request.subarray(4, 8));
        if (FLEXIBLE.includes(key)) answer.appendTaggedFields();
        const body = request.subarray(10 + request.readInt16BE(8));
        if (this.answer(key, body, answer) === undefined) return void socket.destroy();
        socket.write(answer.prependLength().buffer);
      }
    });
  }

  /** Writes the answer; returns undefined for a request without one. */
  private answer(key: number, body: Buffer, to: Writer): Writer | undefined {
    const { quorum, topicsBefore } = this.script;
    const topics = (this.asked.includes(KEY.describeQuorum) ? undefined : topicsBefore) ?? this.script.topics ?? [];
    switch (key) {
      case KEY.apiVersions:
        return to.appendInt16(0).appendInt32(1).appendInt16(KEY.saslAuthenticate).appendInt16(0).appendInt16(1).appendInt32(0);
      case KEY.saslHandshake:
        return to.appendInt16(0).appendArray(['PLAIN'], (w, mechanism) => w.appendString(mechanism, false), false, false);
      case KEY.saslAuthenticate:
        return this.logIn(body, to);
      case KEY.metadata:
        to.appendInt32(0).appendArray([], NONE).appendString(null).appendInt32(0);
        return to.appendArray([...topics], appendTopic).appendTaggedFields();
      case KEY.describeConfigs:
        return to
          .appendInt32(0)
          .appendArray(resourcesIn(body), (w, resource) => this.describe(resource, w))
          .appendTaggedFields();
      case KEY.describeQuorum:
        return quorum === undefined ? undefined : appendQuorum(to, quorum);
      case KEY.describeCluster:
        return this.describeCluster(to);
      case KEY.alterConfigs:
        return this.alter(body, to);
      default:
        return undefined;
    }
  }

  /** A refusal repeats the credentials: the client must not repeat the words of a peer. */
  private logIn(body: Buffer, to: Writer): Writer {
    const [, username, password] = body.subarray(4).toString('utf8').split('\0');
    const { login } = this.script;
    const isRefused = login !== undefined && (login.username !== username || login.password !== password);
    const message = isRefused ? `Authentication failed: ${username} with ${password}` : null;
    return to
      .appendInt16(isRefused ? 58 : 0)
      .appendString(message, false)
      .appendInt32(0)
      .appendInt64(0n);
  }

  private describeCluster(to: Writer): Writer | undefined {
    const { cluster } = this.script;
    if (cluster === undefined) return undefined;
    to.appendInt32(0).appendInt16(0).appendString(null).appendInt8(1).appendString('a-cluster').appendInt32(cluster.controllerId);
    return to.appendArray([], NONE).appendInt32(cluster.rights).appendTaggedFields();
  }

  private alter(body: Buffer, to: Writer): Writer {
    const reader = Reader.from(body);
    reader.readTaggedFields();
    const resources = reader.readArray((r) => ({
      type: r.readInt8(),
      name: r.readString(),
      settings: r.readArray((s) => {
        const [name, , value] = [s.readString(), s.readInt8(), s.readNullableString()];
        return { name, value };
      }),
    }));
    const validateOnly = reader.readBoolean();
    for (const { name: node, settings } of resources) this.alterations.push({ node, settings, validateOnly });
    const { error = 0, text = null } = this.script.refusal ?? {};
    return to
      .appendInt32(0)
      .appendArray(resources, (w, { type, name }) => w.appendInt16(error).appendString(text).appendInt8(type).appendString(name))
      .appendTaggedFields();
  }

  private describe({ type, name }: Resource, to: Writer): void {
    const found = this.script.configs?.[`${type}/${name}`] ?? {};
    const error = typeof found.error === 'number' ? found.error : 0;
    const settings = error === 0 ? Object.entries(found as Readonly<Record<string, string>>) : [];
    to.appendInt16(error).appendString(null).appendInt8(type).appendString(name);
    to.appendArray(settings, (w, [key, value]) => {
      w.appendString(key).appendString(value).appendBoolean(false).appendInt8(5).appendBoolean(false);
      w.appendArray([], NONE).appendInt8(1).appendString(null);
    });
  }
}

const NONE = () => undefined;
const LEADER_NOT_AVAILABLE = 5;

function appendTopic(to: Writer, { name, partitions }: TopicScript): void {
  to.appendInt16(0).appendString(name).appendUUID(null).appendBoolean(false);
  to.appendArray([...partitions], (w, { leader, replicas, isr }, i) => {
    w.appendInt16(leader < 0 ? LEADER_NOT_AVAILABLE : 0)
      .appendInt32(i)
      .appendInt32(leader)
      .appendInt32(0);
    for (const ids of [replicas, isr, []]) w.appendArray([...ids], (inner, id) => inner.appendInt32(id), true, false);
  }).appendInt32(0);
}

function appendQuorum(to: Writer, quorum: QuorumScript | { readonly error: number }): Writer {
  if ('error' in quorum) return to.appendInt16(quorum.error).appendArray([], NONE).appendTaggedFields();
  const { leader, voters, observers = {} } = quorum;
  const appendReplica = (w: Writer, [id, at]: [string, number]) =>
    w.appendInt32(Number(id)).appendInt64(0n).appendInt64(BigInt(at)).appendInt64(BigInt(at));
  const appendPartition = (w: Writer) => {
    w.appendInt32(0).appendInt16(0).appendInt32(leader).appendInt32(1).appendInt64(0n);
    for (const replicas of [voters, observers]) w.appendArray(Object.entries(replicas), appendReplica);
  };
  const topics = ['__cluster_metadata'];
  return to
    .appendInt16(0)
    .appendArray(topics, (w, name) => w.appendString(name).appendArray([0], appendPartition))
    .appendTaggedFields();
}

interface Resource {
  readonly type: number;
  readonly name: string;
}

/** Returns the resources of a DescribeConfigs request, after the tags of its header. */
function resourcesIn(body: Buffer): Resource[] {
  const reader = Reader.from(body);
  reader.readTaggedFields();
  return reader.readArray((r) => {
    const resource = { type: r.readInt8(), name: r.readString() };
    r.readArray((keys) => keys.readString(), true, false);
    return resource;
  });
}
