/**
 * One pass of reads over a Kafka and everything its TLS state rests on, as one plain value; or, in the middle of a run, over what is about
 * to be changed.
 *
 * 1. What is found by the Kafka's name: the Kafka itself, its requests, pods and Certificates, budgets, a GitOps twin.
 * 2. What these lead to: PetSets with their configuration, issuers with the root they sign with, Secrets, what clients are told to trust.
 * 3. What is really served: a handshake with every listener of every running pod, held against the CA in the Secret that the pod mounts,
 *    and Kafka's own facts.
 *
 * Reads of one stage run side by side. Nothing is judged here but what a single object says of itself; deciding is for `plan`. No private
 * key and no password becomes part of the value. What can be done without and may not be read is noted as unread.
 */
import type { Bundle } from '#model/bundle';
import { DEFAULT_CLUSTER_DOMAIN } from '#model/cluster-domain';
import { ALIASES, type TlsState, tlsStateOf } from '#model/tls';
import { OBSERVATION_FORMAT, type Observation, type PetSetObservation, type PodObservation, type ProbeAnswers } from '../model/observation';
import { observedDomain } from '../model/observed-domain';
import type { Clock, Cluster, Dialer, KafkaFactsSource } from '../ports';
import { selects } from './budgets';
import { issuersUsed, readIssuer } from './issuers';
import { readNodes } from './nodes';
import {
  certificateSecretNames,
  issuedSecretNames,
  mountedSecretNames,
  passwordSecretNames,
  readByName,
  readKafka,
  readPetSets,
  readPods,
  readSecrets,
  readTemplates,
} from './objects';
import { Reader } from './reading';
import { secretFacts, unreadSecret } from './secret';
import { withSigners } from './signers';
import { readTrust } from './trust-bundle';

export interface ObserveContext {
  readonly cluster: Cluster;
  readonly dialer: Dialer;
  readonly facts: KafkaFactsSource;
  readonly clock: Clock;
  /** For a plan that is only shown: without a right to Secrets there is less in it. */
  readonly canLackSecrets?: boolean;
  /** What issuers answered to certificate requests in this run. Default: nothing. */
  readonly probes?: ProbeAnswers;
}

/** What to look at: the Kafka of a bundle, with all that the bundle speaks of, or a Kafka by name. */
export type Observed = Bundle | { readonly namespace: string; readonly kafka: string };

/** Returns what is live now. Throws when something that a plan rests on cannot be read, naming all that cannot. */
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
    Promise.all(issuersUsed(states, issuing).map((issuer) => readIssuer(reader, issuer, { issuing, probes: context.probes }))),
    readTrust(reader, name),
  ]);
  const needed = [...certificateSecretNames(name, states, ALIASES), ...mountedSecretNames(named.pods, petSets)];
  const secrets = await readSecrets(reader, needed, [...issuedSecretNames(bundle), ...passwordSecretNames(name, kafka, bundle)]);
  reader.assertComplete();
  const namespaceIsMissing = kafka === undefined && (await reader.isNamespaceMissing());
  signal?.throwIfAborted();

  const sources = { name, namespace, petSets, certificates: named.certificates };
  const clusterDomain = bundle?.desired.clusterDomain ?? observedDomain(sources) ?? DEFAULT_CLUSTER_DOMAIN;
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
    secrets: [...[...secrets.values()].map(secretFacts), ...[...reader.unreadSecrets].sort().map(unreadSecret)],
    ...(trust === undefined ? {} : { trust }),
    petSets,
    ...(await readNodes({ ...context, kafka, namespace, clusterDomain, signal }, named, secrets)),
    requests: named.requests,
    budgets: named.budgets.filter((b) => named.pods.some((pod) => selects(b, pod))),
    ...(reader.unread.length === 0 ? {} : { unread: reader.unread }),
  });
}

/** Returns PetSets and what they depend on, as it is now. Throws like `observe`. */
export async function observePetSets(cluster: Cluster, { desired }: Bundle, signal?: AbortSignal): Promise<PetSetObservation> {
  const { namespace, kafka: name } = desired;
  const reader = new Reader(cluster, namespace);
  const kafka = await readKafka(reader, name);
  const petSets = await readPetSets(reader, name, kafka);
  reader.assertComplete();
  signal?.throwIfAborted();
  return { namespace, name, ...(kafka === undefined ? {} : { kafka }), petSets };
}

/** What is known from an observation, and need not be read again for each pod. */
export interface PodContext extends ObserveContext {
  /** DNS domain of the cluster, where a live object shows it. */
  readonly clusterDomain: string | undefined;
}

/** Returns what restarts depend on, as it is now. Throws like `observe`. */
export async function observePods(context: PodContext, { desired, tls }: Bundle, signal?: AbortSignal): Promise<PodObservation> {
  const { namespace, kafka: name } = desired;
  const reader = new Reader(context.cluster, namespace);
  const observedAt = context.clock.now().toISOString();
  const [kafka, pods] = await Promise.all([readKafka(reader, name), readPods(reader, name)]);
  const petSets = await readTemplates(reader, name, kafka);
  const needed = [...certificateSecretNames(name, [tls], ['server']), ...mountedSecretNames(pods, petSets)];
  const secrets = await readSecrets(reader, needed);
  reader.assertComplete();
  signal?.throwIfAborted();
  // A Kafka that this run has created shows its domain only now.
  const learn = async () => observedDomain({ name, namespace, petSets: await readPetSets(reader, name, kafka) });
  const clusterDomain = desired.clusterDomain ?? context.clusterDomain ?? (await learn()) ?? DEFAULT_CLUSTER_DOMAIN;
  return {
    observedAt,
    namespace,
    name,
    ...(kafka === undefined ? {} : { kafka }),
    secrets: [...secrets.values()].map(secretFacts),
    petSets,
    ...(await readNodes({ ...context, kafka, namespace, clusterDomain, signal }, { pods }, secrets)),
  };
}
