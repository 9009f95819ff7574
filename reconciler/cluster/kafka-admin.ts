/**
 * Settings of running nodes, and key stores that they load again.
 *
 *     settings     DescribeConfigs, which only the node itself answers for itself
 *     validate     IncrementalAlterConfigs with `validateOnly`, at the broker itself
 *     reload       IncrementalAlterConfigs that deletes a setting which does not exist: Kafka then compares every key store with the file at its
 *                  path, and nothing is left behind. Brokers take it for themselves; for controllers, the active one takes it
 *
 * Kafka's reasons for a refusal are passed on: they name files, subjects and names of certificates, and no request here holds a secret.
 */
import type * as Platformatic from '@platformatic/kafka';
import { asKind, type Pod } from '#model/kinds/index';
import { KINDS } from '#model/kube-object';
import { type Node, nodesOf, selectorLabels } from '#model/kubedb';
import type { Clock, Cluster, KafkaAdmin, KafkaNode, Settings } from '../ports';
import { type AddressOf, dnsAddress } from './address';
import { BrokerProblem } from './broker-problem';
import { withDeadline } from './deadline';
import { type Library, type NodeListener, type Use, withNode } from './kafka-connection';
import { SecretMemory } from './secret-memory';

export interface KafkaAdminOptions {
  readonly clock: Clock;
  /** @default 10000 for each question */
  readonly timeoutMs?: number;
  readonly addressOf?: AddressOf;
}

/** Settings that decide whether a node can load key stores again, and how a change of them shows. */
const DECIDING =
  /^(listener\.name\.[^.]+\.)?(ssl\.(keystore|truststore)\.(location|type)|ssl\.client\.auth|num\.network\.threads)$|^ssl\.allow\.(dn|san)\.changes$|^controller\.quorum\.voters$/;

/** A setting that no version of Kafka has. */
const NO_SETTING = 'kafka.tls.reload';

/** Returns an administrator that connects to the nodes of a Kafka as KubeDB's own user. */
export function kafkaAdmin(
  cluster: Pick<Cluster, 'get' | 'list'>,
  { clock, timeoutMs = 10_000, addressOf = dnsAddress }: KafkaAdminOptions,
): KafkaAdmin {
  const memory = new SecretMemory(cluster);
  const ask = async <T>(node: KafkaNode, signal: AbortSignal | undefined, use: (nodes: Nodes, s: AbortSignal) => Promise<T>) => {
    const onExpiry = () => new BrokerProblem(`no answer within ${timeoutMs / 1000} s`);
    try {
      return await withDeadline({ clock, ms: timeoutMs, signal, onExpiry }, async (s) => {
        return { value: await use(await Nodes.find(node, { cluster, memory, addressOf }), s) };
      });
    } catch (error) {
      signal?.throwIfAborted();
      return { unknown: (error as Error).message.replace(/\.$/, '') };
    }
  };
  return {
    settings: (node, signal) => ask(node, signal, (nodes, s) => nodes.at(nodes.own, s, settingsOf(nodes.own))),
    validate: async (node, settings, signal) => {
      const answer = await ask(node, signal, (nodes, s) => nodes.at(nodes.own, s, refusalOf(nodes.own.nodeId, settings)));
      if ('unknown' in answer) return { kind: 'unknown', because: answer.unknown };
      return answer.value === undefined ? { kind: 'accepted' } : { kind: 'refused', because: answer.value };
    },
    reload: async (node, signal) => {
      const answer = await ask(node, signal, (nodes, s) => nodes.reload(s));
      return 'unknown' in answer ? answer.unknown : undefined;
    },
  };
}

interface Outside {
  readonly cluster: Pick<Cluster, 'get' | 'list'>;
  readonly memory: SecretMemory;
  readonly addressOf: AddressOf;
}

/** The nodes of a Kafka, seen from one of them. */
class Nodes {
  private constructor(
    readonly own: Node,
    private readonly all: readonly Node[],
    private readonly pods: readonly Pod[],
    private readonly common: Omit<NodeListener, 'pod' | 'listener'>,
  ) {}

  static async find({ kafka: object, pod, clusterDomain }: KafkaNode, { cluster, memory, addressOf }: Outside): Promise<Nodes> {
    const kafka = asKind('Kafka', object);
    const { name, namespace = '' } = kafka.metadata;
    const all = nodesOf(kafka);
    const own = all.find((n) => n.pod === pod);
    if (own === undefined) throw new BrokerProblem('the Kafka has no such node');
    const pods = (await cluster.list(KINDS.Pod, { namespace, labels: selectorLabels(name) })).map((p) => asKind('Pod', p));
    const secrets = await memory.secretsOf(kafka, pods);
    return new Nodes(own, all, pods, { kafka, secrets, clusterDomain, addressOf });
  }

