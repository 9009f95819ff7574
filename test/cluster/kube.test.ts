import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { credentialError } from '#reconciler/cluster/credentials/source';
import type { TransportResponse } from '#reconciler/cluster/http';
import { kubeCluster } from '#reconciler/cluster/kube';
import { ClusterError, InvalidInputError } from '#reconciler/errors';
import type { Cluster } from '#reconciler/ports';
import { FakeClock } from '../support/fake-clock';
import { broken, failure, json, type Reply, scripted } from '../support/transports';

const KAFKA = ref(KINDS.Kafka, 'demo', 'orders');
const POD = ref(KINDS.Pod, 'demo', 'orders-broker-0');
const kafka: KubeObject = {
  apiVersion: KAFKA.apiVersion,
  kind: 'Kafka',
  metadata: { name: 'orders', namespace: 'demo' },
  spec: { future: { field: 1 } },
};
const issuer: KubeObject = { apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata: { name: 'ca', namespace: 'demo' }, spec: {} };

function clusterWith(script: Parameters<typeof scripted>[0]) {
  const clock = new FakeClock();
  const transport = scripted(script);
  return { clock, transport, cluster: kubeCluster(transport, clock) };
}

type Ask = (cluster: Cluster) => Promise<unknown>;

interface ErrorCase {
  readonly name: string;
  /** @default - get of the Kafka */
  readonly ask?: Ask;
  readonly reply: Reply;
  readonly message: RegExp;
  readonly hint?: RegExp;
  readonly type?: typeof ClusterError | typeof InvalidInputError;
  readonly status?: number;
  readonly reason?: string;
}

const getKafka: Ask = (c) => c.get(KAFKA);
const createKafka: Ask = (c) => c.create(kafka);
const listPods: Ask = (c) => c.list(KINDS.Pod, { namespace: 'demo' });
const body = (status: number, text: string, headers = {}): Reply => ({ status, headers, body: text });
const cause = (reason: string, message: string, field?: string) => ({ reason, message, ...(field === undefined ? {} : { field }) });
const forbidden = (verb: string, resource: string) =>
  failure(
    403,
    'Forbidden',
    `${resource} is forbidden: User "system:serviceaccount:demo:kafka-tls" cannot ${verb} resource "${resource}" in the namespace "demo"`,
  );

