/**
 * What clients of a Kafka mount: one ConfigMap with the CA certificates that they have to trust, and never a key. It belongs to its Kafka,
 * and goes with it.
 */
import { contentHash } from '#model/content-hash';
import { KINDS, type KubeObject } from '#model/kube-object';
import { type KafkaIdentity, ownedMetadata } from '#model/manifests';
import { trustName } from '#model/names';

/** Its only key; cert-manager gives the same name to the same thing. */
export const TRUST_KEY = 'ca.crt';

/** Returns sixteen hexadecimal digits that name what is under the key. */
export function trustDigest(pem: string): string {
  return contentHash(pem, 16);
}

/** Returns the ConfigMap of a live Kafka's clients. */
export function trustConfigMap(identity: KafkaIdentity, kafkaUid: string, pem: string): KubeObject {
  const { apiVersion, kind } = KINDS.Kafka;
  return {
    apiVersion: KINDS.ConfigMap.apiVersion,
    kind: KINDS.ConfigMap.kind,
    metadata: {
      ...ownedMetadata(identity, trustName(identity.kafka)),
      ownerReferences: [{ apiVersion, kind, name: identity.kafka, uid: kafkaUid }],
    },
    data: { [TRUST_KEY]: pem },
  };
}
