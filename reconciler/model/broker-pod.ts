/**
 * The pods of a KubeDB Kafka as far as TLS changes them: their configuration files, the volume with the certificates, and the login of
 * KubeDB's own clients. Native execution writes these; plans and observations compare them.
 *
 * Sources: kubedb/kafka-init-docker, KubeDB's Kafka guides. Facts that no public source states are marked "inferred".
 */

import type { Kafka } from '#model/kinds/index';
import { listenersOf, nodesOf, PORTS, podFqdn, type Role } from '#model/kubedb';
import { certificateOf, type TlsConfig, tlsStateOf } from '#model/tls';
import { type SecurityProtocol, withClientProtocol, withKeyStores, withListenerProtocols, withoutKeyStores } from './kafka-properties';

/** Where the Kafka container finds its certificates. Source: kafka-init-docker. */
export const CERTIFICATE_DIR = '/var/private/ssl';
/** Container that runs Kafka in every pod. */
export const KAFKA_CONTAINER = 'kafka';
/** Volume with the operator's configuration Secret. */
export const CONFIG_VOLUME = 'temp-config';
/** Keys of the configuration Secret. `ssl.properties` is there exactly when TLS is on (inferred from the key counts in the guides). */
export const CONFIG_KEYS = { main: 'config.properties', ssl: 'ssl.properties', client: 'clientauth.properties' } as const;
/** Keys of the Secret with the SASL user of KubeDB. */
export const AUTH_KEYS = { user: 'username', password: 'password' } as const;

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** Returns the login mechanism in the file of KubeDB's own clients, by default PLAIN; undefined for an unknown mechanism. */
export function saslMechanismOf(clientProperties: string): SaslMechanism | undefined {
  const named = /^\s*sasl\.mechanism\s*[=:]\s*(\S+)\s*$/m.exec(clientProperties)?.[1];
  return named === undefined ? 'PLAIN' : SASL_MECHANISMS.find((m) => m === named);
}

/** The part of a pod template that this project touches. */
export interface PodTemplate {
  readonly metadata?: unknown;
  readonly spec: {
    readonly containers: readonly PodContainer[];
    readonly volumes?: readonly PodVolume[] | null;
    readonly [field: string]: unknown;
  };
}
export interface PodContainer {
  readonly name: string;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath?: string; readonly [field: string]: unknown }[] | null;
  readonly [field: string]: unknown;
}
export interface PodVolume {
  readonly name: string;
  readonly secret?: { readonly secretName?: string; readonly items?: readonly { readonly key?: string; readonly path?: string }[] | null };
  readonly [field: string]: unknown;
}

/** Volume that carries the `server` certificate into every pod. Source: KubeDB's `<alias>-certs` rule. */
export const CERTIFICATE_VOLUME = 'server-certs';

function certificateVolume(kafka: string, tls: TlsConfig): PodVolume {
  return {
    name: CERTIFICATE_VOLUME,
    secret: {
      secretName: certificateOf(kafka, tls, 'server').secretName ?? '',
      items: [
        { key: 'ca.crt', path: 'ca.crt' },
        { key: 'tls.crt', path: 'tls.crt' },
        { key: 'tls.key', path: 'tls.key' },
        { key: 'keystore.jks', path: 'server.keystore.jks' },
        { key: 'truststore.jks', path: 'server.truststore.jks' },
      ],
    },
  };
}

/** Returns the pod template with the certificate volume and mount of the TLS state; all other parts are kept. */
export function withCertificateVolume(kafka: Kafka, template: PodTemplate): PodTemplate {
  const tls = tlsStateOf(kafka.spec);
  const volumes = (template.spec.volumes ?? []).filter((v) => v.name !== CERTIFICATE_VOLUME);
  const mount = { name: CERTIFICATE_VOLUME, mountPath: CERTIFICATE_DIR };
  return {
    ...template,
    spec: {
      ...template.spec,
      containers: template.spec.containers.map((c) => {
        if (c.name !== KAFKA_CONTAINER) return c;
        const mounts = (c.volumeMounts ?? []).filter((m) => m.name !== CERTIFICATE_VOLUME);
        return { ...c, volumeMounts: tls === 'off' ? mounts : [...mounts, mount] };
      }),
      volumes: tls === 'off' ? volumes : [...volumes, certificateVolume(kafka.metadata.name, tls)],
    },
  };
}

/** The volumes of a pod, as far as they mount Secrets. */
interface WithVolumes {
  readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly secretName?: string } }[] | null;
}

/** Returns the Secret that a pod or pod template mounts its certificates from, or undefined without TLS. */
export function mountedCertificateSecret(spec: WithVolumes | undefined): string | undefined {
  return spec?.volumes?.find((v) => v.name === CERTIFICATE_VOLUME)?.secret?.secretName;
}

interface WithMounts {
  readonly containers?: readonly {
    readonly name: string;
    readonly volumeMounts?:
      | readonly { readonly name: string; readonly mountPath?: string; readonly subPath?: string; readonly subPathExpr?: string }[]
      | null;
  }[];
}