const errors: readonly ErrorCase[] = [
  {
    name: '401 asks for a new login',
    reply: failure(401, 'Unauthorized', 'Unauthorized'),
    message: /^Kafka\/demo\/orders: the API server does not accept these credentials\.$/,
    hint: /Log in again/,
  },
  {
    name: '403 names the missing verb, resource and namespace',
    reply: forbidden('get', 'kafkas'),
    message: /^Kafka\/demo\/orders: may not get kafkas\.kubedb\.com in namespace demo: 403 Forbidden: .*serviceaccount:demo:kafka-tls/,
    hint: /a Role of namespace demo with the rule \{apiGroups: \["kubedb\.com"\], resources: \["kafkas"\], verbs: \["get"\]\}/,
  },
  {
    name: '403 on a list begins with the kind',
    ask: (c) => c.list(KINDS.Certificate, { namespace: 'demo' }),
    reply: forbidden('list', 'certificates'),
    message: /^Certificate\/demo: may not list certificates\.cert-manager\.io in namespace demo/,
  },
  {
    name: '403 on a status names the subresource',
    ask: (c) => c.replace(kafka, { status: true }),
    reply: forbidden('update', 'kafkas/status'),
    message: /may not update kafkas\/status\.kubedb\.com/,
    hint: /resources: \["kafkas\/status"\]/,
  },
  {
    name: '403 on an eviction names create on pods/eviction',
    ask: (c) => c.evict(POD, 'u1'),
    reply: forbidden('create', 'pods/eviction'),
    message: /may not create pods\/eviction in namespace demo/,
    hint: /apiGroups: \[""\], resources: \["pods\/eviction"\], verbs: \["create"\]/,
  },
  {
    name: '403 on a cluster-wide resource asks for a ClusterRole',
    ask: (c) => c.get(ref(KINDS.ClusterIssuer, undefined, 'corp-ca')),
    reply: failure(403, 'Forbidden', 'clusterissuers is forbidden: User "x" cannot get resource "clusterissuers" at the cluster scope'),
    message: /^ClusterIssuer\/corp-ca: may not get clusterissuers\.cert-manager\.io in the whole cluster/,
    hint: /a ClusterRole/,
  },
  {
    name: '403 of an admission webhook is invalid input, not a missing right',
    ask: createKafka,
    reply: failure(403, 'Forbidden', 'admission webhook "kafka.kubedb.com" denied the request: spec.version is not supported.'),
    message:
      /^Kafka\/demo\/orders: create was refused: 403 Forbidden: admission webhook "kafka\.kubedb\.com" denied the request: spec\.version is not supported\.$/,
    type: InvalidInputError,
  },
  {
    name: '403 over a quota is neither',
    ask: createKafka,
    reply: failure(403, 'Forbidden', 'exceeded quota: small'),
    message: /create failed: 403 Forbidden: exceeded quota: small\.$/,
  },
  {
    name: '404 of a resource type names the operator to install',
    reply: body(404, '404 page not found\n'),
    message: /^Kafka\/demo\/orders: kafkas\.kubedb\.com \(kubedb\.com\/v1\) is not installed in this cluster\.$/,
    hint: /Install KubeDB \(kubedb-provisioner\)\./,
    reason: 'NotInstalled',
  },
  {
    name: '404 of a list is a missing resource type, too',
    ask: (c) => c.list(KINDS.Issuer, { namespace: 'demo' }),
    reply: failure(404, 'NotFound', 'the server could not find the requested resource', {}),
    message: /^Issuer\/demo: issuers\.cert-manager\.io/,
    hint: /Install cert-manager\./,
  },
  {
    name: '409 of field ownership names the manager and the fields',
    ask: (c) => c.apply(issuer),
    reply: failure(409, 'Conflict', 'Apply failed with 1 conflict: conflict with "helm" using cert-manager.io/v1: .spec.ca', {
      name: 'ca',
      causes: [cause('FieldManagerConflict', 'conflict with "helm" using cert-manager.io/v1', '.spec.ca')],
    }),
    message: /^Issuer\/demo\/ca: spec\.ca belongs to field manager "helm": 409 Conflict\.$/,
    hint: /helm/,
  },
  {
    name: '409 of a stale resourceVersion is a conflict',
    ask: (c) => c.replace(kafka),
    reply: failure(409, 'Conflict', 'Operation cannot be fulfilled on kafkas.kubedb.com "orders"', { name: 'orders' }),
    message: /update failed: 409 Conflict/,
    status: 409,
    reason: 'Conflict',
  },
  {
    name: '409 of a create has its own reason',
    ask: createKafka,
    reply: failure(409, 'AlreadyExists', 'kafkas.kubedb.com "orders" already exists', { name: 'orders' }),
    message: /create failed: 409 AlreadyExists/,
    reason: 'AlreadyExists',
  },
  {
    name: '422 lists every field',
    ask: createKafka,
    reply: failure(422, 'Invalid', 'Kafka "orders" is invalid', {
      name: 'orders',
      causes: [
        cause('FieldValueRequired', 'Required value', 'spec.version'),
        cause('FieldValueInvalid', 'Invalid value: 0: must be positive', 'spec.replicas'),
      ],
    }),
    message:
      /^Kafka\/demo\/orders: create was refused: 422 Invalid:\nspec\.version: Required value\.\nspec\.replicas: Invalid value: 0: must be positive\.$/,
    type: InvalidInputError,
  },
  {
    name: '422 of a failed test is a conflict',
    ask: (c) => c.patch(KAFKA, [{ op: 'test', path: '/metadata/resourceVersion', value: '1' }]),
    reply: failure(422, 'Invalid', 'the server rejected our request due to an error in our request', { name: 'orders' }),
    message: /^Kafka\/demo\/orders: patch failed: 422: another writer changed the object after it was read\.$/,
    status: 409,
    reason: 'Conflict',
  },
  {
    name: '500 is reported when the retries end',
    reply: failure(500, 'InternalError', 'etcd is down'),
    message: /get failed: 500 InternalError: etcd is down\.$/,
    status: 500,
  },
  {
    name: 'a proxy that forbids the request is not a missing right, and its page is quoted by its title',
    reply: body(403, '<!DOCTYPE html>\n<html><title>Blocked by policy</title>'),
    message: /get failed: 403 Forbidden: the answer is a web page with the title "Blocked by policy"\.$/,
    hint: /not of a proxy or login page\.$/,
  },
  {
    name: 'a redirect to a login is named by its host, without the token in its path',
    reply: body(302, '', { location: 'https://sso.example/login?token=secret' }),
    message: /get failed: 302 Unknown: the answer redirects to https:\/\/sso\.example\.$/,
    hint: /not of a proxy or login page\.$/,
  },
  {
    name: 'a proxy that answers in HTML is not quoted',
    reply: body(502, '<html>Bad Gateway\nmore'),
    message: /get failed: 502 Unknown: the answer is a web page\.$/,
  },
  { name: 'an answer that is not JSON is reported as such', reply: body(200, '<html>'), message: /not JSON/ },
  {
    name: 'a list without items is not an empty one',
    ask: listPods,
    reply: json(200, { metadata: {} }),
    message: /^Pod\/demo: the answer to list cannot be used: items: is missing; a list is expected\.$/,
    reason: 'Unusable',
  },
  {
    name: 'a list without metadata is an error of the list',
    ask: listPods,
    reply: json(200, { items: [] }),
    message: /^Pod\/demo: the answer to list cannot be used: metadata: is missing; a map is expected\.$/,
  },
  {
    name: 'an item of the wrong form is named',
    ask: listPods,
    reply: json(200, { metadata: {}, items: [{ metadata: { name: 'a', labels: null } }] }),
    message: /^Pod\/demo\/a: the answer to list cannot be used: metadata\.labels: is null; a map is expected\.$/,
  },
  {
    name: 'a Status in place of an object is refused',
    reply: json(200, { kind: 'Status', apiVersion: 'v1', status: 'Success' }),
    message: /^Kafka\/demo\/orders: the answer to get cannot be used: it is not an object of kubedb\.com\/v1\.$/,
    hint: /API server/,
  },
  {
    name: 'a member of the wrong type is named',
    reply: json(200, { ...kafka, status: { conditions: { type: 'Ready' } } }),
    message: /cannot be used: status\.conditions: is a map; a list is expected\.$/,
  },
  {
    name: 'values of a Secret are not repeated',
    ask: (c) => c.get(ref(KINDS.Secret, 'demo', 's')),
    reply: json(200, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: 'hunter2' }),
    message: /cannot be used: data: is something else; a map is expected\.$/,
  },
  {
    name: 'a Status of the wrong form is quoted like any text',
    reply: json(409, { kind: 'Status', message: { a: 1 }, details: { causes: [null] } }),
    message: /get failed: 409 Conflict: \{"kind":"Status","message":\{"a":1\},"details":\{"causes":\[null\]\}\}\.$/,
  },
  {
    name: 'an unusable key is one sentence',
    reply: broken('ERR_OSSL_PEM_NO_START_LINE', false),
    message: /^API server \S+: no request can be sent: a certificate, key or token cannot be used \(ERR_OSSL_PEM_NO_START_LINE\)\.$/,
    hint: /kubeconfig/,
  },
  {
    name: 'a refused connection is one sentence',
    reply: broken('ECONNREFUSED', false),
    message: /^API server https:\/\/api\.example:6443: cannot be reached: connection refused\.$/,
    status: 0,
  },
  { name: 'an unknown host is one sentence', reply: broken('ENOTFOUND', false), message: /cannot be reached: its name is not known\.$/ },
  {
    name: 'an untrusted certificate is one sentence',
    reply: broken('SELF_SIGNED_CERT_IN_CHAIN', false),
    message: /its certificate is not accepted/,
    hint: /certificate-authority-data/,
  },
  { name: 'a server that does not answer ends in time', reply: 'silence', message: /cannot be reached: no answer in time\.$/ },
];

