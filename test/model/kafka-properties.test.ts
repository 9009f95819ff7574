/** The configuration of brokers: settings that TLS determines are written, all others are kept. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import { configData } from '#reconciler/model/broker-pod';
import { readProperties } from '#reconciler/model/properties';
import { untyped } from '#test/support/untyped';

const kafka = (spec: object): KubeObject => ({ ...KINDS.Kafka, metadata: { name: 'orders', namespace: 'demo' }, spec });
const TLS = { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' }, certificates: [] };
const OFF = kafka({ replicas: 1 });
const ON = kafka({ replicas: 1, enableSSL: true, tls: TLS });
type Data = Readonly<Record<string, string>>;
const [MAIN, SSL, CLIENT] = ['config.properties', 'ssl.properties', 'clientauth.properties'] as const;

/** Returns the configuration of a combined node with TLS as KubeDB would write it, changed in its own words. */
const withTls = (main: (text: string) => string, ssl: (text: string) => string = (text) => text): Data => {
  const data = configData(untyped(ON), 'combined', 'hush');
  return { ...data, [MAIN]: main(data[MAIN] ?? ''), [SSL]: ssl(data[SSL] ?? '') };
};
const without = (key: string, data: Data): Data => Object.fromEntries(Object.entries(data).filter(([k]) => k !== key));
const mapIn = (data: Data) => readProperties(data[MAIN] ?? '').get('listener.security.protocol.map');

const AS_WRITTEN = withTls((t) => t);

describe('files that already have the desired TLS are not changed', () => {
  const line = (text: string) => (main: string) => `${main}${text}\n`;
  const replaced = (from: string | RegExp, to: string) => (main: string) => {
    assert.match(main, new RegExp(from));
    return main.replace(from, to);
  };
  const cases: readonly { readonly name: string; readonly data: Data }[] = [
    { name: 'as KubeDB writes it', data: AS_WRITTEN },
    { name: 'another listener', data: withTls(replaced('LOCAL:SASL_SSL', 'LOCAL:SASL_SSL,CC:SASL_SSL')) },
    { name: 'a listener of the user without TLS', data: withTls(replaced('LOCAL:SASL_SSL', 'LOCAL:SASL_SSL,METRICS:PLAINTEXT')) },
    {
      name: 'another order, spaces and small letters',
      data: withTls(replaced(/map=.*/, 'map = controller:SASL_SSL , BROKER: sasl_ssl, LOCAL:SASL_SSL')),
    },
    { name: 'a map over two lines', data: withTls(replaced(/map=.*/, 'map=BROKER:SASL_SSL,\\\n    CONTROLLER:SASL_SSL,LOCAL:SASL_SSL')) },
    { name: 'a map without a listener that this node does not have', data: withTls(replaced(',LOCAL:SASL_SSL', '')) },
    { name: 'listeners without a login', data: withTls(replaced(/map=.*/, 'map=BROKER:SSL,CONTROLLER:SSL,LOCAL:SSL')) },
    { name: 'comments and blank lines', data: withTls(line('\n# by platform\nnum.io.threads=8')) },
    { name: 'spaces around "="', data: withTls((t) => t, replaced('ssl.keystore.location=', 'ssl.keystore.location = ')) },
    { name: 'cipher suites', data: withTls((t) => t, line('ssl.cipher.suites=TLS_AES_256_GCM_SHA384')) },
    { name: 'optional client certificates', data: withTls((t) => t, replaced('auth=required', 'auth=requested')) },
    { name: 'no type of a store, which is JKS then', data: withTls((t) => t, replaced('ssl.keystore.type=JKS\n', '')) },
    { name: 'checked host names', data: withTls((t) => t, replaced('algorithm=', 'algorithm=https')) },
    {
      name: 'the stores in the main file',
      data: without(SSL, { ...AS_WRITTEN, [MAIN]: `${AS_WRITTEN[MAIN]}${AS_WRITTEN[SSL]}` }),
    },
    {
      name: 'another login of the client',
      data: { ...AS_WRITTEN, [CLIENT]: AS_WRITTEN[CLIENT]?.replace('PLAIN', 'SCRAM-SHA-512') ?? '' },
    },
    { name: 'no client file', data: without(CLIENT, AS_WRITTEN) },
  ];
  for (const { name, data } of cases) {
    test(name, () => {
      assert.deepEqual(configData(untyped(ON), 'combined', 'hush', data), data);
      assert.deepEqual(configData(untyped(ON), 'combined', undefined, data), data);
    });
  }
});

