/** The Certificates of a Kafka, which KubeDB's ops-manager maintains. */
import { conditionOf, hasTrueCondition, isEqual } from '#model/kube-object';
import { revisionOf } from '../cert-manager/status';
import { type Context, setConditions } from '../context';
import { type Certificate, type Kafka, KINDS, type Tls } from '../kinds';
import { ALIASES, certificateName } from './layout';
import { certificateManifest } from './manifests';

/** Returns the Certificates of a Kafka that exist. */
export function certificatesOf({ cache }: Context, { metadata }: Kafka): readonly Certificate[] {
  return ALIASES.flatMap((alias) => cache.get(KINDS.Certificate, metadata.namespace, certificateName(metadata.name, alias)) ?? []);
}

/** Creates or updates the Certificates for a TLS configuration. */
export async function ensureCertificates({ cache, client, clusterDomain }: Context, kafka: Kafka, tls: Tls): Promise<void> {
  for (const alias of ALIASES) {
    const desired = certificateManifest(kafka, tls, alias, clusterDomain);
    const live = cache.get(KINDS.Certificate, kafka.metadata.namespace, desired.metadata.name);
    if (live === undefined) await client.create(desired);
    else if (!isEqual(live.spec, desired.spec)) await client.replace({ ...live, spec: desired.spec });
  }
}

/** Sets the Issuing condition, upon which cert-manager issues the certificate again. */
export async function triggerIssuance(context: Context, certificate: Certificate): Promise<void> {
  if (hasTrueCondition(certificate, 'Issuing')) return;
  const message = 'Certificate re-issuance manually triggered';
  await setConditions(context, certificate, [{ type: 'Issuing', status: 'True', reason: 'ManuallyTriggered', message }]);
}

/**
 * Tells whether a certificate is issued for its current spec and, if `after` is given, at a later revision. A Certificate that found all it
 * needs in an existing Secret was never issued and has no revision.
 */
export function isIssued({ cache }: Context, certificate: Certificate, after = -1): boolean {
  const { metadata, spec } = certificate;
  return (
    hasTrueCondition(certificate, 'Ready') &&
    conditionOf(certificate, 'Ready')?.observedGeneration === metadata.generation &&
    !hasTrueCondition(certificate, 'Issuing') &&
    cache.get(KINDS.Secret, metadata.namespace, spec.secretName) !== undefined &&
    revisionOf(certificate) > after
  );
}