for (const { name, ask = getKafka, reply, message, hint = /^/, type = ClusterError, status, reason } of errors) {
  test(name, async () => {
    const { clock, cluster } = clusterWith(() => reply);
    await assert.rejects(clock.run(ask(cluster)), (error) => {
      assert.ok(error instanceof type, String(error));
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      if (error instanceof ClusterError && status !== undefined) assert.equal(error.status, status);
      if (error instanceof ClusterError && reason !== undefined) assert.equal(error.reason, reason);
      return true;
    });
  });
}

test('an object that does not exist is undefined', async () => {
  const { cluster } = clusterWith(() =>
    failure(404, 'NotFound', 'kafkas.kubedb.com "orders" not found', { name: 'orders', group: 'kubedb.com', kind: 'kafkas' }),
  );
  assert.equal(await cluster.get(KAFKA), undefined);
});

test('unknown fields survive reading and writing', async () => {
  const { cluster, transport } = clusterWith((request) =>
    request.method === 'GET' ? json(200, kafka) : json(200, JSON.parse(request.body ?? '')),
  );
  const read = await cluster.get(KAFKA);
  assert.deepEqual(await cluster.replace(read ?? kafka), kafka);
  assert.deepEqual(JSON.parse(transport.requests[1]?.body ?? ''), kafka);
});

