/**
 * The sandbox's API beyond the contract with a real server: options for tests, and the webhooks of KubeDB and cert-manager. `test/admission`
 * compares KubeDB's webhooks with KubeDB's own answers; here are the rules that it cannot ask for.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ApiOptions, createApi } from '#reconciler/sandbox/api/api';
import { WATCH_TIMEOUT } from '#reconciler/sandbox/api/watch';
import { accepted, refused } from '../model/certificate-cases';
import { certificate } from '../model/manifest-cases';
import { APPLY, type Client, inProcess, type Json, MERGE } from './contract/client';

const NOW = new Date('2026-11-23T09:00:00Z');
const KAFKAS = '/apis/kubedb.com/v1/namespaces/default/kafkas';
const CERTIFICATES = '/apis/cert-manager.io/v1/namespaces/default/certificates';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

const client = (options: Partial<ApiOptions> = {}): Client => inProcess(createApi({ now: () => NOW, ...options }));
const kafka = (spec: Json = {}): Json => ({
  apiVersion: 'kubedb.com/v1',
  kind: 'Kafka',
  metadata: { name: 'orders' },
  spec: { version: '4.2.0', ...spec },
});

async function collected(events: AsyncIterable<Json>): Promise<readonly Json[]> {
  const all: Json[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('options', () => {
  const isAllowed = async ({ send }: Client, resourceAttributes: Json) =>
    (await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec: { resourceAttributes } })).body.status.allowed;

  test('a denied request is Forbidden in the words of RBAC, and every other one is allowed', async () => {
    const denying = client({ denied: [{ verb: 'list', resource: 'kafkas' }] });
    const { status, body } = await denying.send('GET', KAFKAS);
    const who = 'kafkas.kubedb.com is forbidden: User "sandbox-admin"';
    const what = 'cannot list resource "kafkas" in API group "kubedb.com" in the namespace "default"';
    assert.deepEqual([status, body.message], [403, `${who} ${what}`]);
    assert.equal((await denying.send('GET', CONFIG_MAPS)).status, 200);
    assert.equal(await isAllowed(denying, { verb: 'list', resource: 'kafkas', group: 'kubedb.com' }), false);
  });

  test('a denial of one object leaves the others allowed', async () => {
    const denying = client({ denied: [{ verb: 'get', resource: 'configmaps', name: 'a' }] });
    const statusOf = async (name: string) => (await denying.send('GET', `${CONFIG_MAPS}/${name}`)).status;
    assert.deepEqual([await statusOf('a'), await statusOf('b')], [403, 404]);
    const review = (name: string) => isAllowed(denying, { verb: 'get', resource: 'configmaps', name });
    assert.deepEqual([await review('a'), await review('b')], [false, true]);
  });

  test('an apply of an absent object needs the right to create an object of that name', async () => {
    const { send } = client({ denied: [{ verb: 'create', resource: 'configmaps', name: 'a' }] });
    const apply = (name: string) =>
      send('PATCH', `${CONFIG_MAPS}/${name}?fieldManager=m`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, APPLY);
    const { status, body } = await apply('a');
    assert.deepEqual([status, body.reason], [403, 'Forbidden']);
    assert.match(body.message, /configmaps "a" is forbidden: User "sandbox-admin" cannot create resource "configmaps"/);
    assert.equal((await send('GET', `${CONFIG_MAPS}/a`)).status, 404);
    assert.equal((await apply('b')).status, 201);
    // A POST does not have the name in its URL, where RBAC looks for it.
    assert.equal((await send('POST', CONFIG_MAPS, { metadata: { name: 'a' } })).status, 201);
    assert.equal((await apply('a')).status, 200, 'a present object is patched');
  });

  test('a kind that is not installed is not found and not discovered', async () => {
    const { send } = client({ notInstalled: ['certificates.cert-manager.io'] });
    assert.equal((await send('GET', CERTIFICATES)).body, '404 page not found\n');
    const { body } = await send('GET', '/apis/cert-manager.io/v1');
    const names: readonly string[] = body.resources.map((r: Json) => r.name);
    assert.ok(names.includes('issuers') && !names.includes('certificates'));
  });

  test('a watch from before the remembered changes is Expired', async () => {
    const { send, watch } = client({ historyLimit: 2 });
    const one = await send('POST', CONFIG_MAPS, { metadata: { name: 'a' } });
    for (const value of '12345678') await send('PATCH', `${CONFIG_MAPS}/a`, { data: { value } }, MERGE);
    const events = watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${one.body.metadata.resourceVersion}`, new AbortController().signal);
    const [first] = await collected(events);
    assert.deepEqual([first.type, first.object.code, first.object.reason], ['ERROR', 410, 'Expired']);
  });

  test('a watch ends with a bookmark when its time is over', async () => {
    const { send, watch } = client();
    const { resourceVersion } = (await send('GET', CONFIG_MAPS)).body.metadata;
    const signal = AbortSignal.abort(WATCH_TIMEOUT);
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`;
    const [last] = await collected(watch(`${CONFIG_MAPS}?${query}`, signal));
    assert.deepEqual([last.type, last.object.metadata.resourceVersion], ['BOOKMARK', resourceVersion]);
  });

  test('equal requests give equal answers, uids and versions too', async () => {
    const run = async () => (await client().send('POST', KAFKAS, kafka({ replicas: 3 }))).body;
    assert.deepEqual(await run(), await run());
  });

  test('a Job is created with a warning that none runs', async () => {
    const jobs = '/apis/batch/v1/namespaces/default/jobs';
    const { status, warning } = await client().send('POST', jobs, { metadata: { name: 'kafka-tls-orders' } });
    assert.equal(status, 201);
    assert.match(warning ?? '', /the sandbox runs no Jobs: run \\"kafka-tls apply --config-map\\" instead of Job kafka-tls-orders/);
  });

  test('a namespace is deleted with all of its objects', async () => {
    const { send } = client();
    await send('POST', '/api/v1/namespaces', { metadata: { name: 'demo' } });
    await send('POST', '/api/v1/namespaces/demo/configmaps', { metadata: { name: 'a' } });
    await send('DELETE', '/api/v1/namespaces/demo');
    await Promise.resolve();
    await Promise.resolve();
    assert.equal((await send('GET', '/api/v1/namespaces/demo')).status, 404);
    assert.equal((await send('GET', '/api/v1/namespaces/demo/configmaps/a')).status, 404);
  });

  const malformed = [
    { name: 'no JSON', body: '{' },
    { name: 'metadata of the wrong type', body: '{"metadata":{"name":"a","labels":{"a":1}}}' },
  ];
  for (const { name, body } of malformed) {
    test(`a body with ${name} is a BadRequest`, async () => {
      const { status } = await createApi({ now: () => NOW }).handle({ method: 'POST', path: CONFIG_MAPS, headers: {}, body });
      assert.equal(status, 400);
    });
  }
});

describe("KubeDB's webhooks", () => {
  test('pin a cluster id once, and again after the list of containers was replaced', async () => {
    const { send } = client();
    const idOf = (o: Json) => o.body.spec.podTemplate.spec.containers[0].env[0].value;
    const patch = (spec: Json) => send('PATCH', `${KAFKAS}/orders`, { spec }, MERGE);
    const first = idOf(await send('POST', KAFKAS, kafka({ replicas: 3 })));
    assert.match(first, /^[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{11}w$/);
    assert.equal(idOf(await patch({ replicas: 2 })), first);
    assert.notEqual(idOf(await patch({ podTemplate: { spec: { containers: [{ name: 'kafka' }] } } })), first);
  });

  test('refuse with the name of the webhook, the object and the fields', async () => {
    const { body } = await client().send('POST', KAFKAS, kafka({ enableSSL: true }));
    const problem = 'Kafka.kubedb.com "orders" is invalid: spec.enableSSL: Invalid value: true: must not be true without tls';
    assert.ok(body.message.startsWith(`admission webhook "kafkas.webhooks.kubedb.com" denied the request: ${problem}`), body.message);
  });

  test('refuse a change of a finished KafkaOpsRequest', async () => {
    const { send } = client();
    const requests = '/apis/ops.kubedb.com/v1alpha1/namespaces/default/kafkaopsrequests';
    const spec = { type: 'ReconfigureTLS', databaseRef: { name: 'orders' }, tls: { remove: true } };
    await send('POST', KAFKAS, kafka());
    await send('POST', requests, { apiVersion: 'ops.kubedb.com/v1alpha1', kind: 'KafkaOpsRequest', metadata: { name: 'r' }, spec });
    await send('PATCH', `${requests}/r/status`, { status: { phase: 'Successful' } }, MERGE);
    const { status, body } = await send('PATCH', `${requests}/r`, { spec: { timeout: '1m' } }, MERGE);
    assert.equal(status, 403);
    assert.match(body.message, /denied the request: spec is immutable/);
  });
});

describe("cert-manager's webhook", () => {
  const refusal = async (spec: object): Promise<string | undefined> => {
    const { status, body } = await client().send('POST', `${CERTIFICATES}?fieldValidation=Strict`, {
      ...certificate(spec),
      metadata: { name: 'c' },
    });
    return status < 300 ? undefined : body.message;
  };

  /** Cases in which the sandbox and cert-manager differ: the sandbox checks only fields that manifests of this project have. */
  const DIFFERENT = [
    'an empty literal subject',
    'a label with a space',
    'name constraints that say nothing',
    'another name without an identifier',
    'another name that is empty',
  ];
  for (const { name, spec, isAdmitted } of [...refused, ...accepted.map((a) => ({ ...a, isAdmitted: 'it is valid' }))]) {
    const isAccepted = (isAdmitted !== undefined) !== DIFFERENT.includes(name);
    test(`${isAccepted ? 'accepts' : 'refuses'} ${name}`, async () => {
      const message = await refusal(spec);
      assert.equal(message === undefined, isAccepted, message);
    });
  }

  const problems = [
    { name: 'no name at all', spec: { commonName: undefined }, says: /at least one of commonName, dnsNames/ },
    { name: 'half an hour', spec: { duration: '30m' }, says: /spec.duration: .*1h0m0s/ },
    { name: 'days', spec: { duration: '90d' }, says: /spec.duration: Invalid value: "90d"/ },
    { name: 'a renewal before the lifetime begins', spec: { duration: '2h', renewBefore: '2h' }, says: /spec.renewBefore/ },
    { name: 'an invalid address', spec: { ipAddresses: ['10.0.0.256'] }, says: /spec.ipAddresses\[0\]/ },
    { name: 'a mail address with a name', spec: { emailAddresses: ['A <a@b.c>'] }, says: /spec.emailAddresses\[0\]/ },
    { name: 'an unknown kind of issuer', spec: { issuerRef: { name: 'i', kind: 'Isuer' } }, says: /spec.issuerRef.kind/ },
  ];
  for (const { name, spec, says } of problems)
    test(`refuses ${name}, with the field`, async () => assert.match((await refusal(spec)) ?? 'accepted', says));

  test('refuses an issuer with no type or two', async () => {
    const { send } = client();
    const issuers = '/apis/cert-manager.io/v1/namespaces/default/issuers';
    const issuer = (spec: Json) => ({ apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata: { name: 'i' }, spec });
    const none = await send('POST', issuers, issuer({}));
    const two = await send('POST', issuers, issuer({ selfSigned: {}, ca: { secretName: 's' } }));
    assert.deepEqual([none.status, two.status], [403, 403]);
  });
});
