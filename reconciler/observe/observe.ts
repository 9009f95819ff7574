/**
 * One pass of reads over a Kafka and everything its TLS state rests on, as one plain value.
 *
 * 1. What is found by the Kafka's name: the Kafka itself, its requests, pods and Certificates, budgets, a GitOps twin.
 * 2. What these lead to: PetSets with their configuration, issuers with the root they sign with, Secrets, what clients are told to trust.
 * 3. What is really served: a handshake with every listener of every running pod, held against the CA in the Secret that the pod mounts,
 *    and Kafka's own facts.
 *
 * Reads of one stage run side by side. Nothing is judged here but what a single object says of itself; deciding is for `plan`. No private
 * key and no password becomes part of the value. What can be done without and may not be read is noted as unread.
 */
import type { Bundle } from '../../constructs/model/bundle';
import { KINDS, type KubeObject, ref } from '../../constructs/model/kube-object';
import {
  configSecretName,
  defaultKeystoreCredSecret,
  keystoreCredSecret,
  mountedCertificateSecret,
  mountedConfigSecret,
  nodesOf,
  petSetsOf,
  selectorLabels,
} from '../../constructs/model/kubedb';
import { LABEL_KAFKA } from '../../constructs/model/names';
import { ALIASES, type Alias, certificateOf, defaultSecretName, type TlsState, tlsStateOf } from '../../constructs/model/tls';
import {
  type KafkaFacts,
  OBSERVATION_FORMAT,
  type Observation,
  type PetSetObservation,
  type PetSetState,
  type PodFacts,
  type PodObservation,
  type PodTemplate,
  type Reading,
} from '../plan/observation';
import type { Clock, Cluster, Dialer, KafkaFactsSource } from '../ports';
import { selects } from './budgets';
import { issuersUsed, readIssuer } from './issuers';
import { type ListenerView, servedBy } from './listeners';
import { podFacts } from './pod';
import { Reader } from './reading';
import { configOf, secretFacts, trustOf } from './secret';
import { readTrust } from './trust';

export interface ObserveContext {
  readonly cluster: Cluster;
  readonly dialer: Dialer;
  readonly facts: KafkaFactsSource;
  readonly clock: Clock;
}

/** What to look at: the Kafka of a bundle, with all that the bundle speaks of, or a Kafka by name. */
export type Observed = Bundle | { readonly namespace: string; readonly kafka: string };

/** Returns what is live now. Throws when something that a plan rests on cannot be read, naming all that cannot. */
export async function observe(context: ObserveContext, what: Observed, signal?: AbortSignal): Promise<Observation> {
  const bundle = 'desired' in what ? what : undefined;
  const { namespace, kafka: name } = 'desired' in what ? what.desired : what;
  const reader = new Reader(context.cluster, namespace);
  const observedAt = context.clock.now().toISOString();

  const named = await readByName(reader, name, bundle);
  signal?.throwIfAborted();
  const { kafka } = named;
  const issuing = bundle?.issuing ?? [];
  const states: readonly TlsState[] = [bundle?.tls ?? 'off', tlsStateOf(kafka?.spec)];
  const [petSets, issuers, trust] = await Promise.all([
    readPetSets(reader, name, kafka),
    Promise.all(issuersUsed(states, issuing).map((issuer) => readIssuer(reader, issuer, issuing))),
    readTrust(reader, name),
  ]);
  const needed = [...certificateSecretNames(name, states, ALIASES), ...mountedSecretNames(named.pods, petSets)];
  const secrets = await readSecrets(reader, needed, [...issuedSecretNames(bundle), ...passwordSecretNames(name, kafka, bundle)]);
  reader.assertComplete();
  signal?.throwIfAborted();

  return {
    format: OBSERVATION_FORMAT,
    observedAt,
    namespace,
    name,
    ...(kafka === undefined ? {} : { kafka }),
    ...(named.gitOpsKafka === undefined ? {} : { gitOpsKafka: named.gitOpsKafka }),
    issuers,
    certificates: named.certificates,
    secrets: [...secrets.values()].map(secretFacts),
    ...(trust === undefined ? {} : { trust }),
    petSets,
    ...(await readServed({ ...context, kafka, namespace, signal }, named, secrets)),
    requests: named.requests,
    budgets: named.budgets.filter((b) => named.pods.some((pod) => selects(b, pod))),
    ...(reader.unread.length === 0 ? {} : { unread: reader.unread }),
  };
}

/** Returns PetSets and what they depend on, as it is now. Throws like `observe`. */
export async function observePetSets(cluster: Cluster, { desired }: Bundle): Promise<PetSetObservation> {
  const { namespace, kafka: name } = desired;
  const reader = new Reader(cluster, namespace);
  const kafka = await readKafka(reader, name);
  const petSets = await readPetSets(reader, name, kafka);
  reader.assertComplete();
  return { namespace, name, ...(kafka === undefined ? {} : { kafka }), petSets };
}

