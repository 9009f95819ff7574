/**
 * How to connect to a broker, from the contents of the cluster's Secrets. Pure; the one place that turns credentials into connection
 * options.
 *
 * The protocol is that of the pod, not that of the Kafka's spec: in the middle of a cut-over the nodes differ. A pod that mounts
 * certificates was created from a template with TLS and serves TLS; one that does not speaks plaintext.
 *
 * While certificates are replaced, a Secret holds the new ones and most pods still run with the old. So every CA that was seen in this run
 * is trusted, and every client certificate may be tried, the latest first.
 */
import type { Kafka, Pod } from '#model/kinds/index';
import { AUTH_KEYS, mountedCertificateSecret, type SaslMechanism, saslMechanismOf } from '../model/broker-pod';

/** Values of a Secret as text, by key. */
export type SecretText = Readonly<Record<string, string>>;

export interface KafkaSecrets {
  /** The Secret with KubeDB's own user. */
  readonly login?: SecretText | undefined;
  /** KubeDB's client file, `clientauth.properties`. */
  readonly clientFile?: string | undefined;
  /** Contents with `ca.crt`, `tls.crt` and `tls.key`; the first are client certificates, the last only extend the trust. */
  readonly certificates: readonly SecretText[];
}

export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Login {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

export interface Access {
  /** Absent: plaintext. Without a client certificate, the one identity is undefined. */
  readonly tls?: { readonly ca: readonly string[]; readonly identities: readonly (Identity | undefined)[] };
  /** Absent: no login. */
  readonly login?: Login;
}

/** Returns how to connect to the broker in a pod, or why that is not known. */
export function accessTo(kafka: Kafka, pod: Pod, secrets: KafkaSecrets): Access | { readonly unknown: string } {
  const login = loginOf(kafka, secrets);
  if (typeof login === 'string') return { unknown: login };
  const loggedIn = login === undefined ? {} : { login };
  if (mountedCertificateSecret(pod.spec) === undefined) return loggedIn;
  const ca = distinct(secrets.certificates.map((s) => s['ca.crt']));
  if (ca.length === 0) return { unknown: 'no Secret holds the CA of its certificate' };
  const identities = secrets.certificates.flatMap(({ 'tls.crt': cert, 'tls.key': key }) => (cert && key ? [{ cert, key }] : []));
  return { tls: { ca, identities: identities.length === 0 ? [undefined] : identities }, ...loggedIn };
}

function loginOf({ metadata, spec }: Kafka, { login, clientFile }: KafkaSecrets): Login | string | undefined {
  if (spec?.disableSecurity === true) return undefined;
  const mechanism = saslMechanismOf(clientFile ?? '');
  if (mechanism === undefined) return 'its client file names an unknown SASL mechanism';
  const [username, password] = [login?.[AUTH_KEYS.user], login?.[AUTH_KEYS.password]];
  if (username === undefined || password === undefined) return `no Secret holds the user of Kafka ${metadata.name}`;
  return { mechanism, username, password };
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values.filter((v) => v !== undefined && v !== ''))] as string[];
}