test('items of a list have kind and apiVersion even if the server leaves them out', async () => {
  const { cluster } = clusterWith(() =>
    json(200, { kind: 'PodList', metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'a', namespace: 'demo' } }] }),
  );
  assert.deepEqual(await cluster.list(KINDS.Pod, { namespace: 'demo' }), [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'demo' } },
  ]);
});

test('a name that leads elsewhere in a path is not requested', async () => {
  const { cluster, transport } = clusterWith(() => assert.fail('a request was sent'));
  for (const name of ['', '.', '..']) assert.equal(await cluster.get(ref(KINDS.Secret, 'demo', name)), undefined);
  assert.equal(transport.requests.length, 0);
});

test('every write names the field manager and asks for strict validation', async () => {
  const { cluster, transport } = clusterWith(() => json(200, kafka));
  await cluster.create(kafka);
  await cluster.apply(kafka, { dryRun: true });
  await cluster.apply(kafka, { force: true });
  await cluster.patch(KAFKA, [], { status: true });
  await cluster.replace(kafka, { status: true });
  const sent = transport.requests.map((r) => [r.method, r.path, r.headers?.['content-type'], new URLSearchParams(r.query).toString()]);
  const path = '/apis/kubedb.com/v1/namespaces/demo/kafkas';
  const write = 'fieldManager=kafka-tls&fieldValidation=Strict';
  assert.deepEqual(sent, [
    ['POST', path, 'application/json', write],
    ['PATCH', `${path}/orders`, 'application/apply-patch+yaml', `${write}&force=false&dryRun=All`],
    ['PATCH', `${path}/orders`, 'application/apply-patch+yaml', `${write}&force=true`],
    ['PATCH', `${path}/orders/status`, 'application/json-patch+json', write],
    ['PUT', `${path}/orders/status`, 'application/json', write],
  ]);
});

const evictions: { name: string; replies: TransportResponse[]; result: string }[] = [
  { name: 'an accepted eviction', replies: [json(201, {})], result: 'evicted' },
  {
    name: 'an eviction that a budget forbids is refused and not retried',
    replies: [
      failure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
        causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget orders needs 2 healthy pods and has 2 currently' }],
      }),
    ],
    result:
      "refused: Cannot evict pod as it would violate the pod's disruption budget. The disruption budget orders needs 2 healthy pods and has 2 currently",
  },
  {
    name: 'a pod that does not exist',
    replies: [failure(404, 'NotFound', 'pods "orders-broker-0" not found', { name: 'orders-broker-0' })],
    result: 'gone',
  },
  {
    name: 'a pod that has a successor of the same name',
    replies: [
      failure(409, 'Conflict', 'Precondition failed', { name: 'orders-broker-0' }),
      json(200, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'orders-broker-0', uid: 'u2' } }),
    ],
    result: 'gone',
  },
  {
    name: 'a busy API server gets another request',
    replies: [failure(429, 'TooManyRequests', 'too many requests'), json(201, {})],
    result: 'evicted',
  },
];

for (const c of evictions) {
  test(c.name, async () => {
    const { clock, cluster, transport } = clusterWith((_, n) => c.replies[n - 1] ?? assert.fail('too many requests'));
    const eviction = await clock.run(cluster.evict(POD, 'u1'));
    assert.equal(eviction.kind === 'refused' ? `refused: ${eviction.because}` : eviction.kind, c.result);
    assert.deepEqual(JSON.parse(transport.requests[0]?.body ?? '').deleteOptions, { preconditions: { uid: 'u1' } });
    assert.equal(transport.requests.length, c.replies.length);
  });
}

test('an eviction that conflicts while the pod is the same is an error', async () => {
  const { clock, cluster } = clusterWith((_, n) =>
    n === 1
      ? failure(409, 'Conflict', 'Operation cannot be fulfilled on poddisruptionbudgets.policy "orders"', { name: 'orders' })
      : json(200, { apiVersion: 'v1', kind: 'Pod', metadata: { name: POD.name, uid: 'u1' } }),
  );
  await assert.rejects(clock.run(cluster.evict(POD, 'u1')), /409 Conflict/);
});