  /** Connects to a node: brokers at the listener of brokers, dedicated controllers at theirs. */
  at<T>({ pod: name, role }: Node, signal: AbortSignal, use: Use<T>): Promise<T> {
    const pod = this.pods.find((p) => p.metadata.name === name);
    if (pod === undefined) throw new BrokerProblem(`${name} does not exist`);
    return withNode({ ...this.common, pod, listener: role === 'controller' ? 'CONTROLLER' : 'BROKER' }, signal, use);
  }

  async reload(signal: AbortSignal): Promise<void> {
    const { own } = this;
    const request = deletionOf(own.nodeId);
    if (own.role !== 'controller') return this.at(own, signal, request);
    const activeId = await this.at(own, signal, async (library, connection) => {
      const { CONTROLLERS } = library.DescribeClusterEndpointTypes;
      const { controllerId } = await library.describeClusterV1.api.async(connection, false, CONTROLLERS);
      if (controllerId === own.nodeId) await request(library, connection);
      return controllerId;
    });
    if (activeId === own.nodeId) return;
    const active = this.all.find((n) => n.nodeId === activeId);
    if (active === undefined) throw new BrokerProblem('no controller is active');
    return this.at(active, signal, request);
  }
}

/** Kafka's code of the operation, and what it answers where it does not tell. */
const ALTER_CONFIGS = 11;
const RIGHTS_UNKNOWN = -2_147_483_648;

function settingsOf({ nodeId, role }: Node): Use<Settings> {
  return async (library, connection) => {
    const { BROKERS, CONTROLLERS } = library.DescribeClusterEndpointTypes;
    const endpoints = role === 'controller' ? CONTROLLERS : BROKERS;
    const { clusterAuthorizedOperations: rights } = await library.describeClusterV1.api.async(connection, true, endpoints);
    if (rights !== RIGHTS_UNKNOWN && (rights & (1 << ALTER_CONFIGS)) === 0)
      throw new BrokerProblem('its user may not alter configurations (operation AlterConfigs of the cluster)');
    const resource = { resourceType: library.ConfigResourceTypes.BROKER, resourceName: String(nodeId) };
    const { results } = await library.describeConfigsV4.api.async(connection, [resource]);
    const known = (results[0]?.configs ?? []).filter((c) => !c.isSensitive && DECIDING.test(c.name));
    return Object.fromEntries(known.flatMap(({ name, value }) => (value == null ? [] : [[name, value]])));
  };
}

/** Returns why a broker would not accept settings; undefined when it would. */
function refusalOf(nodeId: number, settings: Settings): Use<string | undefined> {
  return async (library, connection) => {
    const { SET } = library.IncrementalAlterConfigOperationTypes;
    const configs = Object.entries(settings).map(([name, value]) => ({ name, configOperation: SET, value }));
    try {
      await alter(library, connection, { nodeId, configs, validateOnly: true });
      return undefined;
    } catch (error) {
      const refusal = refusalIn(library, error);
      if (refusal === undefined) throw error;
      return refusal;
    }
  };
}

function deletionOf(nodeId: number): Use<void> {
  return async (library, connection) => {
    const { DELETE } = library.IncrementalAlterConfigOperationTypes;
    await alter(library, connection, { nodeId, configs: [{ name: NO_SETTING, configOperation: DELETE }], validateOnly: false });
  };
}

interface Alteration {
  readonly nodeId: number;
  readonly configs: Parameters<Library['incrementalAlterConfigsV1']['api']['async']>[1][number]['configs'];
  readonly validateOnly: boolean;
}

function alter(library: Library, connection: Platformatic.Connection, { nodeId, configs, validateOnly }: Alteration): Promise<unknown> {
  const resource = { resourceType: library.ConfigResourceTypes.BROKER, resourceName: String(nodeId), configs };
  return library.incrementalAlterConfigsV1.api.async(connection, [resource], validateOnly);
}

const LONGEST_REASON = 300;

/** Returns the broker's reason if it refuses the content of a request; undefined for every other error. */
function refusalIn(library: Library, error: unknown): string | undefined {
  if (!(error instanceof library.ResponseError)) return undefined;
  const errors = error.errors as readonly { readonly apiId?: string; readonly serverErrorMessage?: string | null }[];
  const refused = errors.find(({ apiId }) => apiId === 'INVALID_REQUEST' || apiId === 'INVALID_CONFIG');
  return refused === undefined ? undefined : reasonIn(refused.serverErrorMessage ?? 'it gives no reason').slice(0, LONGEST_REASON);
}

/** Returns Kafka's reason without what surrounds it, and without the names of Java's classes. */
function reasonIn(message: string): string {
  const inner = /^Invalid value (.*) for configuration Invalid dynamic configuration$/s.exec(message)?.[1] ?? message;
  return inner.replaceAll(/\b(?:[a-z]\w*\.)+\w*(?:Exception|Error): /g, '');
}
