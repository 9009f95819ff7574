/**
 * Stand-in for KubeDB's provisioner: it creates the objects of a Kafka and reports its status.
 *
 * While a Kafka is paused, the provisioner does not touch its objects. It goes on to report the status, but `observedGeneration` stays at the
 * generation of the last provisioning. PetSets wait for the Secrets of the certificates. There are no AppBindings, service accounts or
 * deletion policies: the objects that a Kafka owns are deleted with it, its passwords and certificates stay.
 */
import { hasTrueCondition } from '#model/kube-object';
import { type Context, decoded, writeStatus } from '../context';
import { type Controller, watch, watchOwned } from '../controller';
import { type Kafka, KINDS } from '../kinds';
import type { PodRunner } from '../kubernetes/pod-runner';
import { splitPem } from '../pki/x509';
import { kafkaStatus } from './kafka-status';
import { certificateOf, petSetsOf, tlsOf } from './layout';
import { hasCertificates, provisionBasics, provisionWorkloads } from './provision';

export function provisioner(context: Context, pods: Pick<PodRunner, 'health'>): Controller<Kafka> {
  const { cache, client, clock } = context;
  const petSetsIn = (kafka: Kafka) => petSetsOf(kafka).flatMap(({ name }) => cache.get(KINDS.PetSet, kafka.metadata.namespace, name) ?? []);

  async function provision(kafka: Kafka): Promise<void> {
    if (kafka.spec.halted === true) {
      for (const petSet of petSetsIn(kafka)) await client.delete(petSet);
      return;
    }
    await provisionBasics(context, kafka);
    if (hasCertificates(context, kafka)) await provisionWorkloads(context, kafka);
  }

  /** The health check presents the CA of the client certificate. */
  function healthOf(kafka: Kafka) {
    const { name, namespace } = kafka.metadata;
    const tls = tlsOf(kafka);
    const secret = tls && cache.get(KINDS.Secret, namespace, certificateOf(name, tls, 'client').secretName);
    return pods.health(kafka, tls && splitPem(decoded(secret)['ca.crt'] ?? ''));
  }

  return {
    kind: KINDS.Kafka,
    watches: [
      ...[KINDS.PetSet, KINDS.Service, KINDS.PodDisruptionBudget].map((kind) => watchOwned(kind, KINDS.Kafka)),
      watch(KINDS.Secret, ({ metadata }) => cache.list(KINDS.Kafka, metadata.namespace)),
    ],
    reconcile: async (kafka) => {
      const isPaused = hasTrueCondition(kafka, 'Paused');
      if (!isPaused) await provision(kafka);
      const status = { kafka, petSets: petSetsIn(kafka), health: healthOf(kafka), isObserved: !isPaused, now: clock.now() };
      await writeStatus(context, kafka, kafkaStatus(status));
    },
  };
}