const MAPS: readonly (readonly [name: string, main: string, on: string, off: string])[] = [
  [
    "KubeDB's listener of Cruise Control",
    'listener.security.protocol.map=BROKER:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,LOCAL:SASL_PLAINTEXT,CC:SASL_PLAINTEXT\n',
    'BROKER:SASL_SSL,CONTROLLER:SASL_SSL,LOCAL:SASL_SSL,CC:SASL_SSL',
    'BROKER:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,LOCAL:SASL_PLAINTEXT,CC:SASL_PLAINTEXT',
  ],
  [
    'a listener without a login',
    'listener.security.protocol.map=METRICS:PLAINTEXT,BROKER:SASL_PLAINTEXT\n',
    'METRICS:SSL,BROKER:SASL_SSL',
    'METRICS:PLAINTEXT,BROKER:SASL_PLAINTEXT',
  ],
  [
    'a listener with separate key stores',
    'listener.name.ext.ssl.keystore.location=/ext.jks\nlistener.security.protocol.map=BROKER:SASL_PLAINTEXT,EXT:SSL\n',
    'BROKER:SASL_SSL,EXT:SSL',
    'BROKER:SASL_PLAINTEXT,EXT:SSL',
  ],
  [
    'a listener that the map has lost, without which no broker starts',
    'listeners=BROKER://:9092,CC://:9094\nlistener.security.protocol.map=BROKER:SASL_PLAINTEXT\n',
    'BROKER:SASL_SSL,CC:SASL_SSL',
    'BROKER:SASL_PLAINTEXT,CC:SASL_PLAINTEXT',
  ],
];
for (const [name, main, on, off] of MAPS) {
  test(`turns TLS on and off for ${name}`, () => {
    const secured = configData(untyped(ON), 'broker', 'hush', { [MAIN]: main });
    assert.equal(mapIn(secured), on);
    assert.equal(mapIn(configData(untyped(OFF), 'broker', undefined, secured)), off);
  });
}

test('keeps the login of the client file when TLS is turned on and off', () => {
  const client =
    '# by KubeDB\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-256\nsasl.jaas.config=Login \\\n  password="x";\n';
  const existing = { [MAIN]: 'listener.security.protocol.map=BROKER:SASL_PLAINTEXT\n', [CLIENT]: client };
  const on = configData(untyped(ON), 'broker', 'hush', existing);
  const settings = readProperties(on[CLIENT] ?? '');
  assert.deepEqual(
    [...settings],
    [
      ['security.protocol', 'SASL_SSL'],
      ['sasl.mechanism', 'SCRAM-SHA-256'],
      ['sasl.jaas.config', 'Login password="x";'],
      ['ssl.truststore.location', '/var/private/ssl/server.truststore.jks'],
      ['ssl.truststore.password', 'hush'],
    ],
  );
  assert.deepEqual(configData(untyped(OFF), 'broker', undefined, on), existing);
});

test('writes a new password where the stores are configured, and changes nothing else', () => {
  const before = withTls(
    (t) => t,
    (t) => `# kept\n${t}`,
  );
  const after = configData(untyped(ON), 'combined', 'other', before);
  assert.equal(after[SSL], before[SSL]?.replaceAll('hush', 'other'));
  assert.equal(after[MAIN], before[MAIN]);
});
