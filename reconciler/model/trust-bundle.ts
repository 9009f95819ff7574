/**
 * The ConfigMap with the CA certificates that clients of a Kafka must trust. It holds no key. The Kafka owns it, so that Kubernetes deletes both
 * together.
 */
import { contentHash } from '#model/content-hash';
import { KINDS, type KubeObject } from '#model/kube-object';
import { type KafkaIdentity, ownedMetadata } from '#model/manifests';
import { trustName } from '#model/names';

/** Its only data key, with cert-manager's name for a CA certificate. */
export const TRUST_KEY = 'ca.crt';

/** Returns sixteen hexadecimal digits that name the content of the key. */
export function trustDigest(pem: string): string {
  return contentHash(pem, 16);
}

/** Returns the ConfigMap of a live Kafka's clients. */
export function trustConfigMap(
  identity: KafkaIdentity,
  kafkaUid: string,
  pem: string,
): KubeObject & { readonly data: { readonly [TRUST_KEY]: string } } {
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
