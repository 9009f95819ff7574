/**
 * One conversation with one broker: how the partitions stand, and what the controllers say of their quorum.
 *
 * 1. Metadata of all topics, `min.insync.replicas` of each, the broker's `controller.quorum.fetch.timeout.ms`.
 * 2. DescribeQuorum, which the broker passes on to the active controller (`controllerId` in Metadata is any broker in KRaft). It comes
 *    last, since a connection answers in order and this one waits for controllers.
 *
 * Any broker can say all of it, so no advertised address is ever followed. A broker whose own copy of the metadata lags behind the
 * leader's is not believed. Where the controllers do not answer, there is no leader as far as this broker can tell. Kafka does not tell of
 * topics that a user may not see; KubeDB's own user sees all.
 *
 * The codecs and the connection are those of @platformatic/kafka; its clients are not used, since they follow advertised addresses and try
 * again by clocks of their own. What it is told about credentials stays here: only words of this file leave it.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { KafkaFacts, PartitionFacts, QuorumFacts } from '../plan/observation';
import type { Address } from './address';
import { rejection } from './deadline';
import { isUnreachable, wordsFor } from './dial';
import type { Identity, Login } from './kafka-access';
import type * as Kafka from './kafka-library';

/** Whom to ask, and how. */
export interface Broker extends Address {
  readonly nodeId: number;
  /** Absent: plaintext. */
  readonly tls?: { readonly ca: readonly string[]; readonly servername: string; readonly identity: Identity | undefined } | undefined;
  readonly login?: Login | undefined;
}

/** Why a broker did not say what it was asked. The message is a clause, and holds nothing that a peer sent. */
export class BrokerProblem extends Error {
  constructor(
    message: string,
    /** Another client certificate may be accepted. */
    readonly isAboutIdentity = false,
  ) {
    super(message);
  }
}

const CONNECT_TIMEOUT_MS = 3_000;
/** An election takes a second or two. */
const REQUEST_TIMEOUT_MS = 3_000;
const FETCH_TIMEOUT_KEY = 'controller.quorum.fetch.timeout.ms';
/** Kafka's default of it. */
export const FETCH_TIMEOUT_MS = 2_000;
const MIN_ISR_KEY = 'min.insync.replicas';

type Library = typeof Kafka;
type Metadata = ReturnType<Library['metadataV12']['parseResponse']>;
type Configs = ReturnType<Library['describeConfigsV4']['parseResponse']>;
type Quorum = ReturnType<Library['describeQuorumV1']['parseResponse']>;
type Replica = Quorum['topics'][number]['partitions'][number]['currentVoters'][number];

/** Returns what a broker says, or throws a BrokerProblem. The socket is closed when this settles. */
export async function askBroker(broker: Broker, signal: AbortSignal): Promise<KafkaFacts> {
  const library = await loadLibrary();
  const connection = new library.Connection('kafka-tls', optionsFor(broker));
  // Failures are told by promises, too; an event without a listener would end the process.
  connection.on('error', () => undefined);
  const ended = rejection(signal);
  ended.catch(() => undefined);
  try {
    const connecting = connection.connect(broker.host, broker.port);
    connection.socket.on('error', () => undefined);
    await Promise.race([connecting, ended]);
    return await Promise.race([factsFrom(library, connection, broker.nodeId), ended]);
  } catch (error) {
    if (signal.aborted || error instanceof BrokerProblem) throw error;
    throw problemOf(error, broker);
  } finally {
    // The library's close() leaves the socket of an attempt that failed; the error ends its timer of an attempt under way.
    connection.socket?.destroy(new Error('done'));
  }
}

let loaded: Promise<Library> | undefined;

/** Loaded only when a broker is asked. */
function loadLibrary(): Promise<Library> {
  loaded ??= import('./kafka-library.js').then((library) => {
    // With DEBUG set it prints every request, and one of them is a login.
    for (const name of Object.keys(library.loggers)) Object.assign(library.loggers, { [name]: () => undefined });
    return library;
  });
  return loaded;
}

function optionsFor({ tls, login }: Broker): Kafka.ConnectionOptions {
  return {
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...(tls === undefined ? {} : { tls: { secureContext: contextOf(tls) }, tlsServerName: tls.servername }),
    ...(login === undefined ? {} : { sasl: { ...login } }),
  };
}

