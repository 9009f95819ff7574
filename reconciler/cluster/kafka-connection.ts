/**
 * A connection to one node of a Kafka: TLS and login, and the codecs of @platformatic/kafka on top of it.
 *
 * The library's Admin client is not used: it has no DescribeQuorum, connects to advertised addresses (in a cut-over some speak TLS and some
 * plaintext), and retries by its own timers. Errors of the library may hold credentials; only the messages of `broker-problem.ts` leave the
 * files that use a connection.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import type * as Kafka from '@platformatic/kafka';
import type { Kafka as KafkaObject, Pod } from '#model/kinds/index';
import { type ListenerName, podFqdn } from '#model/kubedb';
import { type Address, type AddressOf, forwardingProblem, NotForwarded } from './address';
import { BrokerProblem, problemOf } from './broker-problem';
import { rejection } from './deadline';
import { accessTo, type Identity, type KafkaSecrets, type Login } from './kafka-access';

/** Where a node is reached, and how to connect to it. */
interface Endpoint extends Address {
  /** Absent: plaintext. */
  readonly tls?: { readonly ca: readonly string[]; readonly servername: string; readonly identity: Identity | undefined } | undefined;
  readonly login?: Login | undefined;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** An election takes a second or two. */
const REQUEST_TIMEOUT_MS = 3_000;

export type Library = typeof Kafka;

/** What is done with a connection. */
export type Use<T> = (library: Library, connection: Kafka.Connection) => Promise<T>;

/** A listener of a pod. */
export interface NodeListener {
  readonly kafka: KafkaObject;
  readonly pod: Pod;
  readonly listener: ListenerName;
  readonly secrets: KafkaSecrets;
  readonly clusterDomain: string | undefined;
  readonly addressOf: AddressOf;
}

/** Connects to a node, uses the connection once, and closes it. Throws like `openNode`. */
export async function withNode<T>(node: NodeListener, signal: AbortSignal, use: Use<T>): Promise<T> {
  const { connection, value } = await openNode(node, signal, use);
  connection.close();
  return value;
}

/** A connection that is left open, and what its first use returned. */
export interface Opened<T> {
  readonly connection: OpenConnection;
  readonly value: T;
}

/**
 * Connects to a node and uses the connection, with one client certificate after the other until the node accepts one. Throws a BrokerProblem
 * that tells why not.
 */
export async function openNode<T>(node: NodeListener, signal: AbortSignal, use: Use<T>): Promise<Opened<T>> {
  const { kafka, pod, listener, secrets, clusterDomain, addressOf } = node;
  const { name, namespace = '' } = kafka.metadata;
  const servername = podFqdn(name, namespace, pod.metadata.name, clusterDomain);
  const access = accessTo(kafka, pod, secrets);
  if ('unknown' in access) throw new BrokerProblem(access.unknown);
  const { tls, login } = access;
  const open = async (identity: Identity | undefined) => {
    const address = await reached(addressOf, [pod, listener, servername, signal]);
    const connection = await OpenConnection.to({ ...address, login, tls: tls && { ca: tls.ca, servername, identity } });
    return { connection, value: await connection.use(use, signal) };
  };
  const identities = tls?.identities ?? [undefined];
  for (const identity of identities.slice(0, -1)) {
    try {
      return await open(identity);
    } catch (error) {
      if (signal.aborted || !(error instanceof BrokerProblem) || !error.isAboutIdentity) throw error;
    }
  }
  return open(identities.at(-1));
}

/** Returns the address; why a connection is not forwarded, is why the node does not answer. */
async function reached(addressOf: AddressOf, at: Parameters<AddressOf>): Promise<Address> {
  try {
    return await addressOf(...at);
  } catch (error) {
    throw error instanceof NotForwarded ? new BrokerProblem(error.message) : error;
  }
}

/** A connection that is made at its first use and closed by a use that fails. While it is not used, it does not keep the process running. */
export class OpenConnection {
  private constructor(
    private readonly library: Library,
    private readonly connection: Kafka.Connection,
    private readonly endpoint: Endpoint,
  ) {
    // The promises reject, too; an error event without a listener would end the process.
    connection.on('error', () => undefined);
  }

  static async to(endpoint: Endpoint): Promise<OpenConnection> {
    const library = await loadLibrary();
    return new OpenConnection(library, new library.Connection('kafka-tls', connectionOptions(endpoint)), endpoint);
  }

  /** Whether the node has not closed it. */
  get isOpen(): boolean {
    return this.connection.isConnected();
  }

  async use<T>(use: Use<T>, signal: AbortSignal): Promise<T> {
    const ended = rejection(signal);
    ended.catch(() => undefined);
    try {
      if (!this.isOpen) await Promise.race([this.connect(), ended]);
      this.connection.socket.ref();
      const value = await Promise.race([use(this.library, this.connection), ended]);
      this.connection.socket.unref();
      return value;
    } catch (error) {
      this.close();
      if (signal.aborted || error instanceof BrokerProblem) throw error;
      const notForwarded = forwardingProblem(this.endpoint);
      if (notForwarded !== undefined) throw new BrokerProblem(notForwarded.message);
      throw problemOf(error, this.endpoint.tls !== undefined);
    }
  }

  close(): void {
    // The library's close() leaves the socket of a failed attempt open; the error ends its timer of a pending attempt.
    this.connection.socket?.destroy(new Error('done'));
    this.endpoint.forwarding?.close();
  }

  private connect(): void | Promise<void> {
    const connecting = this.connection.connect(this.endpoint.host, this.endpoint.port);
    this.connection.socket.on('error', () => undefined);
    this.endpoint.forwarding?.admit(this.connection.socket);
    return connecting;
  }
}

let loaded: Promise<Library> | undefined;

/** Loaded only when a broker is asked. */
function loadLibrary(): Promise<Library> {
  loaded ??= import('@platformatic/kafka').then((library) => {
    // With DEBUG set, the library prints every request, and one of them is a login.
    for (const name of Object.keys(library.loggers)) Object.assign(library.loggers, { [name]: () => undefined });
    return library;
  });
  return loaded;
}

function connectionOptions({ tls, login }: Endpoint): Kafka.ConnectionOptions {
  return {
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...(tls === undefined ? {} : { tls: { secureContext: secureContext(tls) }, tlsServerName: tls.servername }),
    ...(login === undefined ? {} : { sasl: { ...login } }),
  };
}

/** Created here: an unreadable certificate would leave the library's connection with a running timer. */
function secureContext({ ca, identity }: NonNullable<Endpoint['tls']>): SecureContext {
  try {
    return createSecureContext({ ca: [...ca], ...identity });
  } catch {
    throw new BrokerProblem('the certificates in its Secrets cannot be read', true);
  }
}
