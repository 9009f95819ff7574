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
import { BrokerProblem, problemOf } from './broker-problem';
import { rejection } from './deadline';
import type { Address, AddressOf } from './dial';
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

/** Connects to a node, with one client certificate after the other until it accepts one. Throws a BrokerProblem that tells why not. */
export async function withNode<T>(node: NodeListener, signal: AbortSignal, use: Use<T>): Promise<T> {
  const { kafka, pod, listener, secrets, clusterDomain, addressOf } = node;
  const { name, namespace = '' } = kafka.metadata;
  const servername = podFqdn(name, namespace, pod.metadata.name, clusterDomain);
  const access = accessTo(kafka, pod, secrets);
  if ('unknown' in access) throw new BrokerProblem(access.unknown);
  const { tls, login } = access;
  const address = addressOf(pod, listener, servername);
  const connect = (identity: Identity | undefined) =>
    withConnection({ ...address, login, tls: tls && { ca: tls.ca, servername, identity } }, signal, use);
  const identities = tls?.identities ?? [undefined];
  for (const identity of identities.slice(0, -1)) {
    try {
      return await connect(identity);
    } catch (error) {
      if (signal.aborted || !(error instanceof BrokerProblem) || !error.isAboutIdentity) throw error;
    }
  }
  return connect(identities.at(-1));
}

/** The socket is closed when this settles. */
async function withConnection<T>(endpoint: Endpoint, signal: AbortSignal, use: Use<T>): Promise<T> {
  const library = await loadLibrary();
  const connection = new library.Connection('kafka-tls', connectionOptions(endpoint));
  // The promises reject, too; an error event without a listener would end the process.
  connection.on('error', () => undefined);
  const ended = rejection(signal);
  ended.catch(() => undefined);
  try {
    const connecting = connection.connect(endpoint.host, endpoint.port);
    connection.socket.on('error', () => undefined);
    await Promise.race([connecting, ended]);
    return await Promise.race([use(library, connection), ended]);
  } catch (error) {
    if (signal.aborted || error instanceof BrokerProblem) throw error;
    throw problemOf(error, endpoint.tls !== undefined);
  } finally {
    // The library's close() leaves the socket of a failed attempt open; the error ends its timer of a pending attempt.
    connection.socket?.destroy(new Error('done'));
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
