/**
 * Reads a Kafka and everything that its TLS state depends on into one plain value; during a run, only the part that a step needs.
 *
 * 1. Objects with the name of the Kafka: the Kafka, its requests, pods and Certificates, budgets, a GitOps Kafka of the same name.
 * 2. Objects that these refer to: PetSets with their configuration, issuers with their CA, Secrets, the trust bundle for clients.
 * 3. A TLS handshake with every listener of every running pod, verified with the CA in the Secret that the pod mounts, and the facts that
 *    Kafka reports.
 *
 * Reads of one stage run in parallel. The observation contains facts about single objects only; `plan` compares them. It never contains a
 * private key or a password. An object that may not be read and that a plan can do without is listed as unread.
 */
import type { Bundle } from '#model/bundle';
import { DEFAULT_CLUSTER_DOMAIN } from '#model/cluster-domain';
import type { Kafka, Pod } from '#model/kinds/index';
import { nodesOf } from '#model/kubedb';
import { ALIASES, type TlsState, tlsStateOf } from '#model/tls';
import {
  OBSERVATION_FORMAT,
  type Observation,
  type PetSetObservation,
  type PodObservation,
  type ProbeAnswers,
  type Served,
} from '../model/observation';
import { observedDomain } from '../model/observed-domain';
import type { Clock, Cluster, Dialer, KafkaFactsSource } from '../ports';
import { caCertificates, issuersUsed, readIssuer, recordedStates } from './issuers';
import { servedBy } from './listeners';
import {
  certificateSecretNames,
  clientCertificates,
  issuedSecretNames,
  mountedSecretNames,
  passwordSecretNames,
  readByName,
  readKafka,
  readPetSets,
  readPods,
  readSecrets,
  readTemplates,
  readTrust,
} from './objects';
import { readNodes, selects } from './pods';
import { Reader } from './reading';
import { secretFacts, unreadSecret } from './secret';
import { withSigners } from './signers';

export interface ObserveContext {
  readonly cluster: Cluster;
  readonly dialer: Dialer;
  readonly facts: KafkaFactsSource;
  readonly clock: Clock;
  /** For a preview: without permission to read Secrets the plan is less complete. */
  readonly canLackSecrets?: boolean;
  /** Answers of issuers to the certificate requests of this run. Default: none. */
  readonly probes?: ProbeAnswers;
}

/** The Kafka of a bundle, with the other objects of the bundle, or a Kafka by name. */
export type Observed = Bundle | { readonly namespace: string; readonly kafka: string };

/** Returns the live state. If objects that a plan needs cannot be read, it throws one error that names all of them. */
export async function observe(context: ObserveContext, what: Observed, signal?: AbortSignal): Promise<Observation> {
  const bundle = 'desired' in what ? what : undefined;
  const { namespace, kafka: name } = 'desired' in what ? what.desired : what;
  const reader = new Reader(context.cluster, namespace, context.canLackSecrets);
  const observedAt = context.clock.now().toISOString();

  const named = await readByName(reader, name, bundle);
  signal?.throwIfAborted();
  const { kafka } = named;
  const issuing = bundle?.issuerManifests ?? [];
  const states: readonly TlsState[] = [bundle?.tls ?? 'off', tlsStateOf(kafka?.spec)];
  const [petSets, issuers, trust] = await Promise.all([
    readPetSets(reader, name, kafka),
    Promise.all(
      issuersUsed([...states, ...recordedStates(kafka)], [...issuing, ...caCertificates(named.certificates)]).map((issuer) =>
        readIssuer(reader, issuer, { issuing, probes: context.probes }),
      ),
    ),
    readTrust(reader, name),
  ]);
  const needed = [...certificateSecretNames(name, states, ALIASES), ...mountedSecretNames(named.pods, petSets)];
  const secrets = await readSecrets(reader, needed, [...issuedSecretNames(bundle), ...passwordSecretNames(name, kafka, bundle)]);
  reader.assertComplete();
  const namespaceIsMissing = kafka === undefined && (await reader.isNamespaceMissing());
  signal?.throwIfAborted();

  const sources = { name, namespace, petSets, certificates: named.certificates };
  const clusterDomain = bundle?.desired.clusterDomain ?? observedDomain(sources) ?? DEFAULT_CLUSTER_DOMAIN;
  const clients = clientCertificates(named.foreign, issuers);
  return withSigners({
    format: OBSERVATION_FORMAT,
    observedAt,
    namespace,
    name,
    ...(kafka === undefined ? {} : { kafka }),
    ...(namespaceIsMissing ? { namespaceIsMissing } : {}),
    ...(named.gitOpsKafka === undefined ? {} : { gitOpsKafka: named.gitOpsKafka }),
    issuers,
    certificates: named.certificates,
    ...(clients.length === 0 ? {} : { clientCertificates: clients }),
    secrets: [...[...secrets.values()].map(secretFacts), ...[...reader.unreadSecrets].sort().map(unreadSecret)],
    ...(trust === undefined ? {} : { trust }),
    petSets,
    ...(await readNodes({ ...context, kafka, namespace, clusterDomain, signal }, named, Promise.resolve(secrets))),
    requests: named.requests,
    budgets: named.budgets.filter((b) => named.pods.some((pod) => selects(b, pod))),
    ...(reader.unread.length === 0 ? {} : { unread: reader.unread }),
  });
}

