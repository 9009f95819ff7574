/**
 * Certificates of clients that the old root has signed, before the root changes. Where brokers ask clients for certificates, nodes that trust only
 * the new CA refuse them. Nothing is known of certificates without a Certificate, nor of those in other namespaces.
 */
import { formatRef, KINDS, ref } from '#model/kube-object';
import { formatIssuerRef, issuerOf, tlsStateOf } from '#model/tls';
import type { Draft } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';

/** Returns notes that name these Certificates, and what to do. */
export function clientCertificateNotes(input: PlanInput, draft: Draft): readonly string[] {
  const { live } = input;
  const old = previousIssuer(input, draft);
  if (old === undefined) return [];
  const found = (live.clientCertificates ?? []).filter((c) => `${c.issuerKind}/${c.issuerName}` === old);
  const named = found.slice(0, MOST).map((c) => `${formatRef(ref(KINDS.Certificate, live.namespace, c.name))} (Secret ${c.secretName})`);
  const more = found.length > MOST ? ` and ${found.length - MOST} others` : '';
  const isOfCluster = old.startsWith(`${KINDS.ClusterIssuer.kind}/`);
  const elsewhere = isOfCluster ? [`Certificates of ${old} for clients in other namespaces were not read.`] : [];
  if (found.length === 0) return elsewhere;
  return [
    `For clients, and signed by the old root of ${old}: ${named.join(', ')}${more}. ` +
      'Where brokers ask clients for certificates (ssl.client.auth), nodes that trust only the new CA refuse them: ' +
      'declare each as a ClientCertificate of the KafkaTls, which has it issued by the new CA before the first pod trusts only that',
    ...elsewhere,
  ];
}

const MOST = 5;

/** Returns the issuer of the root that is replaced, as it is printed; undefined if the root stays. */
function previousIssuer({ live, bridge, dual }: PlanInput, { cutover, steps }: Draft): string | undefined {
  if (bridge !== undefined) return formatIssuerRef(bridge.isBack ? bridge.issuer : { kind: 'Issuer', name: bridge.signer });
  if (dual !== undefined) return dual.from;
  const has = tlsStateOf(live.kafka?.spec);
  return cutover?.kind === 'root' && steps.length > 0 && has !== 'off' ? formatIssuerRef(issuerOf(has, 'server')) : undefined;
}
