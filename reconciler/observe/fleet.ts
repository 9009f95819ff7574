/**
 * Reads many Kafkas at once: a list for each kind, and a handshake with each listener of their running pods.
 *
 * The number of requests depends on the number of kinds, and of pages of 500 objects. One request more is sent for a Secret that pods serve
 * from and that does not carry cert-manager's label. Of Secrets only certificates are kept. At most `HANDSHAKES` handshakes are under way.
 */
import { DEFAULT_CLUSTER_DOMAIN } from '#model/cluster-domain';
import {
  asKind,
  type Certificate,
  type Kafka,
  type KafkaOpsRequest,
  type KnownKind,
  type ObjectOf,
  type Pod,
  type Secret,
} from '#model/kinds/index';
import { formatRef, KINDS, type Kind, type KubeObject, ref, refOf } from '#model/kube-object';
import { selectorLabels } from '#model/kubedb';
import { LABEL_KAFKA } from '#model/names';
import { certificateOf, type TlsState, tlsStateOf } from '#model/tls';
import { mountedCertificateSecret } from '../model/broker-pod';
import type { PodObservation, Unread } from '../model/observation';
import { observedDomain } from '../model/observed-domain';
import type { Clock, Cluster, Dialer, KafkaFactsSource, Selection } from '../ports';
import { readNodes } from './pods';
import { denialOf, NOT_INSTALLED } from './reading';
import { redact } from './redact';
import { secretFacts, unreadSecret } from './secret';

const HANDSHAKES = 16;

export interface FleetContext {
  readonly cluster: Pick<Cluster, 'get' | 'list'>;
  readonly dialer: Dialer;
  readonly clock: Clock;
}

/** A Kafka and what was found for it. */
export interface FleetMember {
  readonly live: PodObservation;
  /** Absent: no ConfigMap holds a bundle for it. */
  readonly wanted?: (Wanted & { readonly by: string }) | undefined;
  readonly jobs: readonly KubeObject[];
  readonly requests: readonly KafkaOpsRequest[];
}

export interface Fleet {
  readonly observedAt: string;
  readonly members: readonly FleetMember[];
  /** Kinds that may not be listed: that there is none of them means nothing. */
  readonly unread: readonly Unread[];
}

/** The wanted TLS state in a ConfigMap, and the DNS domain of its cluster if it names one. */
export type Wanted = { readonly tls: TlsState; readonly clusterDomain?: string | undefined } | { readonly unreadable: string };

/** Returns what a ConfigMap wants; undefined if it holds no bundle. */
export type ReadWanted = (configMap: KubeObject) => Wanted | undefined;

/** Returns every Kafka of a namespace, or of all. Throws if Kafkas may not be listed. */
export async function observeFleet(
  context: FleetContext,
  namespace: string | undefined,
  readWanted: ReadWanted,
  signal?: AbortSignal,
): Promise<Fleet> {
  const observedAt = context.clock.now().toISOString();
  const lists = new Lists(context.cluster, namespace);
  const { 'app.kubernetes.io/instance': _, ...ofKafkas } = selectorLabels('');
  const [kafkas, pods, secrets, certificates, requests, configMaps, jobs] = await Promise.all([
    lists.necessary(KINDS.Kafka),
    lists.optional(KINDS.Pod, { labels: ofKafkas }),
    lists.optional(KINDS.Secret, { labels: CERT_MANAGER }, publicPart),
    lists.optional(KINDS.Certificate),
    lists.optional(KINDS.KafkaOpsRequest),
    lists.objects(KINDS.ConfigMap, { hasLabel: LABEL_KAFKA }),
    lists.objects(KINDS.Job, { hasLabel: LABEL_KAFKA }),
  ]);
  signal?.throwIfAborted();
  const found = {
    pods: grouped(pods, (pod) => pod.metadata.labels?.['app.kubernetes.io/instance']),
    requests: grouped(requests, (request) => request.spec.databaseRef.name),
    configMaps: grouped(configMaps, labelled),
    jobs: grouped(jobs, labelled),
    secrets: grouped(secrets, (secret) => secret.metadata.name),
    certificates: byNamespace(certificates),
  };
  const dialer = paced(context.dialer, HANDSHAKES);
  const members = kafkas.map(async (kafka): Promise<FleetMember> => {
    const key = keyOf(kafka.metadata.namespace, kafka.metadata.name);
    const wanted = (found.configMaps.get(key) ?? []).flatMap((object) => {
      const read = readWanted(object);
      return read === undefined ? [] : [{ ...read, by: formatRef(refOf(object)) }];
    })[0];
    const intent = wanted === undefined || 'unreadable' in wanted ? undefined : wanted;
    const own = found.pods.get(key) ?? [];
    const secretOf = (name: string) => found.secrets.get(keyOf(kafka.metadata.namespace, name))?.[0];
    const known = await readSecrets(lists, kafka, secretNames(kafka, own, intent?.tls), secretOf);
    const clusterDomain = intent?.clusterDomain ?? domainOf(kafka, found.certificates.get(kafka.metadata.namespace ?? '') ?? []);
    const live = await podsOf({ ...context, dialer, signal, observedAt, clusterDomain }, kafka, own, known);
    return { live, wanted, jobs: found.jobs.get(key) ?? [], requests: found.requests.get(key) ?? [] };
  });
  return { observedAt, members: await Promise.all(members), unread: lists.unread };
}

/** Lists of kinds; what may not be listed is recorded, once for each kind. */
class Lists {
  readonly unread: Unread[] = [];

  constructor(
    readonly cluster: FleetContext['cluster'],
    private readonly namespace: string | undefined,
  ) {}