/** Returns the directories of the Kafka container in which the kubelet updates the certificate: it never updates a mount with a subPath. */
export function updatedCertificateDirectories(spec: WithMounts | undefined): readonly string[] {
  const mounts = spec?.containers?.find((c) => c.name === KAFKA_CONTAINER)?.volumeMounts ?? [];
  return mounts.flatMap(({ name, mountPath, subPath, subPathExpr }) => {
    const isDirectory = name === CERTIFICATE_VOLUME && (subPath ?? '') === '' && (subPathExpr ?? '') === '';
    return isDirectory && mountPath !== undefined ? [mountPath.replace(/\/+$/, '')] : [];
  });
}

/** Returns the Secret that a pod or pod template mounts its configuration from, or undefined. */
export function mountedConfigSecret(spec: WithVolumes | undefined): string | undefined {
  return spec?.volumes?.find((v) => v.name === CONFIG_VOLUME)?.secret?.secretName;
}

/** Passwords of the JKS stores, all three the same. */
export type KeystorePassword = string;

const STORES = { keystore: `${CERTIFICATE_DIR}/server.keystore.jks`, truststore: `${CERTIFICATE_DIR}/server.truststore.jks` };

/**
 * Returns the data of a role's configuration Secret with the TLS state of the Kafka. `existing` is the present data. Settings that TLS does not
 * determine are kept, and files that already have the desired effect are not changed. Without a password, the present passwords are kept.
 */
export function configData(
  kafka: Kafka,
  role: Role,
  password: KeystorePassword | undefined,
  existing: Readonly<Record<string, string>> = baseConfig(kafka, role),
): Readonly<Record<string, string>> {
  const { [CONFIG_KEYS.main]: main, [CONFIG_KEYS.ssl]: ssl, [CONFIG_KEYS.client]: client, ...rest } = existing;
  const isTlsOn = tlsStateOf(kafka.spec) !== 'off';
  const protocol = securityProtocol(kafka);
  const stores = { ...STORES, password };
  const listening = withListenerProtocols(main ?? '', { own: Object.keys(PORTS), protocol });
  const files = (isTlsOn ? withKeyStores : withoutKeyStores)({ main: listening, ssl }, stores);
  return {
    ...rest,
    ...(main === undefined ? {} : { [CONFIG_KEYS.main]: files.main }),
    ...(client === undefined ? {} : { [CONFIG_KEYS.client]: withClientProtocol(client, protocol, stores) }),
    ...(files.ssl === undefined ? {} : { [CONFIG_KEYS.ssl]: files.ssl }),
  };
}

/** Returns the security protocol of KubeDB's own listeners. */
export function securityProtocol(kafka: Kafka): SecurityProtocol {
  const tlsOn = tlsStateOf(kafka.spec) !== 'off';
  if (kafka.spec?.disableSecurity === true) return tlsOn ? 'SSL' : 'PLAINTEXT';
  return tlsOn ? 'SASL_SSL' : 'SASL_PLAINTEXT';
}

/** Returns the configuration that KubeDB writes for a Kafka, as far as it is known. */
export function baseConfig(kafka: Kafka, role: Role, clusterDomain?: string): Readonly<Record<string, string>> {
  const { name, namespace = 'default' } = kafka.metadata;
  const protocol = securityProtocol(kafka);
  const voters = nodesOf(kafka)
    .filter((n) => n.role !== 'broker')
    .map((n) => `${n.nodeId}@${podFqdn(name, namespace, n.pod, clusterDomain)}:${PORTS.CONTROLLER}`);
  const listeners = listenersOf(role).map((l) => `${l}://:${PORTS[l]}`);
  const main = [
    `process.roles=${role === 'combined' ? 'controller,broker' : role}`,
    `listeners=${listeners.join(',')}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=BROKER',
    `controller.quorum.voters=${voters.join(',')}`,
    `listener.security.protocol.map=${Object.keys(PORTS)
      .map((listener) => `${listener}:${protocol}`)
      .join(',')}`,
    'log.dirs=/var/log/kafka',
  ];
  const client = [`security.protocol=${protocol}`, ...(kafka.spec?.disableSecurity === true ? [] : ['sasl.mechanism=PLAIN'])];
  return { [CONFIG_KEYS.main]: `${main.join('\n')}\n`, [CONFIG_KEYS.client]: `${client.join('\n')}\n` };
}

/**
 * Returns the lines of a properties file that hold no password and no login, so that they may be shown. A line that ends with a backslash
 * continues in the next line, which is removed with it.
 */
export function withoutPasswords(properties: string): string {
  let isContinued = false;
  let isSecret = false;
  return properties
    .split('\n')
    .filter((line) => {
      if (!isContinued) isSecret = /password|jaas|secret|credential/i.test(line.split(/[=:]/)[0] ?? '');
      isContinued = line.endsWith('\\');
      return !isSecret;
    })
    .join('\n');
}
