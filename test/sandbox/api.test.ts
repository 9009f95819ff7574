/** What the sandbox's API does beyond the contract with a real server: options for tests, KubeDB's and cert-manager's webhooks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ApiOptions, createApi } from '#reconciler/sandbox/api/api';
import { WATCH_TIMEOUT } from '#reconciler/sandbox/api/watch';
import { APPLY, type Client, inProcess, type Json, MERGE } from './contract/client';

const NOW = new Date('2026-11-23T09:00:00Z');
const KAFKAS = '/apis/kubedb.com/v1/namespaces/default/kafkas';
const REQUESTS = '/apis/ops.kubedb.com/v1alpha1/namespaces/default/kafkaopsrequests';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

const client = (options: Partial<ApiOptions> = {}): Client => inProcess(createApi({ now: () => NOW, ...options }));
const issuerRef = { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' };
const kafka = (spec: Json = {}): Json => ({
  apiVersion: 'kubedb.com/v1',
  kind: 'Kafka',
  metadata: { name: 'orders' },
  spec: { version: '4.2.0', ...spec },
});
const topology = { controller: { replicas: 3 }, broker: { replicas: 3 } };

async function collected(events: AsyncIterable<Json>): Promise<readonly Json[]> {
  const all: Json[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('options', () => {
  test('a denied request is Forbidden in the words of RBAC, any other goes through', async () => {
    const { send } = client({ denied: [{ verb: 'list', resource: 'kafkas' }] });
    const { status, body } = await send('GET', KAFKAS);
    assert.deepEqual(
      [status, body.message],
      [
        403,
        'kafkas.kubedb.com is forbidden: User "sandbox-admin" cannot list resource "kafkas" in API group "kubedb.com" in the namespace "default"',
      ],
    );
    assert.equal((await send('GET', CONFIG_MAPS)).status, 200);
    const spec = { resourceAttributes: { verb: 'list', resource: 'kafkas', group: 'kubedb.com' } };
    assert.equal((await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec })).body.status.allowed, false);
  });

  test('what is denied of one object is allowed of others', async () => {
    const { send } = client({ denied: [{ verb: 'get', resource: 'configmaps', name: 'a' }] });
    const isAllowed = async (name: string) => {
      const spec = { resourceAttributes: { verb: 'get', resource: 'configmaps', name } };
      return (await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec })).body.status.allowed;
    };
    assert.deepEqual([(await send('GET', `${CONFIG_MAPS}/a`)).status, (await send('GET', `${CONFIG_MAPS}/b`)).status], [403, 404]);
    assert.deepEqual([await isAllowed('a'), await isAllowed('b')], [false, true]);
  });

  test('an apply of what is not there asks for the right to create an object of that name', async () => {
    const { send } = client({ denied: [{ verb: 'create', resource: 'configmaps', name: 'a' }] });
    const apply = (name: string) =>
      send('PATCH', `${CONFIG_MAPS}/${name}?fieldManager=m`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, APPLY);
    const { status, body } = await apply('a');
    assert.deepEqual([status, body.reason], [403, 'Forbidden']);
    assert.match(body.message, /configmaps "a" is forbidden: User "sandbox-admin" cannot create resource "configmaps"/);
    assert.equal((await send('GET', `${CONFIG_MAPS}/a`)).status, 404);
    assert.equal((await apply('b')).status, 201);
    // Whoever POSTs does not say the name where rules look for it.
    assert.equal((await send('POST', CONFIG_MAPS, { metadata: { name: 'a' } })).status, 201);
    assert.equal((await apply('a')).status, 200, 'what is there is patched');
  });

  test('a kind that is not installed is not found and not discovered', async () => {
    const { send } = client({ notInstalled: ['certificates.cert-manager.io'] });
    assert.equal((await send('GET', '/apis/cert-manager.io/v1/certificates')).body, '404 page not found\n');
    const { body } = await send('GET', '/apis/cert-manager.io/v1');
    assert.deepEqual(
      body.resources.map((r: Json) => r.name).filter((name: string) => name.startsWith('certificates')),
      [],
    );
  });

  test('a watch from before what is remembered is told that it is Expired', async () => {
    const { send, watch } = client({ historyLimit: 2 });
    const one = await send('POST', CONFIG_MAPS, { metadata: { name: 'a' } });
    for (const value of '12345678') await send('PATCH', `${CONFIG_MAPS}/a`, { data: { value } }, MERGE);
    const events = watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${one.body.metadata.resourceVersion}`, new AbortController().signal);
    const [first] = await collected(events);
    assert.deepEqual([first.type, first.object.code, first.object.reason], ['ERROR', 410, 'Expired']);
  });

  test('a watch whose time is over ends with a bookmark', async () => {
    const { send, watch } = client();
    const list = await send('GET', CONFIG_MAPS);
    const ending = new AbortController();
    ending.abort(WATCH_TIMEOUT);
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${list.body.metadata.resourceVersion}`;
    const [last] = await collected(watch(`${CONFIG_MAPS}?${query}`, ending.signal));
    assert.deepEqual([last.type, last.object.metadata.resourceVersion], ['BOOKMARK', list.body.metadata.resourceVersion]);
  });

  test('equal requests give equal answers, uids and versions too', async () => {
    const run = async () => (await client().send('POST', KAFKAS, kafka({ topology }))).body;
    assert.deepEqual(await run(), await run());
  });

  test('a namespace goes with all that is in it', async () => {
    const { send } = client();
    await send('POST', '/api/v1/namespaces', { metadata: { name: 'demo' } });
    await send('POST', '/api/v1/namespaces/demo/configmaps', { metadata: { name: 'a' } });
    await send('DELETE', '/api/v1/namespaces/demo');
    await Promise.resolve();
    await Promise.resolve();
    assert.equal((await send('GET', '/api/v1/namespaces/demo')).status, 404);
    assert.equal((await send('GET', '/api/v1/namespaces/demo/configmaps/a')).status, 404);
  });

  test('a body that is no JSON is a BadRequest', async () => {
    const api = createApi({ now: () => NOW });
    const { status } = await api.handle({ method: 'POST', path: CONFIG_MAPS, headers: {}, body: '{' });
    assert.equal(status, 400);
  });
});

describe("KubeDB's webhooks for Kafka", () => {
  test('complete what the user left out', async () => {
    const { body } = await client().send(
      'POST',
      KAFKAS,
      kafka({ topology: { controller: {}, broker: {} }, enableSSL: true, tls: { issuerRef } }),
    );
    const { spec } = body;
    assert.deepEqual(
      [spec.deletionPolicy, spec.storageType, spec.authSecret, spec.healthChecker],
      ['Delete', 'Durable', { apiGroup: '', kind: 'Secret', name: '' }, { periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 3 }],
    );
    assert.deepEqual([spec.topology.broker.replicas, spec.topology.broker.suffix], [1, 'broker']);
    assert.deepEqual(spec.tls.certificates, [
      { alias: 'server', secretName: 'orders-server-cert' },
      { alias: 'client', secretName: 'orders-client-cert' },
    ]);
    const [controller, broker] = [spec.topology.controller, spec.topology.broker].map((role) => role.podTemplate.spec.containers[0].env[0]);
    assert.match(controller.value, /^[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{11}w$/);
    assert.deepEqual(controller, broker);
  });

  test('leave the cluster id alone, unless its list is replaced', async () => {
    const { send } = client();
    const idOf = (o: Json) => o.body.spec.podTemplate.spec.containers[0].env[0].value;
    const first = idOf(await send('POST', KAFKAS, kafka({ replicas: 3 })));
    assert.equal(idOf(await send('PATCH', `${KAFKAS}/orders`, { spec: { replicas: 2 } }, MERGE)), first);
    const emptied = await send(
      'PATCH',
      `${KAFKAS}/orders`,
      { spec: { podTemplate: { spec: { containers: [{ name: 'kafka' }] } } } },
      MERGE,
    );
    assert.notEqual(idOf(emptied), first);
  });

  const refused = [
    { name: 'TLS without a tls', spec: { enableSSL: true }, field: 'spec.enableSSL' },
    { name: 'a tls without TLS', spec: { tls: { issuerRef } }, field: 'spec.enableSSL' },
    { name: 'an unknown version', spec: { version: '1.0.0' }, field: 'spec.version' },
    { name: 'replicas beside a topology', spec: { topology, replicas: 3 }, field: 'spec.replicas' },
    { name: 'storage beside a topology', spec: { topology, storage: {} }, field: 'spec.topology.broker' },
    { name: 'no replicas', spec: { replicas: 0 }, field: 'spec.replicas' },
    {
      name: 'no controllers',
      spec: { topology: { ...topology, controller: { replicas: 0 } } },
      field: 'spec.topology.controller.replicas',
    },
    {
      name: 'equal suffixes',
      spec: { topology: { controller: { suffix: 'a' }, broker: { suffix: 'a' } } },
      field: 'spec.topology',
    },
    {
      name: 'a cluster id in one role',
      spec: {
        topology: {
          ...topology,
          broker: { podTemplate: { spec: { containers: [{ name: 'kafka', env: [{ name: 'KAFKA_CLUSTER_ID', value: 'a' }] }] } } },
        },
      },
      field: 'spec.topology',
    },
    { name: 'a rack without a label', spec: { brokerRack: {} }, field: 'spec.brokerRack.topologyKey' },
    { name: 'halting ephemeral storage', spec: { storageType: 'Ephemeral', deletionPolicy: 'Halt' }, field: 'spec.deletionPolicy' },
    {
      name: 'a reserved volume',
      spec: { podTemplate: { spec: { volumes: [{ name: 'data' }] } } },
      field: 'spec.podTemplate.spec.volumes',
    },
  ];
  for (const { name, spec, field } of refused) {
    test(`refuse ${name}, naming ${field}`, async () => {
      const { status, body } = await client().send('POST', KAFKAS, kafka(spec));
      assert.deepEqual([status, body.details.causes[0].field], [422, field]);
      assert.match(body.message, /^admission webhook "\S+" denied the request: Kafka.kafka.kubedb.com "orders" is invalid: /);
    });
  }

  test('break over half a topology, as upstream', async () => {
    const { status, body } = await client().send('POST', KAFKAS, kafka({ topology: { broker: {} } }));
    assert.equal(status, 500);
    assert.match(body.message, /^admission webhook "\S+" denied the request: panic: /);
  });

  test('give durations back in the spelling of Go', async () => {
    const certificate = { alias: 'server', duration: '2160h', renewBefore: '90s' };
    const { body } = await client().send('POST', KAFKAS, kafka({ enableSSL: true, tls: { issuerRef, certificates: [certificate] } }));
    const [{ duration, renewBefore }] = body.spec.tls.certificates;
    assert.deepEqual([duration, renewBefore], ['2160h0m0s', '1m30s']);
  });

  test('cannot read days', async () => {
    const certificate = { alias: 'server', duration: '90d' };
    const { status } = await client().send('POST', KAFKAS, kafka({ enableSSL: true, tls: { issuerRef, certificates: [certificate] } }));
    assert.equal(status, 400);
  });

  test('make null of the group that an issuer does not have, which the schema refuses', async () => {
    const { apiGroup: _, ...noGroup } = issuerRef;
    const { status, body } = await client().send('POST', KAFKAS, kafka({ enableSSL: true, tls: { issuerRef: noGroup } }));
    assert.deepEqual([status, body.details.causes[0].field], [422, 'spec.tls.issuerRef.apiGroup']);
  });

  test('let every field change, spec.tls too', async () => {
    const { send } = client();
    await send('POST', KAFKAS, kafka());
    const { status } = await send('PATCH', `${KAFKAS}/orders`, { spec: { enableSSL: true, tls: { issuerRef } } }, MERGE);
    assert.equal(status, 200);
  });

  test('refuse to delete what must not terminate', async () => {
    const { send } = client();
    await send('POST', KAFKAS, kafka({ deletionPolicy: 'DoNotTerminate' }));
    assert.equal((await send('DELETE', `${KAFKAS}/orders`)).status, 422);
    assert.equal((await send('GET', `${KAFKAS}/orders`)).status, 200);
  });
});

describe("KubeDB's webhook for KafkaOpsRequest", () => {
  const request = (tls: Json, name = 'r'): Json => ({
    apiVersion: 'ops.kubedb.com/v1alpha1',
    kind: 'KafkaOpsRequest',
    metadata: { name },
    spec: { type: 'ReconfigureTLS', databaseRef: { name: 'orders' }, tls },
  });
  const withKafka = async (): Promise<Client> => {
    const made = client();
    await made.send('POST', KAFKAS, kafka());
    return made;
  };

  const refused: readonly { readonly name: string; readonly tls: Json }[] = [
    { name: 'no operation', tls: {} },
    { name: 'an operation that is switched off', tls: { remove: false, rotateCertificates: false } },
    { name: 'remove and rotate', tls: { remove: true, rotateCertificates: true } },
    { name: 'rotate and another issuer', tls: { rotateCertificates: true, issuerRef } },
    { name: 'remove and an empty list of certificates', tls: { remove: true, certificates: [] } },
  ];
  for (const { name, tls } of refused) {
    test(`refuses ${name}`, async () => {
      const { status, body } = await (await withKafka()).send('POST', REQUESTS, request(tls));
      assert.deepEqual([status, body.details.causes[0].field], [422, 'spec.tls']);
    });
  }

  test('refuses a request for a Kafka that is not there', async () => {
    const { status, body } = await client().send('POST', REQUESTS, request({ remove: true }));
    assert.equal(status, 403);
    assert.match(body.message, /denied the request: spec\.databaseRef: .* not found/);
  });

  test('refuses any change of the spec, of finished requests too', async () => {
    const { send } = await withKafka();
    await send('POST', REQUESTS, request({ remove: true }));
    await send('PATCH', `${REQUESTS}/r/status`, { status: { phase: 'Successful' } }, MERGE);
    const { status, body } = await send('PATCH', `${REQUESTS}/r`, { spec: { timeout: '1m' } }, MERGE);
    assert.equal(status, 403);
    assert.match(body.message, /denied the request: spec is immutable/);
  });

  const at = '2026-11-23T09:00:00Z';
  for (const { phase, remain } of [
    { phase: 'Progressing', remain: ['Ready', 'Paused'] },
    { phase: 'Successful', remain: ['Ready'] },
    { phase: 'Failed', remain: ['Ready'] },
    { phase: 'Skipped', remain: ['Ready', 'Paused'] },
  ]) {
    test(`leaves the conditions ${remain.join(' and ')} when a request becomes ${phase}`, async () => {
      const { send } = await withKafka();
      const conditions = ['Ready', 'Paused'].map((type) => ({ type, status: 'True', lastTransitionTime: at }));
      await send('PATCH', `${KAFKAS}/orders/status`, { status: { conditions } }, MERGE);
      await send('POST', REQUESTS, request({ remove: true }));
      await send('PATCH', `${REQUESTS}/r/status`, { status: { phase } }, MERGE);
      const { body } = await send('GET', `${KAFKAS}/orders`);
      assert.deepEqual(
        body.status.conditions.map((c: Json) => c.type),
        remain,
      );
    });
  }
});

describe("cert-manager's webhook", () => {
  const spec = { secretName: 's', commonName: 'a', issuerRef: { name: 'i' } };
  const cases: readonly { readonly name: string; readonly change: Json; readonly says: RegExp }[] = [
    { name: 'a common name of 65 characters', change: { commonName: 'x'.repeat(65) }, says: /spec.commonName: .* 64/ },
    { name: 'a certificate for nobody', change: { commonName: undefined }, says: /at least one of commonName, dnsNames/ },
    { name: 'half an hour', change: { duration: '30m' }, says: /spec.duration: .*1h0m0s/ },
    { name: 'days', change: { duration: '90d' }, says: /spec.duration: Invalid value: "90d"/ },
    { name: 'a renewal before the beginning', change: { duration: '2h', renewBefore: '2h' }, says: /spec.renewBefore/ },
    { name: 'an address that is none', change: { ipAddresses: ['10.0.0.256'] }, says: /spec.ipAddresses\[0\]/ },
    { name: 'a mail address with a name', change: { emailAddresses: ['A <a@b.c>'] }, says: /spec.emailAddresses\[0\]/ },
    { name: 'a short RSA key', change: { privateKey: { size: 1024 } }, says: /between 2048 and 8192/ },
    { name: 'a keystore without a password', change: { keystores: { jks: { create: true } } }, says: /spec.keystores.jks/ },
    { name: 'a kind of issuer that is none', change: { issuerRef: { name: 'i', kind: 'Isuer' } }, says: /spec.issuerRef.kind/ },
  ];
  for (const { name, change, says } of cases) {
    test(`refuses ${name}`, async () => {
      const { status, body } = await client().send('POST', '/apis/cert-manager.io/v1/namespaces/default/certificates', {
        apiVersion: 'cert-manager.io/v1',
        kind: 'Certificate',
        metadata: { name: 'c' },
        spec: { ...spec, ...change },
      });
      assert.equal(status, 403);
      assert.match(body.message, says);
    });
  }

  test('refuses an issuer with no type or two', async () => {
    const { send } = client();
    const issuers = '/apis/cert-manager.io/v1/namespaces/default/issuers';
    const issuer = (spec: Json) => ({ apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata: { name: 'i' }, spec });
    const none = await send('POST', issuers, issuer({}));
    const two = await send('POST', issuers, issuer({ selfSigned: {}, ca: { secretName: 's' } }));
    assert.deepEqual([none.status, two.status], [403, 403]);
  });
});
