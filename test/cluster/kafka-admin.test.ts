import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { KINDS, type KubeObject, type ObjectRef } from '#model/kube-object';
import { kafkaAdmin } from '#reconciler/cluster/kafka-admin';
import { systemClock } from '#reconciler/cluster/system-clock';
import { type BrokerScript, ScriptedBroker } from '#test/support/scripted-broker';

const LOGIN = { username: 'admin', password: 'pa$$word-of-orders' };
const ALTER_CONFIGS = 1 << 11;
const [INVALID_REQUEST, CLUSTER_AUTHORIZATION_FAILED, NOT_CONTROLLER] = [42, 31, 41];
const listening: ScriptedBroker[] = [];
after(() => {
  for (const node of listening) node.close();
});

const object = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, name: string, fields: object): KubeObject => {
  return { apiVersion, kind, metadata: { name, namespace: 'demo' }, ...fields };
};
const KAFKA = object(KINDS.Kafka, 'orders', { spec: { topology: { controller: { replicas: 2 }, broker: { replicas: 1 } } } });

/** Starts these nodes, by the names of their pods, and returns an administrator of them. */
async function nodes(scripts: Readonly<Record<string, BrokerScript>>) {
  const started = new Map<string, ScriptedBroker>();
  for (const [name, script] of Object.entries(scripts)) {
    const node = await ScriptedBroker.listen({ login: LOGIN, cluster: { controllerId: 1001, rights: ALTER_CONFIGS }, ...script });
    started.set(name, node);
    listening.push(node);
  }
  const data = Object.fromEntries(Object.entries(LOGIN).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  const admin = kafkaAdmin(
    {
      list: async () => [...started.keys()].map((name) => object(KINDS.Pod, name, { spec: {}, status: { phase: 'Running' } })),
      get: async ({ name }: ObjectRef) => (name === 'orders-auth' ? object(KINDS.Secret, name, { data }) : undefined),
    },
    { clock: systemClock, addressOf: ({ metadata }) => ({ host: '127.0.0.1', port: started.get(metadata.name)?.port ?? 1 }) },
  );
  const alterations = (name: string) => started.get(name)?.alterations;
  return { admin, alterations, node: (pod: string) => ({ kafka: KAFKA, pod }) };
}

const BROKER = 'orders-broker-0';
const [FOLLOWER, ACTIVE] = ['orders-controller-0', 'orders-controller-1'];
const RELOAD = { settings: [{ name: 'kafka.tls.reload', value: null }], validateOnly: false };

test('settings are those that decide, and no others', async () => {
  const known = { 'ssl.keystore.location': '/a', 'num.network.threads': '3', 'listener.name.controller.ssl.client.auth': 'none' };
  const { admin, node } = await nodes({
    [BROKER]: { configs: { '4/0': { ...known, 'log.dirs': '/b', 'ssl.keystore.password': 'secret' } } },
  });
  assert.deepEqual(await admin.settings(node(BROKER)), { value: known });
});

test('a user without the right to alter settings is reported', async () => {
  const { admin, node } = await nodes({ [BROKER]: { cluster: { controllerId: 0, rights: 1 << 10 } } });
  assert.deepEqual(await admin.settings(node(BROKER)), {
    unknown: 'its user may not alter configurations (operation AlterConfigs of the cluster)',
  });
});

test('a node that does not answer, or is none of the Kafka, is a reason and no error', async () => {
  const { admin, node } = await nodes({});
  assert.deepEqual(await admin.settings(node('orders-broker-7')), { unknown: 'the Kafka has no such node' });
  assert.deepEqual(await admin.validate(node(BROKER), {}), { kind: 'unknown', because: 'orders-broker-0 does not exist' });
});

test('a broker judges settings without changing any, and gives its reason', async () => {
  const text =
    'Invalid value org.apache.kafka.common.config.ConfigException: Failed to load SSL keystore /a for configuration Invalid dynamic configuration';
  const accepting = await nodes({ [BROKER]: {} });
  assert.deepEqual(await accepting.admin.validate(accepting.node(BROKER), { a: 'b' }), { kind: 'accepted' });
  assert.deepEqual(accepting.alterations(BROKER), [{ node: '0', settings: [{ name: 'a', value: 'b' }], validateOnly: true }]);
  const refusing = await nodes({ [BROKER]: { refusal: { error: INVALID_REQUEST, text } } });
  assert.deepEqual(await refusing.admin.validate(refusing.node(BROKER), { a: 'b' }), {
    kind: 'refused',
    because: 'Failed to load SSL keystore /a',
  });
  const forbidding = await nodes({ [BROKER]: { refusal: { error: CLUSTER_AUTHORIZATION_FAILED, text: LOGIN.password } } });
  assert.deepEqual(await forbidding.admin.validate(forbidding.node(BROKER), { a: 'b' }), {
    kind: 'unknown',
    because: 'it answers CLUSTER_AUTHORIZATION_FAILED',
  });
});

test('a broker is asked to load its key stores by itself, a controller by the active one', async () => {
  const { admin, node, alterations } = await nodes({ [BROKER]: {}, [FOLLOWER]: {}, [ACTIVE]: {} });
  for (const pod of [BROKER, FOLLOWER, ACTIVE]) assert.equal(await admin.reload(node(pod)), undefined);
  assert.deepEqual(alterations(BROKER), [{ node: '0', ...RELOAD }]);
  assert.deepEqual(alterations(FOLLOWER), []);
  assert.deepEqual(alterations(ACTIVE), [
    { node: '1000', ...RELOAD },
    { node: '1001', ...RELOAD },
  ]);
});

test('a controller cannot be asked while none is active', async () => {
  const none = await nodes({ [FOLLOWER]: { cluster: { controllerId: -1, rights: ALTER_CONFIGS } } });
  assert.equal(await none.admin.reload(none.node(FOLLOWER)), 'no controller is active');
  const former = await nodes({ [FOLLOWER]: {}, [ACTIVE]: { refusal: { error: NOT_CONTROLLER, text: 'another one' } } });
  assert.equal(await former.admin.reload(former.node(FOLLOWER)), 'it answers NOT_CONTROLLER');
});