test('deleting an object that does not exist, or has a successor, succeeds', async () => {
  for (const reply of [
    failure(404, 'NotFound', 'gone', { name: 'orders' }),
    failure(409, 'Conflict', 'uid', { name: 'orders' }),
    json(200, {}),
  ]) {
    const { cluster } = clusterWith(() => reply);
    await cluster.delete(KAFKA, 'u1');
  }
});

test('a busy server gets another request after the pause that it asks for', async () => {
  const { clock, cluster, transport } = clusterWith((_, n) =>
    n < 3 ? { ...failure(503, 'ServiceUnavailable', 'busy'), headers: { 'retry-after': '7' } } : json(200, kafka),
  );
  await clock.run(cluster.get(KAFKA));
  assert.equal(transport.requests.length, 3);
  assert.equal(clock.monotonicMs(), 14_000);
});

test('retries end after half a minute', async () => {
  const { clock, cluster } = clusterWith(() => failure(503, 'ServiceUnavailable', 'busy'));
  await assert.rejects(clock.run(cluster.get(KAFKA)), /503/);
  assert.ok(clock.monotonicMs() <= 30_000 && clock.monotonicMs() > 20_000);
});

test('a first request that cannot be sent fails at once, a later one is repeated', async () => {
  const down = clusterWith(() => broken('ECONNREFUSED', false));
  await assert.rejects(down.clock.run(down.cluster.get(KAFKA)), /connection refused/);
  assert.equal(down.transport.requests.length, 1);

  const restarting = clusterWith((_, n) => (n === 2 || n === 3 ? broken('ECONNREFUSED', false) : json(200, kafka)));
  await restarting.cluster.get(KAFKA);
  await restarting.clock.run(restarting.cluster.get(KAFKA));
  assert.equal(restarting.transport.requests.length, 4);
});

const creates: { name: string; second: Reply; isRepeated: boolean }[] = [
  { name: 'a create that was never sent is repeated', second: broken('ECONNREFUSED', false), isRepeated: true },
  { name: 'a create that was rejected unread is repeated', second: failure(429, 'TooManyRequests', 'busy'), isRepeated: true },
  { name: 'a create whose answer was lost is not repeated', second: broken('ECONNRESET', true), isRepeated: false },
  {
    name: 'a create that failed inside the server is not repeated',
    second: failure(500, 'InternalError', 'etcd timed out'),
    isRepeated: false,
  },
];

for (const c of creates) {
  test(c.name, async () => {
    const { clock, cluster, transport } = clusterWith((_, n) => (n === 2 ? c.second : json(200, kafka)));
    await cluster.get(KAFKA);
    const created = clock.run(cluster.create(kafka));
    if (c.isRepeated) await created;
    else await assert.rejects(created, ClusterError);
    assert.equal(transport.requests.length, c.isRepeated ? 3 : 2);
  });
}

test('a write that carries a resourceVersion is repeated when its answer was lost', async () => {
  const { clock, cluster, transport } = clusterWith((_, n) => (n === 2 ? broken('ECONNRESET') : json(200, kafka)));
  await cluster.get(KAFKA);
  await clock.run(cluster.replace(kafka));
  assert.equal(transport.requests.length, 3);
});

