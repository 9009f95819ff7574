/** The boot script of a pod, against what KubeDB's public scripts do with the same files. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BootInput, boot } from './boot';

const FILES: Readonly<Record<string, string>> = {
  '/opt/kafka/config/temp-config/config.properties': `# of the operator
process.roles=broker
listeners=BROKER://:9092,LOCAL://:29092
advertised.listeners=BROKER://orders-pods.demo.svc.cluster.local:9092,LOCAL://localhost:29092
listener.security.protocol.map=BROKER:SASL_SSL,CONTROLLER:SASL_SSL,LOCAL:SASL_SSL
listener.name.broker.plain.sasl.jaas.config=Module required username="KAFKA_USER" password="KAFKA_PASSWORD" user_admin="KAFKA_PASSWORD";
log.dirs=/var/log/kafka
metadata.log.dir=/var/log/kafka/metadata
ssl.keystore.type=PKCS12
log.retention.hours=168
`,
  '/opt/kafka/config/temp-config/ssl.properties': 'ssl.keystore.location=/var/private/ssl/server.keystore.jks\nssl.keystore.type=JKS\n',
};
const CUSTOM = '/opt/kafka/config/custom-config/broker.properties';

interface Change {
  readonly hostname?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

function input({ hostname = 'orders-broker-2', files = {}, env = {} }: Change): BootInput {
  return {
    hostname,
    address: '127.5.6.7',
    env: new Map(Object.entries({ KAFKA_USER: 'admin', KAFKA_PASSWORD: 'a"b$1', ...env })),
    read: (path) => ({ ...FILES, ...files })[path],
    mounts: new Map([
      ['/var/log/kafka', '/run/claims/data'],
      ['/var/private/ssl', '/run/pod/ssl'],
    ]),
  };
}

function booted(change: Change) {
  const result = boot(input(change));
  assert.ok('settings' in result, JSON.stringify(result));
  return result;
}

const controller = { '/opt/kafka/config/temp-config/config.properties': 'process.roles=controller\nlog.dirs=/var/log/kafka\n' };

const cases: readonly [name: string, change: Change, settings: Readonly<Record<string, string | undefined>>][] = [
  ['the id of a broker is its ordinal', {}, { 'node.id': '2' }],
  ['dedicated controllers begin at 1000', { hostname: 'orders-controller-1', files: controller }, { 'node.id': '1001' }],
  [
    'each node has a folder for its data, and one for the metadata',
    {},
    { 'log.dirs': '/run/claims/data/2', 'metadata.log.dir': '/run/claims/data/metadata' },
  ],
  ['paths below a mount are those of this machine', {}, { 'ssl.keystore.location': '/run/pod/ssl/server.keystore.jks' }],
  ['a setting in ssl.properties counts before one in config.properties', {}, { 'ssl.keystore.type': 'JKS' }],
  ['listeners are bound to the address of the pod', {}, { listeners: 'BROKER://127.5.6.7:9092,LOCAL://127.5.6.7:29092' }],
  [
    'the pod advertises its name for BROKER, and its address for LOCAL',
    {},
    { 'advertised.listeners': 'BROKER://orders-broker-2.orders-pods.demo.svc.cluster.local:9092,LOCAL://127.5.6.7:29092' },
  ],
  [
    'user and password come from the environment, whatever they hold',
    {},
    { 'listener.name.broker.plain.sasl.jaas.config': 'Module required username="admin" password="a"b$1" user_admin="a"b$1";' },
  ],
  [
    'a setting of the user counts before that of the operator',
    { files: { [CUSTOM]: 'log.retention.hours=1\n' } },
    { 'log.retention.hours': '1' },
  ],
  [
    'a user cannot change the id of the node',
    { files: { [CUSTOM]: 'node.id=7\nprocess.roles=controller\n' } },
    { 'node.id': '2', 'process.roles': 'broker' },
  ],
  [
    "a user may add listeners, and not change KubeDB's",
    { files: { [CUSTOM]: 'listeners=MORE://:9999,BROKER://:1\nlistener.security.protocol.map=MORE:SSL,LOCAL:PLAINTEXT\n' } },
    {
      listeners: 'BROKER://127.5.6.7:9092,LOCAL://127.5.6.7:29092,MORE://127.5.6.7:9999',
      'listener.security.protocol.map': 'BROKER:SASL_SSL,CONTROLLER:SASL_SSL,LOCAL:SASL_SSL,MORE:SSL',
    },
  ],
  [
    'a variable counts before the file of the user',
    { files: { [CUSTOM]: 'log.retention.hours=1\n' }, env: { KAFKA_LOG_RETENTION_HOURS: '2' } },
    { 'log.retention.hours': '2' },
  ],
  ['underscores and dashes in the names of variables', { env: { KAFKA_A__B___C_D: 'x' } }, { 'a_b-c.d': 'x' }],
  ['the variables of the image are no settings', { env: { KAFKA_JMX_OPTS: 'x' } }, { 'jmx.opts': undefined, password: undefined }],
];

describe('the boot script', () => {
  for (const [name, change, settings] of cases)
    test(name, () => {
      const result = booted(change);
      for (const [key, value] of Object.entries(settings)) assert.equal(result.settings.get(key), value, key);
    });

  test('formats the folder of the node and that of the metadata for the cluster of the environment', () => {
    const { logDirs, clusterId, nodeId } = booted({ env: { KAFKA_CLUSTER_ID: '11ef-921c-f2a07f85765w' } });
    assert.deepEqual(
      { logDirs, clusterId, nodeId },
      { logDirs: ['/run/claims/data/2', '/run/claims/data/metadata'], clusterId: '11ef-921c-f2a07f85765w', nodeId: 2 },
    );
  });

  test('fails without the configuration of the operator', () => {
    assert.deepEqual(boot({ ...input({}), read: () => undefined }), {
      failure: '/opt/kafka/config/temp-config/config.properties: no such file',
    });
  });
});
