/**
 * Stand-in for KubeDB's provisioner: makes of a Kafka what it consists of, and says how it is.
 *
 * A paused Kafka's objects are left alone; its status goes on, except that `observedGeneration` tells of the last time its objects were
 * looked at. PetSets come only after the Secrets of the certificates. There are no AppBindings, no service accounts and no deletion
 * policies: what a Kafka owned goes with it, its passwords and certificates stay.
 */
import { hasTrueCondition, KINDS, type KubeObject } from '#model/kube-object';
import { petSetsOf } from '#model/kubedb';
import { certificateOf, tlsStateOf } from '#model/tls';
import { type Controller, type Key, ownerKey, ownKey } from '../controller';
import type { KafkaProcesses } from '../kafka/processes';
import { splitPem } from '../pki/x509';
import { decoded, type World, writeStatus } from '../world';
import { kafkaStatus } from './kafka-status';
import { hasCertificates, provisionBasics, provisionWorkloads } from './provision';

export function provisioner(world: World, processes: KafkaProcesses): Controller {
  return {
    name: 'kubedb-provisioner',
    watches: [
      { kind: KINDS.Kafka, keys: ownKey },
      { kind: KINDS.PetSet, keys: ownerKey(KINDS.Kafka) },
      { kind: KINDS.Service, keys: ownerKey(KINDS.Kafka) },
      { kind: KINDS.PodDisruptionBudget, keys: ownerKey(KINDS.Kafka) },
      { kind: KINDS.Secret, keys: (secret) => kafkasIn(world, secret) },
    ],
    reconcile: async ({ namespace, name }) => {
      const kafka = world.cache.get(KINDS.Kafka, namespace, name);
      if (kafka === undefined || kafka.metadata.deletionTimestamp !== undefined) return undefined;
      const isPaused = hasTrueCondition(kafka, 'Paused');
      if (!isPaused) await provision(world, kafka);
      await report(world, processes, kafka, !isPaused);
      return undefined;
    },
  };
}

function kafkasIn({ cache }: World, { metadata }: KubeObject): readonly Key[] {
  return cache.list(KINDS.Kafka, metadata.namespace).flatMap(ownKey);
}

async function provision(world: World, kafka: KubeObject): Promise<void> {
  if (kafka.spec?.halted === true) return halt(world, kafka);
  await provisionBasics(world, kafka);
  if (hasCertificates(world, kafka)) await provisionWorkloads(world, kafka);
}

async function halt({ cache, client }: World, kafka: KubeObject): Promise<void> {
  for (const { name } of petSetsOf(kafka)) {
    const petSet = cache.get(KINDS.PetSet, kafka.metadata.namespace, name);
    if (petSet !== undefined) await client.delete(petSet);
  }
}

async function report(world: World, processes: KafkaProcesses, kafka: KubeObject, isObserved: boolean): Promise<void> {
  const { cache, clock } = world;
  const { name, namespace } = kafka.metadata;
  const petSets = petSetsOf(kafka).flatMap((p) => cache.get(KINDS.PetSet, namespace, p.name) ?? []);
  const tls = tlsStateOf(kafka.spec);
  const secret = tls === 'off' ? undefined : cache.get(KINDS.Secret, namespace, certificateOf(name, tls, 'client').secretName ?? '');
  const health = processes.health(kafka, tls === 'off' ? undefined : splitPem(decoded(secret)['ca.crt'] ?? ''));
  await writeStatus(world, kafka, kafkaStatus({ kafka, petSets, health, isObserved, now: clock.now() }));
}