const reviewed = (status: object) => json(201, { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', status });
const reviews: readonly { name: string; replies: readonly Reply[]; expect: boolean | undefined }[] = [
  { name: 'allowed', replies: [reviewed({ allowed: true })], expect: true },
  { name: 'allowed in spite of a broken binding', replies: [reviewed({ allowed: true, evaluationError: 'role not found' })], expect: true },
  { name: 'denied', replies: [reviewed({ allowed: false })], expect: false },
  {
    name: 'an authorizer that does not answer',
    replies: [reviewed({ allowed: false, evaluationError: 'webhook: refused' })],
    expect: undefined,
  },
  { name: '403 for the question itself', replies: [forbidden('create', 'selfsubjectaccessreviews')], expect: undefined },
  { name: '404 for the question itself', replies: [failure(404, 'NotFound', 'the server could not find it')], expect: undefined },
  { name: 'a server error first', replies: [failure(500, 'InternalError', 'etcd'), reviewed({ allowed: true })], expect: true },
];
for (const { name, replies, expect } of reviews) {
  test(`an access review: ${name} is ${expect ?? 'unknown'}`, async () => {
    const left = [...replies];
    const { clock, transport, cluster } = clusterWith(() => left.shift() ?? assert.fail('too many requests'));
    const access = { verb: 'create', group: '', resource: 'pods/eviction', namespace: 'demo', name: 'x' };
    assert.equal(await clock.run(cluster.isAllowed(access)), expect);
    const { spec } = JSON.parse(transport.requests[0]?.body ?? '');
    const resourceAttributes = { verb: 'create', group: '', resource: 'pods', subresource: 'eviction', namespace: 'demo', name: 'x' };
    assert.deepEqual(spec, { resourceAttributes });
  });
}

describe('credentials that are refused are renewed, and the request is sent once more:', () => {
  const calls: readonly (readonly [name: string, call: (c: Cluster) => Promise<unknown>])[] = [
    ['a get', (c) => c.get(KAFKA)],
    ['a list', (c) => c.list(KINDS.Kafka, { namespace: 'demo' })],
    ['a create', (c) => c.create(kafka)],
    ['an apply', (c) => c.apply(kafka)],
    ['a patch', (c) => c.patch(KAFKA, [{ op: 'remove', path: '/spec/x' }])],
    ['a replace', (c) => c.replace(kafka)],
    ['an eviction', (c) => c.evict(POD, 'u')],
    ['a deletion', (c) => c.delete(POD, 'u')],
  ];
  const refusal = failure(401, 'Unauthorized', 'Unauthorized');
  const answer = json(200, { ...kafka, items: [], metadata: { ...kafka.metadata, resourceVersion: '1' } });

  for (const [name, call] of calls) {
    test(name, async () => {
      let renewals = 0;
      const renewCredentials = async () => ++renewals > 0;
      const { clock, transport, cluster } = clusterWith((_, n) => (n === 1 ? { ...refusal, renewCredentials } : answer));
      await clock.run(call(cluster));
      assert.deepEqual([renewals, transport.requests.length], [1, 2]);
    });
  }

  test('a watch', async () => {
    const lines = `${JSON.stringify({ type: 'ADDED', object: { ...kafka, metadata: { ...kafka.metadata, resourceVersion: '2' } } })}\n`;
    const { clock, cluster } = clusterWith(({ isStream }, n) => {
      if (isStream !== true) return json(200, { metadata: { resourceVersion: '1' }, items: [] });
      return n === 2 ? { ...refusal, renewCredentials: async () => true } : { status: 200, headers: {}, body: lines };
    });
    const seen: number[] = [];
    await clock.run(
      (async () => {
        for await (const items of cluster.watch(KINDS.Kafka, { namespace: 'demo' }, new AbortController().signal)) {
          if (seen.push(items.length) === 2) return;
        }
      })(),
    );
    assert.deepEqual(seen, [0, 1]);
  });

  test('not when the new ones are refused, too, or are the same', async () => {
    for (const differs of [true, false]) {
      const { clock, transport, cluster } = clusterWith(() => ({ ...refusal, renewCredentials: async () => differs }));
      await clock.run(assert.rejects(cluster.get(KAFKA), /does not accept these credentials/));
      assert.equal(transport.requests.length, differs ? 2 : 1);
    }
  });
});

test('a login may take longer than a request', async () => {
  const clock = new FakeClock();
  const transport = scripted(() => json(200, kafka));
  const cluster = kubeCluster({ ...transport, logIn: () => clock.sleep(600_000) }, clock);
  assert.deepEqual(await clock.run(cluster.get(KAFKA)), kafka);
});

test('a watch ends when its login fails, so that a person is not asked again and again', async () => {
  let logins = 0;
  const logIn = async () => {
    if (++logins > 1) throw credentialError('jane', 'exec plugin corp-login failed');
  };
  const clock = new FakeClock();
  const cluster = kubeCluster({ ...scripted(() => json(200, { metadata: { resourceVersion: '1' }, items: [] })), logIn }, clock);
  const watching = async () => {
    for await (const _ of cluster.watch(KINDS.Kafka, { namespace: 'demo' }, new AbortController().signal)) {
      // The first list arrives; the watch does not.
    }
  };
  await clock.run(assert.rejects(watching(), /exec plugin corp-login failed/));
  assert.equal(logins, 2);
});