/** Returns what restarts depend on, as it is now. Throws like `observe`. */
export async function observePods(context: ObserveContext, { desired, tls }: Bundle, signal?: AbortSignal): Promise<PodObservation> {
  const { namespace, kafka: name } = desired;
  const reader = new Reader(context.cluster, namespace);
  const observedAt = context.clock.now().toISOString();
  const [kafka, pods] = await Promise.all([readKafka(reader, name), readPods(reader, name)]);
  const petSets = await readTemplates(reader, name, kafka);
  const needed = [...certificateSecretNames(name, [tls], ['server']), ...mountedSecretNames(pods, petSets)];
  const secrets = await readSecrets(reader, needed);
  reader.assertComplete();
  signal?.throwIfAborted();
  return {
    observedAt,
    namespace,
    name,
    ...(kafka === undefined ? {} : { kafka }),
    secrets: [...secrets.values()].map(secretFacts),
    petSets,
    ...(await readServed({ ...context, kafka, namespace, signal }, { pods }, secrets)),
  };
}

async function readByName(reader: Reader, name: string, bundle: Bundle | undefined) {
  const { namespace } = reader;
  const [kafka, gitOpsKafka, requests, pods, budgets] = await Promise.all([
    readKafka(reader, name),
    reader.optional(`gitops.kubedb.com Kafka/${namespace}/${name}`, () => reader.get(KINDS.GitOpsKafka, name), undefined),
    reader.necessary('list KafkaOpsRequest', () => reader.list(KINDS.KafkaOpsRequest), []),
    readPods(reader, name),
    reader.optional(`PodDisruptionBudget/${namespace}`, () => reader.list(KINDS.PodDisruptionBudget), []),
  ]);
  // Without TLS on either side nothing rests on cert-manager, and it may be gone already.
  const needsCertificates = (bundle !== undefined && bundle.tls !== 'off') || tlsStateOf(kafka?.spec) !== 'off';
  const readCertificates = () => reader.list(KINDS.Certificate);
  const certificates = needsCertificates
    ? await reader.necessary('list Certificate', readCertificates, [])
    : await reader.optional(`Certificate/${namespace}`, readCertificates, []);
  return {
    kafka,
    gitOpsKafka,
    requests: requests.filter((r) => r.spec?.databaseRef?.name === name).sort(byAge),
    pods,
    budgets,
    certificates: certificates.filter((c) => isOfKafka(c, name, bundle)).sort(byName),
  };
}

function readKafka(reader: Reader, name: string): Promise<KubeObject | undefined> {
  return reader.necessary('get Kafka', () => reader.get(KINDS.Kafka, name), undefined);
}

function readPods(reader: Reader, name: string): Promise<readonly KubeObject[]> {
  return reader.necessary('list Pod', () => reader.list(KINDS.Pod, { labels: selectorLabels(name) }), []);
}

/** The Kafka's own, those of KubeDB, those that we applied, and those that the bundle is about to apply. */
function isOfKafka(certificate: KubeObject, kafka: string, bundle: Bundle | undefined): boolean {
  const { name, labels = {} } = certificate.metadata;
  return (
    ALIASES.some((alias) => name === defaultSecretName(kafka, alias)) ||
    labels[LABEL_KAFKA] === kafka ||
    Object.entries(selectorLabels(kafka)).every(([key, value]) => labels[key] === value) ||
    (bundle?.issuing ?? []).some((m) => m.kind === KINDS.Certificate.kind && m.metadata.name === name)
  );
}

async function readTemplates(reader: Reader, name: string, kafka: KubeObject | undefined): Promise<readonly PodTemplate[]> {
  const read = (petSet: string) => reader.necessary('get PetSet', () => reader.get(KINDS.PetSet, petSet), undefined);
  if (kafka === undefined) {
    // Without its Kafka nobody knows the names of PetSets. Where that is for want of the Kafka's kind, theirs may lack, too.
    if (!reader.isComplete) await read(name);
    return [];
  }
  const all = petSetsOf(kafka).map(async (set): Promise<readonly PodTemplate[]> => {
    const object = await read(set.name);
    return object === undefined ? [] : [{ name: set.name, role: set.role, object }];
  });
  return (await Promise.all(all)).flat();
}