/** Made here: what cannot be read would leave the library's connection with a timer that runs on. */
function contextOf({ ca, identity }: NonNullable<Broker['tls']>): SecureContext {
  try {
    return createSecureContext({ ca: [...ca], ...identity });
  } catch {
    throw new BrokerProblem('the certificates that are there for it cannot be read', true);
  }
}

async function factsFrom(library: Library, connection: Kafka.Connection, nodeId: number): Promise<KafkaFacts> {
  const metadata = await despitePartitions(library, library.metadataV12.api.async(connection, null, false, false));
  const topics = metadata.topics.flatMap(({ name, partitions }) => (name == null ? [] : [{ name, partitions }]));
  const ask: Ask = { library, connection, nodeId };
  const minimums = await minimumsOf(
    ask,
    topics.map((t) => t.name),
  );
  const fetchTimeoutMs = await fetchTimeoutOf(ask);
  return {
    quorum: await quorumOf(ask, fetchTimeoutMs),
    topics: topics
      // One that was deleted in between has no settings any more.
      .filter(({ name }) => minimums.has(name))
      .map(({ name, partitions }) => ({ name, minInsyncReplicas: minimums.get(name), partitions: partitions.map(partitionFacts) }))
      .map((topic) => ({ ...topic, partitions: topic.partitions.sort((a, b) => a.partition - b.partition) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

interface Ask {
  readonly library: Library;
  readonly connection: Kafka.Connection;
  readonly nodeId: number;
}

/** A partition without a leader is reported as an error beside its replicas; that is what we want to hear about. */
async function despitePartitions<T>(library: Library, answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    const response = error instanceof library.ResponseError && (error as { readonly response?: T }).response;
    const isAboutPartitions = error instanceof library.ResponseError && error.errors.every((e) => String(e.path).includes('/partitions/'));
    if (response && isAboutPartitions) return response;
    throw error;
  });
}

function partitionFacts(p: Metadata['topics'][number]['partitions'][number]): PartitionFacts {
  return {
    partition: p.partitionIndex,
    leader: p.leaderId < 0 ? undefined : p.leaderId,
    replicas: p.replicaNodes,
    isr: [...p.isrNodes].sort((a, b) => a - b),
  };
}

/** Returns `min.insync.replicas` of every topic that still exists. */
async function minimumsOf({ library, connection }: Ask, names: readonly string[]): Promise<ReadonlyMap<string, number | undefined>> {
  if (names.length === 0) return new Map();
  const resources = names.map((resourceName) => ({
    resourceType: library.ConfigResourceTypes.TOPIC,
    resourceName,
    configurationKeys: [MIN_ISR_KEY],
  }));
  const { results } = await library.describeConfigsV4.api.async(connection, resources).catch((error: unknown) => {
    const isGone = error instanceof library.ResponseError && error.errors.every((e) => e.apiId === 'UNKNOWN_TOPIC_OR_PARTITION');
    if (isGone) return (error as { readonly response?: unknown }).response as Configs;
    throw error;
  });
  return new Map(results.filter((r) => r.errorCode === 0).map((r) => [r.resourceName, numberIn(r, MIN_ISR_KEY)]));
}

/** Who may not read a broker's settings is no worse off than with Kafka's default. */
async function fetchTimeoutOf({ library, connection, nodeId }: Ask): Promise<number> {
  const broker = {
    resourceType: library.ConfigResourceTypes.BROKER,
    resourceName: String(nodeId),
    configurationKeys: [FETCH_TIMEOUT_KEY],
  };
  try {
    const { results } = await library.describeConfigsV4.api.async(connection, [broker]);
    return results.map((r) => numberIn(r, FETCH_TIMEOUT_KEY)).find((ms) => ms !== undefined) ?? FETCH_TIMEOUT_MS;
  } catch (error) {
    if (error instanceof library.ResponseError) return FETCH_TIMEOUT_MS;
    throw error;
  }
}

function numberIn({ configs }: Configs['results'][number], name: string): number | undefined {
  const value = configs.find((c) => c.name === name)?.value ?? '';
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

const METADATA_TOPIC = '__cluster_metadata';
/** The controllers were not reached, or none of them leads. */
const LEADERLESS = ['NOT_LEADER_OR_FOLLOWER', 'NOT_CONTROLLER', 'BROKER_NOT_AVAILABLE', 'REQUEST_TIMED_OUT'];

async function quorumOf({ library, connection, nodeId }: Ask, fetchTimeoutMs: number): Promise<QuorumFacts> {
  const nobody: QuorumFacts = { leaderId: undefined, voters: [], fetchTimeoutMs };
  const asked = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }];
  let response: Quorum;
  try {
    response = await library.describeQuorumV1.api.async(connection, asked);
  } catch (error) {
    if (error instanceof library.TimeoutError) return nobody;
    if (error instanceof library.ResponseError && error.errors.every((e) => LEADERLESS.includes(String(e.apiId)))) return nobody;
    throw error;
  }
  const partition = response.topics[0]?.partitions[0];
  if (partition === undefined || partition.leaderId < 0) return nobody;
  const { leaderId, currentVoters, observers } = partition;
  const leaderMs = caughtUpMs(currentVoters.find((v) => v.replicaId === leaderId));
  // More than one: a broker that came back with another disk is listed twice for a while.
  const own = [...currentVoters, ...observers].filter((r) => r.replicaId === nodeId).map(caughtUpMs);
  const ownMs = own.reduce((a, b) => (a === undefined || (b !== undefined && b > a) ? b : a), undefined);
  if (leaderMs !== undefined && (ownMs === undefined || leaderMs - ownMs >= fetchTimeoutMs))
    throw new BrokerProblem('its own copy of the metadata lags behind');
  return {
    leaderId,
    voters: currentVoters.map((v) => ({ nodeId: v.replicaId, lastCaughtUpMs: caughtUpMs(v) })).sort((a, b) => a.nodeId - b.nodeId),
    fetchTimeoutMs,
  };
}

/** Kafka says -1 for a replica of which the leader does not know. Of itself a leader says the present time. */
function caughtUpMs(replica: Replica | undefined): number | undefined {
  const at = Number(replica?.lastCaughtUpTimestamp ?? -1);
  return at < 0 ? undefined : at;
}

/** Returns what went wrong in words of our own: nothing of what a peer or a library says of it may hold a credential. */
function problemOf(error: unknown, { tls, login }: Broker): BrokerProblem {
  const all = [...chainOf(error)];
  const apiId = all.map((e) => e.apiId).find((id) => id !== undefined);
  if (apiId === 'SASL_AUTHENTICATION_FAILED') return new BrokerProblem('it refuses the user or the password');
  if (apiId === 'UNSUPPORTED_SASL_MECHANISM') return new BrokerProblem(`nobody logs in there by ${login?.mechanism ?? 'SASL'}`);
  if (apiId !== undefined) return new BrokerProblem(`it answers ${apiId}`);
  const unreachable = all.find(isUnreachable);
  if (unreachable !== undefined) return new BrokerProblem(wordsFor(unreachable));
  const code = all.map((e) => e.code).find((c) => c !== undefined && !c.startsWith('PLT_KFK_')) ?? '';
  if (UNTRUSTED.includes(code)) return new BrokerProblem('no CA that is known here has signed its certificate');
  if (code === 'CERT_HAS_EXPIRED') return new BrokerProblem('its certificate has expired');
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return new BrokerProblem('its certificate is not valid for its name');
  if (/^ERR_SSL_.*ALERT/.test(code)) return new BrokerProblem(`it refuses our certificate (${code})`, true);
  if (/^ERR_(SSL|OSSL)_/.test(code)) return new BrokerProblem(`no TLS with it (${code})`);
  if (all.some((e) => /timed out/.test(e.message ?? ''))) return new BrokerProblem('no answer in time');
  return new BrokerProblem(`it hangs up on ${tls === undefined ? 'plaintext' : 'TLS'}`, tls !== undefined);
}

const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
];

interface Cause {
  readonly code?: string;
  readonly apiId?: string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** An error and all that it was caused by. */
function* chainOf(error: unknown): Generator<Cause> {
  if (typeof error !== 'object' || error === null) return;
  const { cause, errors = [] } = error as Cause;
  yield error as Cause;
  for (const inner of errors) yield* chainOf(inner);
  yield* chainOf(cause);
}
