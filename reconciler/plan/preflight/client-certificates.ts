/**
 * Certificates of clients that the old root has signed, before the root changes. Where brokers ask clients for certificates, nodes that trust only
 * the new CA refuse them. Nothing is known of certificates without a Certificate, nor of those in other namespaces.
 */
import { formatRef, KINDS, ref } from '#model/kube-object';
import { formatIssuerRef, type IssuerRef, issuerOf, tlsStateOf } from '#model/tls';
import type { Draft } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';

/** Returns notes that name these Certificates, and what to do. */
export function clientCertificateNotes(input: PlanInput, { cutover, steps }: Draft): readonly string[] {
  const { live, bridge } = input;
  const isCutover = cutover?.kind === 'root' && steps.length > 0;
  const old = bridge === undefined ? (isCutover ? presentIssuer(input) : undefined) : previousIssuer(bridge);
  if (old === undefined) return [];
  const found = (live.clientCertificates ?? []).filter((c) => c.issuerKind === old.kind && c.issuerName === old.name);
  const named = found.slice(0, MOST).map((c) => `${formatRef(ref(KINDS.Certificate, live.namespace, c.name))} (Secret ${c.secretName})`);
  const more = found.length > MOST ? ` and ${found.length - MOST} others` : '';
  const elsewhere =
    old.kind === KINDS.ClusterIssuer.kind ? [`Certificates of ${formatIssuerRef(old)} for clients in other namespaces were not read.`] : [];
  if (found.length === 0) return elsewhere;
  return [
    `For clients, and signed by the old root of ${formatIssuerRef(old)}: ${named.join(', ')}${more}. ` +
      'Where brokers ask clients for certificates (ssl.client.auth), nodes that trust only the new CA refuse them: ' +
      'declare each as a ClientCertificate of the KafkaTls, which has it issued by the new CA before the first pod trusts only that',
    ...elsewhere,
  ];
}

const MOST = 5;

function presentIssuer({ live }: PlanInput): Pick<IssuerRef, 'kind' | 'name'> | undefined {
  const has = tlsStateOf(live.kafka?.spec);
  return has === 'off' ? undefined : issuerOf(has, 'server');
}

function previousIssuer({ isBack, issuer, signer }: NonNullable<PlanInput['bridge']>): Pick<IssuerRef, 'kind' | 'name'> {
  return isBack ? issuer : { kind: 'Issuer', name: signer };
}