  async necessary<K extends KnownKind>(kind: Kind<K>): Promise<readonly ObjectOf<K>[]> {
    const objects = await this.cluster.list(kind, this.selection());
    return objects.map((object) => asKind(kind.kind, redact(object)));
  }

  async optional<K extends KnownKind>(kind: Kind<K>, selection: Selection = {}, keep = redact): Promise<readonly ObjectOf<K>[]> {
    return (await this.objects(kind, selection, keep)).map((object) => asKind(kind.kind, object));
  }

  async objects(kind: Kind, selection: Selection, keep = redact): Promise<readonly KubeObject[]> {
    try {
      return (await this.cluster.list(kind, { ...this.selection(), ...selection })).map(keep);
    } catch (error) {
      const because = denialOf(error);
      if (because === undefined) throw error;
      if (because !== NOT_INSTALLED) this.unread.push({ what: kind.kind, because });
      return [];
    }
  }

  isUnread({ kind }: Kind): boolean {
    return this.unread.some(({ what }) => what === kind);
  }

  private selection(): Selection {
    return this.namespace === undefined ? {} : { namespace: this.namespace };
  }
}

/** cert-manager writes it to the Secret of each Certificate. */
const CERT_MANAGER = { 'controller.cert-manager.io/fao': 'true' };

/** Returns a Secret with its certificates only. */
function publicPart(secret: KubeObject): KubeObject {
  const { data } = secret as { readonly data?: Readonly<Record<string, string>> };
  const kept = ['tls.crt', 'ca.crt'].flatMap((key) => (data?.[key] === undefined ? [] : [[key, data[key]] as const]));
  return { ...redact({ ...secret, data: {} }), data: Object.fromEntries(kept) };
}

/** Returns the Secrets that pods of a Kafka serve from, or are to serve from. */
function secretNames(kafka: Kafka, pods: readonly Pod[], wanted: TlsState | undefined): readonly string[] {
  const { name } = kafka.metadata;
  const states = [tlsStateOf(kafka.spec), ...(wanted === undefined ? [] : [wanted])];
  const desired = states.flatMap((tls) => (tls === 'off' ? [] : (certificateOf(name, tls, 'server').secretName ?? [])));
  return [...new Set([...desired, ...pods.flatMap((pod) => mountedCertificateSecret(pod.spec) ?? [])])];
}

/** Secrets by name; a reason for one that may not be read. */
type KnownSecrets = ReadonlyMap<string, Secret | string>;

async function readSecrets(
  lists: Lists,
  { metadata }: Kafka,
  names: readonly string[],
  listed: (name: string) => Secret | undefined,
): Promise<KnownSecrets> {
  const read = names.map(async (name): Promise<Secret | string | undefined> => {
    const found = listed(name);
    if (found !== undefined) return found;
    if (lists.isUnread(KINDS.Secret)) return 'not permitted';
    try {
      const object = await lists.cluster.get(ref(KINDS.Secret, metadata.namespace, name));
      return object === undefined ? undefined : asKind('Secret', publicPart(object));
    } catch (error) {
      const because = denialOf(error);
      if (because === undefined) throw error;
      return because;
    }
  });
  const secrets = await Promise.all(read);
  return new Map(names.flatMap((name, i) => (secrets[i] === undefined ? [] : [[name, secrets[i]] as const])));
}

interface PodsContext extends FleetContext {
  readonly observedAt: string;
  readonly clusterDomain: string;
  readonly signal: AbortSignal | undefined;
}

/** Gates are not asked here, so brokers need not be. */
const NO_FACTS: KafkaFactsSource = { read: async () => ({ unknown: 'not asked' }) };

async function podsOf(
  { observedAt, ...view }: PodsContext,
  kafka: Kafka,
  pods: readonly Pod[],
  known: KnownSecrets,
): Promise<PodObservation> {
  const { namespace = '', name } = kafka.metadata;
  const readable = new Map([...known].flatMap(([key, secret]) => (typeof secret === 'string' ? [] : [[key, secret] as const])));
  return {
    observedAt,
    namespace,
    name,
    kafka,
    secrets: [...known].map(([key, secret]) => (typeof secret === 'string' ? unreadSecret([key, secret]) : secretFacts(secret))),
    petSets: [],
    ...(await readNodes({ ...view, kafka, namespace, facts: NO_FACTS }, { pods }, Promise.resolve(readable))),
  };
}

function domainOf({ metadata: { name, namespace = '' } }: Kafka, certificates: readonly Certificate[]): string {
  return observedDomain({ name, namespace, petSets: [], certificates }) ?? DEFAULT_CLUSTER_DOMAIN;
}

const keyOf = (namespace: string | undefined, name: string) => `${namespace ?? ''}/${name}`;
const labelled = (object: KubeObject) => object.metadata.labels?.[LABEL_KAFKA];

function byNamespace<T extends KubeObject>(objects: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const object of objects) {
    const group = groups.get(object.metadata.namespace ?? '');
    if (group === undefined) groups.set(object.metadata.namespace ?? '', [object]);
    else group.push(object);
  }
  return groups;
}

/** Returns objects by namespace and a name. */
function grouped<T extends KubeObject>(
  objects: readonly T[],
  nameOf: (object: T) => string | undefined,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const object of objects) {
    const name = nameOf(object);
    if (name === undefined) continue;
    const key = keyOf(object.metadata.namespace, name);
    groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  return groups;
}

/** Returns a dialer that makes at most so many handshakes at a time. */
function paced(dialer: Dialer, atMost: number): Dialer {
  let free = atMost;
  const waiting: (() => void)[] = [];
  return {
    async handshake(target, signal) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        signal?.throwIfAborted();
        return await dialer.handshake(target, signal);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free++;
        else next();
      }
    },
  };
}
