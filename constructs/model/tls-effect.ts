/**
 * Whether two TLS states of a Kafka are the same in effect: KubeDB makes the same certificates of both. Spelling does not count: a default
 * that is written down or left out, the order of a list, a name that KubeDB adds by itself.
 */
import { differingFields } from './certificate-effect';
import { brokerCertificate, defaultKeystoreCredSecret } from './kubedb';
import { ALIASES, type Alias, type TlsConfig, type TlsState } from './tls';

/** Tells whether two TLS states of one Kafka are the same in effect. */
export function isSameTls(kafka: string, a: TlsState, b: TlsState): boolean {
  if (a === 'off' || b === 'off') return a === b;
  return differingCertificates(kafka, a, b).length === 0;
}

/** Returns the fields of `spec.tls.certificates` in which two configurations differ in effect, such as `server.dnsNames`. */
export function differingCertificates(kafka: string, a: TlsConfig, b: TlsConfig): readonly string[] {
  return ALIASES.flatMap((alias) => {
    const [one, other] = [specOf(kafka, a, alias), specOf(kafka, b, alias)];
    // KubeDB names the field of an entry as cert-manager names that of a Certificate.
    const fields = [...differingFields(one, other), ...differingFields(other, one)].map((field) => field.split('.')[0]);
    return [...new Set(fields)].map((field) => `${alias}.${field}`);
  });
}

/** The namespace is the same on both sides and decides nothing. */
function specOf(kafka: string, tls: TlsConfig, alias: Alias): object {
  return brokerCertificate({ name: kafka, namespace: '', keystoreCredSecret: defaultKeystoreCredSecret(kafka) }, tls, alias).spec;
}
