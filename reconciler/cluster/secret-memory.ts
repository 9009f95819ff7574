/**
 * The contents of the Secrets that connections to the nodes of a Kafka need.
 *
 * Why the contents of Secrets are remembered while this process runs: after certificates were issued by another CA, the Secrets hold the
 * new ones while all pods still know only the old. They are sent to brokers and to nothing else.
 */
import { asKind, type Kafka, type Pod } from '#model/kinds/index';
import { isEqual, KINDS, ref } from '#model/kube-object';
import { authSecret } from '#model/kubedb';
import { brokerCertificateName, certificateOf, tlsStateOf } from '#model/tls';
import { CONFIG_KEYS, mountedCertificateSecret, mountedConfigSecret } from '../model/broker-pod';
import type { Cluster } from '../ports';
import type { KafkaSecrets, SecretText } from './kafka-access';

/** Contents of one Secret, latest first: before and after a change, and one that was replaced in the middle of it. */
const REMEMBERED = 3;

/** The contents of Secrets since this process began. */
export class SecretMemory {
  private readonly known = new Map<string, readonly SecretText[]>();

  constructor(private readonly cluster: Pick<Cluster, 'get'>) {}

  /** Clients use the `client` certificate; those that pods mount are trusted and come last. */
  async secretsOf(kafka: Kafka, pods: readonly Pod[]): Promise<KafkaSecrets> {
    const { name, namespace = '' } = kafka.metadata;
    const tls = tlsStateOf(kafka.spec);
    const secretOf = (alias: string) =>
      (tls === 'off' ? undefined : certificateOf(name, tls, alias).secretName) ?? brokerCertificateName(name, alias);
    const mounted = pods.map((p) => mountedCertificateSecret(p.spec)).filter((s) => s !== undefined);
    const certificates = mounted.length === 0 ? [] : [...new Set([secretOf('client'), secretOf('server'), ...mounted])];
    const isSecured = kafka.spec?.disableSecurity !== true;
    const config = isSecured ? pods.map((p) => mountedConfigSecret(p.spec)).find((s) => s !== undefined) : undefined;
    const read = (secret: string | undefined) => (secret === undefined ? [] : this.read(namespace, secret));
    const [login, client, ...found] = await Promise.all([
      read(isSecured ? authSecret(kafka) : undefined),
      read(config),
      ...certificates.map(read),
    ]);
    return { login: login?.[0], clientFile: client?.[0]?.[CONFIG_KEYS.client], certificates: found.flat() };
  }

  /** Returns the content of a Secret now and before, latest first. */
  private async read(namespace: string, name: string): Promise<readonly SecretText[]> {
    const secret = asKind('Secret', await this.cluster.get(ref(KINDS.Secret, namespace, name)));
    const key = `${namespace}/${name}`;
    const before = this.known.get(key) ?? [];
    if (secret === undefined) return before;
    const text = Object.fromEntries(
      Object.entries(secret.data ?? {}).map(([field, value]) => [field, Buffer.from(value, 'base64').toString('utf8')]),
    );
    const contents = [text, ...before.filter((b) => !isEqual(b, text))].slice(0, REMEMBERED);
    this.known.set(key, contents);
    return contents;
  }
}
