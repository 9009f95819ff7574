/** Layer 1: the Kafka's spec. */
import { isEqual, KINDS, ref } from '../../../constructs/model/kube-object';
import { certificateOf, formatIssuerRef, isSameTls, normalizeTls, type TlsConfig, tlsStateOf } from '../../../constructs/model/tls';
import type { Finding } from '../nouns';
import { finding, type World } from './world';

/** Returns how the Kafka's spec differs from the desired TLS state. */
export function kafkaFindings({ bundle, live }: World): readonly Finding[] {
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
  return [finding(subject, 'CertificatesChanged', `spec.tls.certificates: ${differingFields(live.name, has, wants)}`)];
}

function differingFields(kafka: string, has: TlsConfig, wants: TlsConfig): string {
  const aliases = [...new Set([...has.certificates, ...wants.certificates].map((c) => c.alias))];
  const fields = aliases.flatMap((alias) => {
    const [a, b] = [certificateOf(kafka, has, alias), certificateOf(kafka, wants, alias)] as unknown as Record<string, unknown>[];
    return Object.keys({ ...a, ...b })
      .filter((key) => !isEqual(a?.[key], b?.[key]))
      .map((key) => `${alias}.${key}`);
  });
  return `${fields.join(', ')} differ${fields.length === 1 ? 's' : ''}`;
}
