/**
 * The configuration that KubeDB writes for a role, whole and from the Kafka's spec alone: what another writer adds to it does not stay. Its
 * settings and values are those of KubeDB's guides and images; their order and spelling are this sandbox's. Pure.
 */
import type { KubeObject } from '#model/kube-object';
import { CERTIFICATE_DIR, CONFIG_KEYS, governingService, nodesOf, type Role } from '#model/kubedb';
import { tlsStateOf } from '#model/tls';

export interface ConfigurationOptions {
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
  /** Of the JKS stores. */
  readonly storePassword: string | undefined;
  readonly login: { readonly username?: string | undefined; readonly password?: string | undefined };
}

/** KubeDB adds the listener of Cruise Control's metrics reporter for `spec.cruiseControl`. */
const PORTS = { BROKER: 9092, CONTROLLER: 9093, LOCAL: 29092, CC: 9094 };
type Listener = keyof typeof PORTS;

/** Returns the data of a role's configuration Secret. */
export function configurationOf(kafka: KubeObject, role: Role, options: ConfigurationOptions): Readonly<Record<string, string>> {
  const isTlsOn = tlsStateOf(kafka.spec) !== 'off';
  return {
    [CONFIG_KEYS.main]: propertiesText(brokerSettings(kafka, role, options)),
    [CONFIG_KEYS.client]: propertiesText(clientSettings(kafka, options)),
    ...(isTlsOn ? { [CONFIG_KEYS.ssl]: propertiesText(storeSettings(options)) } : {}),
  };
}

function protocolOf(kafka: KubeObject): string {
  const transport = tlsStateOf(kafka.spec) === 'off' ? 'PLAINTEXT' : 'SSL';
  return kafka.spec?.disableSecurity === true ? transport : `SASL_${transport}`;
}

function brokerSettings(kafka: KubeObject, role: Role, { clusterDomain }: ConfigurationOptions): Readonly<Record<string, string>> {
  const { name, namespace = 'default' } = kafka.metadata;
  const extra: readonly Listener[] = kafka.spec?.cruiseControl === undefined ? [] : ['CC'];
  const ofBroker: readonly Listener[] = role === 'controller' ? [] : ['BROKER', 'LOCAL', ...extra];
  const ofController: readonly Listener[] = role === 'broker' ? [] : ['CONTROLLER'];
  const service = `${governingService(name)}.${namespace}.svc.${clusterDomain}`;
  const voters = nodesOf(kafka).filter((n) => n.role !== 'broker');
  const advertised = ofBroker.map((l) => `${l}://${l === 'LOCAL' ? 'localhost' : service}:${PORTS[l]}`);
  return {
    'process.roles': role === 'combined' ? 'controller,broker' : role,
    listeners: [...ofBroker, ...ofController].map((l) => `${l}://:${PORTS[l]}`).join(','),
    // The boot script puts the name of the pod before the host.
    ...(advertised.length === 0 ? {} : { 'advertised.listeners': advertised.join(',') }),
    'listener.security.protocol.map': ['BROKER', 'CONTROLLER', 'LOCAL', ...extra].map((l) => `${l}:${protocolOf(kafka)}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'BROKER',
    'controller.quorum.voters': voters.map((n) => `${n.nodeId}@${n.pod}.${service}:${PORTS.CONTROLLER}`).join(','),
    'log.dirs': '/var/log/kafka',
  };
}

function storeSettings({ storePassword = '' }: ConfigurationOptions): Readonly<Record<string, string>> {
  return {
    'ssl.client.auth': 'required',
    'ssl.endpoint.identification.algorithm': '',
    'ssl.key.password': storePassword,
    'ssl.keystore.location': `${CERTIFICATE_DIR}/server.keystore.jks`,
    'ssl.keystore.password': storePassword,
    'ssl.keystore.type': 'JKS',
    'ssl.truststore.location': `${CERTIFICATE_DIR}/server.truststore.jks`,
    'ssl.truststore.password': storePassword,
    'ssl.truststore.type': 'JKS',
  };
}

const LOGIN_MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule';

function clientSettings(kafka: KubeObject, { storePassword = '', login }: ConfigurationOptions): Readonly<Record<string, string>> {
  const { username = '', password = '' } = login;
  return {
    'security.protocol': protocolOf(kafka),
    ...(kafka.spec?.disableSecurity === true
      ? {}
      : {
          'sasl.mechanism': 'PLAIN',
          'sasl.jaas.config': `${LOGIN_MODULE} required username="${username}" password="${password}";`,
        }),
    ...(tlsStateOf(kafka.spec) === 'off'
      ? {}
      : {
          'ssl.truststore.location': `${CERTIFICATE_DIR}/server.truststore.jks`,
          'ssl.truststore.password': storePassword,
        }),
  };
}

function propertiesText(settings: Readonly<Record<string, string>>): string {
  return `${Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}