async function readPetSets(reader: Reader, name: string, kafka: KubeObject | undefined): Promise<readonly PetSetState[]> {
  const templates = await readTemplates(reader, name, kafka);
  const all = templates.map(async (set): Promise<PetSetState> => {
    const configSecret = mountedConfigSecret(set.object.spec?.template?.spec) ?? configSecretName(name, set.role);
    const readSecret = () => reader.secret(ref(KINDS.Secret, reader.namespace, configSecret));
    const secret = await reader.necessary('get Secret', readSecret, undefined);
    return { ...set, configSecret, ...(secret === undefined ? {} : { config: configOf(secret) }) };
  });
  return Promise.all(all);
}

/** Secrets that TLS states name. */
function certificateSecretNames(kafka: string, states: readonly TlsState[], aliases: readonly Alias[]): readonly string[] {
  return states.flatMap((tls) => (tls === 'off' ? [] : aliases.flatMap((alias) => certificateOf(kafka, tls, alias).secretName ?? [])));
}

/** Secrets that pods serve from, and those that their successors will. */
function mountedSecretNames(pods: readonly KubeObject[], petSets: readonly PodTemplate[]): readonly string[] {
  const specs = [...pods.map((p) => p.spec), ...petSets.map((s) => s.object.spec?.template?.spec)];
  return specs.flatMap((spec) => mountedCertificateSecret(spec) ?? []);
}

/** Secrets of CAs and applications: good to know. */
function issuedSecretNames(bundle: Bundle | undefined): readonly string[] {
  return (bundle?.issuing ?? []).flatMap((m) => (m.kind === KINDS.Certificate.kind ? [String(m.spec?.secretName)] : []));
}

/** The JKS passwords: only whether they are there, and only where we would have to make them. */
function passwordSecretNames(name: string, kafka: KubeObject | undefined, bundle: Bundle | undefined): readonly string[] {
  if (bundle?.desired.executor !== 'native') return [];
  return [kafka === undefined ? defaultKeystoreCredSecret(name) : keystoreCredSecret(kafka)];
}

/** Returns Secrets by their names: those that the plan rests on, and those that are good to know. */
async function readSecrets(
  reader: Reader,
  needed: readonly string[],
  others: readonly string[] = [],
): Promise<ReadonlyMap<string, KubeObject>> {
  const names = [...new Set([...needed, ...others])].sort();
  const secrets = await Promise.all(
    names.map((name) => {
      const read = () => reader.secret(ref(KINDS.Secret, reader.namespace, name));
      return needed.includes(name)
        ? reader.necessary('get Secret', read, undefined)
        : reader.optional(`Secret/${reader.namespace}/${name}`, read, undefined);
    }),
  );
  return new Map(secrets.flatMap((secret) => (secret === undefined ? [] : [[secret.metadata.name, secret] as const])));
}

/** What is asked of Kafka itself. */
interface Served {
  readonly pods: readonly PodFacts[];
  readonly facts: Reading<KafkaFacts>;
}

async function readServed(
  { kafka, facts, ...view }: Omit<ListenerView, 'kafka'> & { readonly kafka: KubeObject | undefined; readonly facts: KafkaFactsSource },
  found: PodsFound,
  secrets: ReadonlyMap<string, KubeObject>,
): Promise<Served> {
  if (kafka === undefined) return { pods: [], facts: { unknown: 'the Kafka does not exist' } };
  const [pods, read] = await Promise.all([nodePods({ ...view, kafka }, found, secrets), facts.read(kafka, view.signal)]);
  return { pods, facts: read };
}

interface PodsFound {
  readonly pods: readonly KubeObject[];
  readonly budgets?: readonly KubeObject[];
}

/** Pods in restart order by name; those that are no node of the Kafka, such as ones of a job, are left out. */
async function nodePods(
  view: ListenerView,
  { pods, budgets }: PodsFound,
  secrets: ReadonlyMap<string, KubeObject>,
): Promise<readonly PodFacts[]> {
  const found = nodesOf(view.kafka).map(async (node) => {
    const pod = pods.find((p) => p.metadata.name === node.pod);
    if (pod === undefined) return undefined;
    const mounted = mountedCertificateSecret(pod.spec);
    const trust = trustOf(mounted === undefined ? undefined : secrets.get(mounted));
    const facts = podFacts(pod, node, await servedBy(view, pod, node, trust));
    return budgets === undefined ? facts : { ...facts, budgets: budgets.filter((b) => selects(b, pod)).map((b) => b.metadata.name) };
  });
  return (await Promise.all(found)).filter((pod) => pod !== undefined);
}

/** Oldest first; Kubernetes counts in seconds, and attempts of one second are told apart by their number. */
function byAge(a: KubeObject, b: KubeObject): number {
  const [x, y] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  return x === y ? byName(a, b) : x < y ? -1 : 1;
}

const NAMES = new Intl.Collator('en', { numeric: true });

function byName(a: KubeObject, b: KubeObject): number {
  return NAMES.compare(a.metadata.name, b.metadata.name);
}
