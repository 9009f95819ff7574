/**
 * The configuration that KubeDB writes for a role. It replaces the whole file and depends on the Kafka's spec alone, so additions by other
 * writers do not last. Settings and values are those of KubeDB's guides and images; the order of the lines is the sandbox's. Pure.
 */
import type { Kafka } from '../kinds';
import { DATA_DIR, KEYSTORE, METADATA_DIR, nodesOf, PORTS, type Role, serviceName, TRUSTSTORE, tlsOf } from './layout';

export interface ConfigurationOptions {
  /** DNS domain of the cluster. */
  readonly clusterDomain: string;
  /** Password of the JKS stores. */
  readonly storePassword: string | undefined;
  readonly login: { readonly username?: string; readonly password?: string };
}

/** Returns the data of a role's configuration Secret. */
export function configurationOf(kafka: Kafka, role: Role, options: ConfigurationOptions): Readonly<Record<string, string>> {
  const { storePassword = '', login, clusterDomain } = options;
  const hasTls = tlsOf(kafka) !== undefined;
  const hasLogin = kafka.spec.disableSecurity !== true;
  const protocol = `${hasLogin ? 'SASL_' : ''}${hasTls ? 'SSL' : 'PLAINTEXT'}`;
  return {
    'config.properties': brokerFile(kafka, role, { protocol, clusterDomain }) + (hasLogin ? loginSettings(role) : ''),
    'clientauth.properties': lines(
      `security.protocol=${protocol}`,
      hasLogin && 'sasl.mechanism=PLAIN',
      hasLogin && `sasl.jaas.config=${LOGIN_MODULE} required username="${login.username}" password="${login.password}";`,
      hasTls && `ssl.truststore.location=${TRUSTSTORE}`,
      hasTls && `ssl.truststore.password=${storePassword}`,
    ),
    ...(hasTls ? { 'ssl.properties': sslFile(storePassword) } : {}),
  };
}

const LOGIN_MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule';

/** The boot script puts the name of the pod before the host of an advertised listener. */
function brokerFile(kafka: Kafka, role: Role, { protocol, clusterDomain }: { protocol: string; clusterDomain: string }): string {
  const { name, namespace = 'default' } = kafka.metadata;
  const service = `${serviceName(name)}.${namespace}.svc.${clusterDomain}`;
  const cruiseControl = kafka.spec.cruiseControl === undefined ? [] : (['CC'] as const);
  const ofBroker = role === 'controller' ? [] : (['BROKER', 'LOCAL', ...cruiseControl] as const);
  const ofController = role === 'broker' ? [] : (['CONTROLLER'] as const);
  const advertised = ofBroker.map((l) => `${l}://${l === 'LOCAL' ? 'localhost' : service}:${PORTS[l]}`).join();
  const voters = nodesOf(kafka).filter((n) => n.role !== 'broker');
  return lines(
    `process.roles=${role === 'combined' ? 'controller,broker' : role}`,
    `listeners=${[...ofBroker, ...ofController].map((l) => `${l}://:${PORTS[l]}`).join()}`,
    advertised !== '' && `advertised.listeners=${advertised}`,
    `listener.security.protocol.map=${['BROKER', 'CONTROLLER', 'LOCAL', ...cruiseControl].map((l) => `${l}:${protocol}`).join()}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=BROKER',
    `controller.quorum.voters=${voters.map((n) => `${n.nodeId}@${n.pod}.${service}:${PORTS.CONTROLLER}`).join()}`,
    `log.dirs=${DATA_DIR}`,
    `metadata.log.dir=${METADATA_DIR}`,
  );
}

/**
 * The boot script puts the user and the password of the pod's environment in the places of these words. A controller logs in to the
 * listener of the controllers only, a broker to both.
 */
function loginSettings(role: Role): string {
  const login = `${LOGIN_MODULE} required username="KAFKA_USER" password="KAFKA_PASSWORD" user_admin="KAFKA_PASSWORD";`;
  const listeners = role === 'controller' ? ['controller'] : ['broker', 'controller', 'local'];
  return lines(
    'sasl.enabled.mechanisms=PLAIN',
    'sasl.mechanism.inter.broker.protocol=PLAIN',
    'sasl.mechanism.controller.protocol=PLAIN',
    ...listeners.map((l) => `listener.name.${l}.plain.sasl.jaas.config=${login}`),
  );
}

function sslFile(password: string): string {
  return lines(
    'ssl.client.auth=required',
    'ssl.endpoint.identification.algorithm=',
    `ssl.key.password=${password}`,
    `ssl.keystore.location=${KEYSTORE}`,
    `ssl.keystore.password=${password}`,
    'ssl.keystore.type=JKS',
    `ssl.truststore.location=${TRUSTSTORE}`,
    `ssl.truststore.password=${password}`,
    'ssl.truststore.type=JKS',
  );
}

function lines(...all: readonly (string | false)[]): string {
  return all.flatMap((line) => (line === false ? [] : `${line}\n`)).join('');
}
