/** Layer 1: the Kafka's spec. */
import { isEqual, KINDS, ref } from '#model/kube-object';
import { formatIssuerRef, normalizeTls, tlsStateOf } from '#model/tls';
import { differingCertificates, isSameTls } from '#model/tls-effect';
import type { Finding } from '#reconciler/model/plan';
import { finding, type PlanInput } from '../plan-input';

/** Returns how the Kafka's spec differs from the desired TLS state. */
export function kafkaFindings({ bundle, live }: PlanInput): readonly Finding[] {
  const { kafka } = live;
  if (kafka === undefined) return [];
  const subject = ref(KINDS.Kafka, live.namespace, live.name);
  const has = tlsStateOf(kafka.spec);
  const wants = bundle.tls;
  if (isSameTls(live.name, has, wants)) return [];
  if (has === 'off') return [finding(subject, 'TlsDisabled', 'spec.enableSSL and spec.tls: TLS is off, wanted on')];
  if (wants === 'off') return [finding(subject, 'TlsEnabled', 'spec.enableSSL and spec.tls: TLS is on, wanted off')];
  if (!isEqual(normalizeTls(live.name, has).issuerRef, normalizeTls(live.name, wants).issuerRef)) {
    const message = `spec.tls.issuerRef is ${formatIssuerRef(has.issuerRef)}, wanted ${formatIssuerRef(wants.issuerRef)}`;
    return [finding(subject, 'IssuerChanged', message)];
  }
  const fields = differingCertificates(live.name, has, wants);
  const message = `spec.tls.certificates: ${fields.join(', ')} differ${fields.length === 1 ? 's' : ''}`;
  return [finding(subject, 'CertificatesChanged', message)];
}