/** Returns the live PetSets with their configuration. Throws like `observe`. */
export async function observePetSets(cluster: Cluster, { desired }: Bundle, signal?: AbortSignal): Promise<PetSetObservation> {
  const { namespace, kafka: name } = desired;
  const reader = new Reader(cluster, namespace);
  const kafka = await readKafka(reader, name);
  const petSets = await readPetSets(reader, name, kafka);
  reader.assertComplete();
  signal?.throwIfAborted();
  return { namespace, name, ...(kafka === undefined ? {} : { kafka }), petSets };
}

/** Results of an observation that need not be read again for each pod. */
export interface PodContext extends ObserveContext {
  /** DNS domain of the cluster, if a live object contains it. */
  readonly clusterDomain: string | undefined;
}

/** Returns the live state of what restarts depend on. Throws like `observe`. */
export async function observePods(context: PodContext, { desired, tls }: Bundle, signal?: AbortSignal): Promise<PodObservation> {
  const { namespace, kafka: name } = desired;
  const reader = new Reader(context.cluster, namespace);
  const observedAt = context.clock.now().toISOString();
  const [kafka, pods] = await Promise.all([readKafka(reader, name), readPods(reader, name)]);
  // The domain of a Kafka that this run has created can be read only now.
  const learn = async () => observedDomain({ name, namespace, petSets: await readPetSets(reader, name, kafka) });
  const clusterDomain = desired.clusterDomain ?? context.clusterDomain ?? (await learn()) ?? DEFAULT_CLUSTER_DOMAIN;
  // A restart waits for this: listeners and brokers are asked while the other objects are read.
  const objects = readMounted(reader, { name, kafka, pods, needed: certificateSecretNames(name, [tls], ['server']) });
  const secrets = objects.then((read) => read.secrets);
  const nodes = readNodes({ ...context, kafka, namespace, clusterDomain, signal }, { pods }, secrets);
  await Promise.allSettled([objects, secrets, nodes]);
  reader.assertComplete();
  signal?.throwIfAborted();
  const { petSets } = await objects;
  return {
    observedAt,
    namespace,
    name,
    ...(kafka === undefined ? {} : { kafka }),
    secrets: [...(await secrets).values()].map(secretFacts),
    petSets,
    ...(await nodes),
  };
}

interface Mounting {
  readonly name: string;
  readonly kafka: Kafka | undefined;
  readonly pods: readonly Pod[];
  /** Names of Secrets. */
  readonly needed: readonly string[];
}

/** Returns the PetSets of a Kafka, the Secrets with the needed names, and those that pods mount or will mount. */
async function readMounted(reader: Reader, { name, kafka, pods, needed }: Mounting) {
  const known = [...needed, ...mountedSecretNames(pods, [])];
  const [petSets, secrets] = await Promise.all([readTemplates(reader, name, kafka), readSecrets(reader, known)]);
  const others = mountedSecretNames([], petSets).filter((secret) => !known.includes(secret));
  return { petSets, secrets: new Map([...secrets, ...(await readSecrets(reader, others))]) };
}

/** Returns what the listeners of a pod serve in handshakes in a row, each after the one before; undefined when there is no such pod any more. */
export async function observeListeners(
  context: PodContext,
  { desired }: Bundle,
  { uid, times }: { readonly uid: string; readonly times: number },
  signal?: AbortSignal,
): Promise<readonly Served[] | undefined> {
  const { namespace, kafka: name } = desired;
  const reader = new Reader(context.cluster, namespace);
  const [kafka, pods] = await Promise.all([readKafka(reader, name), readPods(reader, name)]);
  reader.assertComplete();
  const pod = pods.find((p) => p.metadata.uid === uid);
  const node = kafka === undefined ? undefined : nodesOf(kafka).find((n) => n.pod === pod?.metadata.name);
  if (kafka === undefined || pod === undefined || node === undefined) return undefined;
  const clusterDomain = desired.clusterDomain ?? context.clusterDomain ?? DEFAULT_CLUSTER_DOMAIN;
  const served: Served[] = [];
  for (let i = 0; i < times; i++) {
    signal?.throwIfAborted();
    served.push(...(await servedBy({ ...context, kafka, namespace, clusterDomain, signal }, pod, node, async () => [])));
  }
  return served;
}
