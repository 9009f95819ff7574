/** The Certificates that KubeDB's ops-manager keeps for a Kafka. */
import { conditionOf, hasTrueCondition, isEqual, KINDS, type KubeObject } from '#model/kube-object';
import { brokerCertificate, brokerCertificateName, keystoreCredSecret } from '#model/kubedb';
import { ALIASES, type TlsConfig } from '#model/tls';
import { conditionsOf, controllerOf, type World, withCondition, writeStatus } from '../world';

/** Returns the Certificates of a Kafka that are there. */
export function certificatesOf({ cache }: World, { metadata }: KubeObject): readonly KubeObject[] {
  return ALIASES.flatMap((alias) => cache.get(KINDS.Certificate, metadata.namespace, brokerCertificateName(metadata.name, alias)) ?? []);
}

/** Brings the Certificates to what a TLS configuration asks for. */
export async function ensureCertificates({ cache, client, clusterDomain }: World, kafka: KubeObject, tls: TlsConfig): Promise<void> {
  const { name, namespace = '' } = kafka.metadata;
  const owner = { name, namespace, keystoreCredSecret: keystoreCredSecret(kafka), clusterDomain };
  for (const alias of ALIASES) {
    const desired = brokerCertificate(owner, tls, alias);
    const live = cache.get(KINDS.Certificate, namespace, desired.metadata.name);
    if (live === undefined) await client.create({ ...desired, metadata: { ...desired.metadata, ownerReferences: [controllerOf(kafka)] } });
    else if (!isEqual(live.spec, desired.spec)) await client.replace({ ...live, spec: desired.spec });
  }
}

export async function removeCertificates(world: World, kafka: KubeObject): Promise<void> {
  for (const certificate of certificatesOf(world, kafka)) await world.client.delete(certificate);
}

/** Has a certificate issued anew. */
export async function triggerIssuance(world: World, certificate: KubeObject): Promise<void> {
  if (hasTrueCondition(certificate, 'Issuing')) return;
  const conditions = withCondition(
    conditionsOf(certificate),
    {
      type: 'Issuing',
      status: 'True',
      reason: 'ManuallyTriggered',
      message: 'Certificate re-issuance manually triggered',
      observedGeneration: certificate.metadata.generation ?? 1,
    },
    world.clock.now(),
  );
  await writeStatus(world, certificate, { ...certificate.status, conditions });
}

/**
 * Tells whether a certificate is issued as its spec says and, where `after` is given, at a later revision. A Certificate that found what it
 * wants in its Secret was never issued and has no revision.
 */
export function isIssued({ cache }: World, certificate: KubeObject, after?: number): boolean {
  const { metadata, spec, status } = certificate;
  const isCurrent = conditionOf(certificate, 'Ready')?.observedGeneration === metadata.generation;
  const hasSecret = cache.get(KINDS.Secret, metadata.namespace, spec.secretName) !== undefined;
  return (
    hasTrueCondition(certificate, 'Ready') &&
    isCurrent &&
    !hasTrueCondition(certificate, 'Issuing') &&
    hasSecret &&
    (after === undefined || (status?.revision ?? 0) > after)
  );
}
