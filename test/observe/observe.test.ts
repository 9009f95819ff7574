import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { nodesOf, offshootLabels, petSetsOf, roleLabels } from '#model/kubedb';
import { ClusterError } from '#reconciler/errors';
import { withCertificateVolume } from '#reconciler/model/broker-pod';
import { trustDigest } from '#reconciler/model/trust-bundle';
import { type Observed, observe } from '#reconciler/observe/observe';
import { withDenied } from '#reconciler/observe/permissions';
import { parseCertificates } from '#reconciler/pki/certificates';
import type { Cluster, Dialer, DialTarget, Handshake } from '#reconciler/ports';
import type { Denial } from '#reconciler/sandbox/api/access';
import { createApi } from '#reconciler/sandbox/api/api';
import { untyped } from '#test/support/untyped';
import { issueCertificate } from '../support/certificate-factory';
import { ClusterBuilder } from '../support/cluster-builder';
import { FakeClock } from '../support/fake-clock';
import { clusterIn } from '../support/transports';

const root = issueCertificate({ commonName: 'root', isCa: true });
const leaf = issueCertificate({ commonName: 'leaf', issuer: root });
/** In the one form in which it is written. */
const rootPem = root.cert.replaceAll('\r', '');
const [leafFacts] = parseCertificates(leaf.cert);
assert.ok(leafFacts !== undefined);

const tls = { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'orders-ca' }, certificates: [] };
const what: Observed = { namespace: 'default', kafka: 'orders' };

function object(kind: Kind, name: string, rest: object = {}, meta: object = {}): KubeObject {
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name, ...(kind.namespaced ? { namespace: 'default' } : {}), ...meta },
    ...rest,
  };
}

function secret(name: string, data: Readonly<Record<string, string>>, meta: object = {}): KubeObject {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return object(KINDS.Secret, name, { data: encoded }, meta);
}

const kafka = object(KINDS.Kafka, 'orders', {
  spec: { version: '4.2.0', enableSSL: true, tls, topology: { controller: { replicas: 1 }, broker: { replicas: 2 } } },
});

const certificateSecret = { 'tls.crt': leaf.cert, 'ca.crt': root.cert, 'tls.key': leaf.key };

/** A small Kafka with TLS and all that belongs to it; each entry can be replaced or left out. */
function objects(): Record<string, KubeObject> {
  const sets = petSetsOf(untyped(kafka)).map((set) => {
    const volumes = [{ name: 'temp-config', secret: { secretName: `${set.name}-conf` } }];
    const template = withCertificateVolume(untyped(kafka), { spec: { containers: [{ name: 'kafka' }], volumes } });
    return object(KINDS.PetSet, set.name, { spec: { replicas: set.replicas, selector: {}, serviceName: 'orders-pods', template } });
  });
  const pods = nodesOf(untyped(kafka)).map((node) => {
    const { spec } = withCertificateVolume(untyped(kafka), { spec: { containers: [{ name: 'kafka' }] } });
    return object(
      KINDS.Pod,
      node.pod,
      { spec, status: { phase: 'Running' } },
      { labels: { ...offshootLabels('orders'), ...roleLabels('orders', node.role) } },
    );
  });
  const all = [
    kafka,
    ...sets,
    ...pods,
    object(KINDS.Issuer, 'orders-ca', { spec: { ca: { secretName: 'ca-key-pair' } } }),
    object(KINDS.Certificate, 'orders-server-cert', { spec: { secretName: 'orders-server-cert', issuerRef: { name: 'orders-ca' } } }),
    object(KINDS.Certificate, 'of-another-owner', { spec: { secretName: 'x', issuerRef: { name: 'y' } } }),
    secret('orders-server-cert', certificateSecret),
    secret('ca-key-pair', { 'tls.crt': root.cert, 'tls.key': root.key }),
    secret('orders-broker-conf', { 'config.properties': 'process.roles=broker\nssl.key.password=hunter2' }),
    object(KINDS.PodDisruptionBudget, 'orders-broker', { spec: { selector: { matchLabels: { 'kubedb.com/role-broker': 'set' } } } }),
    object(KINDS.PodDisruptionBudget, 'other', { spec: { selector: { matchLabels: { app: 'other' } } } }),
    object(KINDS.KafkaOpsRequest, 'foreign', { spec: { type: 'Restart', databaseRef: { name: 'payments' } } }),
    object(KINDS.KafkaOpsRequest, 'second', { spec: { type: 'Restart', databaseRef: { name: 'orders' } } }),
  ];
  return Object.fromEntries(all.map((o) => [`${o.kind}/${o.metadata.name}`, o]));
}

const served: Dialer = {
  handshake: async ({ pod }: DialTarget): Promise<Handshake> =>
    pod.metadata.name === 'orders-broker-1'
      ? { protocol: 'unknown', because: 'connection refused' }
      : { protocol: 'tls', chain: [leaf.cert] },
};

interface WorldOptions {
  readonly denied?: readonly Denial[];
  readonly notInstalled?: readonly string[];
  readonly dialer?: Dialer;
}

async function world(all: Readonly<Record<string, KubeObject>>, { denied = [], notInstalled = [], dialer = served }: WorldOptions = {}) {
  const clock = new FakeClock();
  const rules: Denial[] = [];
  const cluster = clusterIn(createApi({ now: () => clock.now(), admission: [], notInstalled, denied: rules }), clock);
  for (const o of Object.values(all)) {
    const created = await cluster.create(o);
    if (o.status !== undefined) await cluster.replace({ ...created, status: o.status }, { status: true });
  }
  rules.push(...denied);
  return { cluster, clock, dialer, facts: { read: async () => ({ unknown: 'not asked' }) } };
}

const observed = async (all = objects(), options: Parameters<typeof world>[1] = {}, of: Observed = what) => {
  const context = await world(all, options);
  return context.clock.run(observe(context, of));
};

test('sees everything that the TLS state of a Kafka rests on, and nothing of others', async () => {
  const live = await observed();
  assert.equal(live.kafka?.metadata.name, 'orders');
  assert.deepEqual(
    live.petSets.map((s) => [s.name, s.role, s.configSecret, s.config]),
    [
      ['orders-controller', 'controller', 'orders-controller-conf', undefined],
      ['orders-broker', 'broker', 'orders-broker-conf', { 'config.properties': 'process.roles=broker' }],
    ],
  );
  assert.deepEqual(
    live.pods.map((p) => [
      p.name,
      p.nodeId,
      p.certificateSecret,
      p.served.map((s) => `${s.listener} ${s.protocol} ${s.isSignedBySecretCa ?? s.because}`),
    ]),
    [
      ['orders-controller-0', 1000, 'orders-server-cert', ['CONTROLLER tls true']],
      ['orders-broker-0', 0, 'orders-server-cert', ['BROKER tls true']],
      ['orders-broker-1', 1, 'orders-server-cert', ['BROKER unknown connection refused']],
    ],
  );
  assert.deepEqual(
    live.secrets.map((s) => [s.name, s.isSignedByCa]),
    [['orders-server-cert', true]],
  );
  assert.deepEqual(
    live.issuers.map((i) => [i.kind, i.name, i.caPublicKeys]),
    [['Issuer', 'orders-ca', live.secrets[0]?.ca?.map((c) => c.publicKey)]],
  );
  assert.deepEqual(live.issuers[0]?.ca, live.secrets[0]?.ca);
  assert.equal(live.issuers[0]?.ca?.[0]?.pem, rootPem);
  assert.deepEqual(live.trust, { ca: [] }, 'clients were never told what to trust');
  assert.deepEqual(
    [live.certificates, live.requests, live.budgets].map((all) => all.map((o) => o.metadata.name)),
    [['orders-server-cert'], ['second'], ['orders-broker']],
  );
  assert.equal(live.unread, undefined);
  assert.equal(live.observedAt, '2026-11-23T09:00:00.000Z');
});

test('is one JSON value: writing and reading it changes nothing', async () => {
  const live = await observed();
  assert.deepEqual(JSON.parse(JSON.stringify(live)), live);
});

test('every pod is held against the CA of the Secret that it mounts', async () => {
  const all = objects();
  const asked: string[] = [];
  const dialer: Dialer = {
    handshake: async ({ pod, servername }) => {
      asked.push(`${pod.metadata.name} ${servername}`);
      return { protocol: 'tls', chain: [leaf.cert] };
    },
  };
  all['Pod/orders-broker-1'] = { ...(all['Pod/orders-broker-1'] as KubeObject), spec: { containers: [{ name: 'kafka' }] } };
  const { pods } = await observed(all, { dialer });
  assert.deepEqual(asked.sort(), [
    'orders-broker-0 orders-broker-0.orders-pods.default.svc.cluster.local',
    'orders-broker-1 orders-broker-1.orders-pods.default.svc.cluster.local',
    'orders-controller-0 orders-controller-0.orders-pods.default.svc.cluster.local',
  ]);
  assert.deepEqual(
    pods.map(({ name, served }) => `${name} ${served[0]?.isSignedBySecretCa}`),
    ['orders-controller-0 true', 'orders-broker-0 true', 'orders-broker-1 undefined'],
  );
});

test('a pod that does not run is not asked, and says why', async () => {
  const all = objects();
  all['Pod/orders-broker-0'] = { ...(all['Pod/orders-broker-0'] as KubeObject), status: { phase: 'Pending' } };
  const live = await observed(all);
  assert.deepEqual(live.pods[1]?.served, [{ listener: 'BROKER', protocol: 'unknown', because: 'its Kafka container is not running' }]);
});

test('a Kafka that does not exist is an observation, too', async () => {
  const live = await observed({});
  assert.deepEqual([live.kafka, live.pods, live.petSets, live.facts], [undefined, [], [], { unknown: 'the Kafka does not exist' }]);
});

test('with a bundle its issuers, certificates and Secrets are looked at, too', async () => {
  const bundle = new ClusterBuilder().bundle;
  const clock = new FakeClock();
  const cluster = clusterIn(createApi({ now: () => clock.now(), admission: [], namespaces: ['demo'] }), clock);
  const live = await clock.run(observe({ cluster, clock, dialer: served, facts: { read: async () => ({ unknown: '' }) } }, bundle));
  assert.deepEqual([live.namespace, live.name], [bundle.desired.namespace, bundle.desired.kafka]);
  assert.ok(live.issuers.length > 0);
  assert.ok(live.issuers.every((i) => i.object === undefined && i.unknown === undefined));
});

test('an issuer that is still to be created from a CA Secret is known by that Secret', async () => {
  const issuer = object(KINDS.Issuer, 'corp-ca', { spec: { ca: { secretName: 'corp-root' } } }, { namespace: 'demo' });
  const clock = new FakeClock();
  const cluster = clusterIn(createApi({ now: () => clock.now(), admission: [], namespaces: ['demo'] }), clock);
  await cluster.create(secret('corp-root', { 'tls.crt': root.cert }, { namespace: 'demo' }));
  const bundle = { ...new ClusterBuilder().bundle, issuerManifests: [issuer] };
  const live = await clock.run(observe({ cluster, clock, dialer: served, facts: { read: async () => ({ unknown: '' }) } }, bundle));
  const state = live.issuers.find(({ name }) => name === 'corp-ca');
  assert.deepEqual(
    state?.caPublicKeys,
    parseCertificates(root.cert).map(({ publicKey }) => publicKey),
  );
  assert.equal(state?.object, undefined, 'it does not exist yet');
});

test('what can be done without and may not be read is noted with the reason', async () => {
  const all = objects();
  all['Kafka/orders'] = {
    ...kafka,
    spec: { ...untyped(kafka.spec), tls: { ...tls, issuerRef: { ...tls.issuerRef, kind: 'ClusterIssuer', name: 'corp-ca' } } },
  };
  const live = await observed(all, {
    denied: [
      { verb: 'get', resource: 'clusterissuers' },
      { verb: 'list', resource: 'poddisruptionbudgets' },
    ],
  });
  assert.deepEqual(live.issuers, [{ kind: 'ClusterIssuer', name: 'corp-ca', unknown: 'not permitted' }]);
  assert.deepEqual(live.unread, [{ what: 'PodDisruptionBudget/default', because: 'not permitted' }]);
});

test("KubeDB's GitOps operator need not be installed, nor cert-manager without TLS", async () => {
  const plain = { 'Kafka/orders': { ...kafka, spec: { ...untyped(kafka.spec), enableSSL: false, tls: undefined } } };
  const notInstalled = ['kafkas.gitops.kubedb.com', 'certificates.cert-manager.io', 'issuers.cert-manager.io'];
  const live = await observed(plain, { notInstalled });
  assert.deepEqual([live.gitOpsKafka, live.certificates, live.unread], [undefined, [], undefined]);
});

const bundle = new ClusterBuilder().bundle;
const asked = async (denied: readonly Denial[], answer?: Cluster['isAllowed']) => {
  const { cluster, clock } = await world({}, { denied });
  const live = await clock.run(withDenied(answer === undefined ? cluster : { ...cluster, isAllowed: answer }, bundle, bare));
  return live.denied?.map((p) => `${p.verbs} ${p.resource}`);
};
const bare = new ClusterBuilder().live;

test('sees what it may not do of what a plan needs, verb by verb', async () => {
  assert.deepEqual(await asked([]), []);
  const denied = [
    { verb: 'create', resource: 'pods/eviction' },
    { verb: 'update', resource: 'petsets' },
    { verb: 'watch', resource: 'petsets' },
    { verb: 'get', resource: 'configmaps', name: 'kafka-tls-orders' }, // a bundle may come from a file
    { verb: 'delete', resource: 'kafkas' }, // no run does that
  ];
  assert.deepEqual(await asked(denied), ['create pods/eviction', 'watch,update petsets'].reverse());
  assert.deepEqual(await asked([{ verb: 'create', resource: 'configmaps', name: 'kafka-tls-orders-trust' }]), ['create configmaps']);
  assert.deepEqual(
    await asked([], async ({ verb }) => (verb === 'delete' ? false : undefined)),
    ['delete certificates', 'delete pods'],
    'what is known counts',
  );
  assert.equal(await asked([], async () => undefined), undefined, 'a server that does not say denies nothing');
});

test('of what clients mount it sees certificates and nothing else', async () => {
  const name = 'kafka-tls-orders-trust';
  const pem = `# root\n${root.cert}${leaf.key}`;
  const configMap = object(KINDS.ConfigMap, name, { data: { 'ca.crt': pem, 'more.txt': 'hunter2' }, binaryData: { x: 'aHVudGVyMg==' } });
  const live = await observed({ ...objects(), name: configMap });
  assert.deepEqual(
    live.trust?.ca.map((c) => c.pem),
    [rootPem],
  );
  assert.equal(live.trust?.digest, trustDigest(pem));
  assert.equal(live.trust?.object?.metadata.name, name);
  assert.doesNotMatch(JSON.stringify(live), /PRIVATE KEY|hunter2|aHVudGVyMg/);

  const denied = [{ verb: 'get', resource: 'configmaps' }];
  const unread = await observed({ ...objects(), name: configMap }, { denied });
  assert.deepEqual([unread.trust, unread.unread], [undefined, [{ what: `ConfigMap/default/${name}`, because: 'not permitted' }]]);
});

const necessary: { name: string; denied: Denial; message: RegExp }[] = [
  { name: 'the Kafka', denied: { verb: 'get', resource: 'kafkas' }, message: /^Kafka\/default\/orders: may not get kafkas\.kubedb\.com/ },
  { name: 'requests', denied: { verb: 'list', resource: 'kafkaopsrequests' }, message: /may not list kafkaopsrequests/ },
  { name: 'pods', denied: { verb: 'list', resource: 'pods' }, message: /may not list pods/ },
  { name: 'Certificates', denied: { verb: 'list', resource: 'certificates' }, message: /may not list certificates/ },
  { name: 'PetSets', denied: { verb: 'get', resource: 'petsets' }, message: /may not get petsets/ },
  {
    name: 'Secrets that pods mount',
    denied: { verb: 'get', resource: 'secrets' },
    message: /^Secret\/default\/orders-.*: may not get secrets/,
  },
];

for (const { name, denied, message } of necessary) {
  test(`without ${name} there is no observation`, async () => {
    await assert.rejects(observed(objects(), { denied: [denied] }), (e) => e instanceof ClusterError && message.test(e.message));
  });
}

test('all that is not installed or not permitted is one error, each thing once and with its remedy', async () => {
  const notInstalled = ['kafkas.kubedb.com', 'petsets.apps.k8s.appscode.com', 'certificates.cert-manager.io'];
  const denied = [
    { verb: 'list', resource: 'pods' },
    { verb: 'get', resource: 'secrets' },
  ];
  const wanted = { ...bundle, desired: { ...bundle.desired, namespace: 'default' } };
  const failure = await observed({}, { notInstalled, denied }, wanted).then(
    () => assert.fail('it should have failed'),
    (e: unknown) => e,
  );
  assert.ok(failure instanceof ClusterError, String(failure));
  const expected = [
    /^Kafka\/default\/orders: kafkas\.kubedb\.com .* is not installed in this cluster\. Install KubeDB \(kubedb-provisioner\)\.$/,
    /^Pod\/default: may not list pods in namespace default: .* Bind a Role/,
    /^Certificate\/default: certificates\.cert-manager\.io .* is not installed in this cluster\. Install cert-manager\.$/,
    /^PetSet\/default\/orders: petsets\..* is not installed in this cluster\. Install KubeDB \(petset\)\.$/,
    /^Secret\/default\/orders-client-cert: may not get secrets in namespace default: .* Bind a Role/,
  ];
  assert.equal(failure.reasons.length, expected.length, failure.message);
  for (const pattern of expected)
    assert.ok(
      failure.reasons.some((r) => pattern.test(r)),
      `${pattern}: ${failure.message}`,
    );
});

test('two PetSets that may not be read are one thing that is not permitted', async () => {
  const failure = await observed(objects(), { denied: [{ verb: 'get', resource: 'petsets' }] }).catch((e: ClusterError) => e);
  assert.ok(failure instanceof ClusterError);
  assert.deepEqual([failure.reasons, failure.subject?.kind], [[], 'PetSet']);
});

const selectors: readonly (readonly [name: string, selector: object | undefined, expect: readonly string[]])[] = [
  ['labels', { matchLabels: { 'kubedb.com/role-broker': 'set' } }, ['orders-broker-0', 'orders-broker-1']],
  ['an empty one', {}, ['orders-controller-0', 'orders-broker-0', 'orders-broker-1']],
  ['none', undefined, []],
  [
    'In, twice',
    {
      matchExpressions: [
        { key: 'app.kubernetes.io/instance', operator: 'In', values: ['x', 'orders'] },
        { key: 'kubedb.com/role-broker', operator: 'In', values: ['set'] },
      ],
    },
    ['orders-broker-0', 'orders-broker-1'],
  ],
  [
    'NotIn, which also selects pods without the label',
    { matchExpressions: [{ key: 'kubedb.com/role-broker', operator: 'NotIn', values: ['set'] }] },
    ['orders-controller-0'],
  ],
  ['Exists', { matchExpressions: [{ key: 'kubedb.com/role-broker', operator: 'Exists' }] }, ['orders-broker-0', 'orders-broker-1']],
  ['DoesNotExist', { matchExpressions: [{ key: 'kubedb.com/role-broker', operator: 'DoesNotExist' }] }, ['orders-controller-0']],
];
for (const [name, selector, expect] of selectors) {
  test(`a budget speaks for the pods of its selector: ${name}`, async () => {
    const spec = { maxUnavailable: 1, ...(selector === undefined ? {} : { selector }) };
    const live = await observed({
      ...objects(),
      'PodDisruptionBudget/orders-broker': object(KINDS.PodDisruptionBudget, 'orders-broker', { spec }),
    });
    const selected = live.pods.filter((p) => p.budgets?.includes('orders-broker')).map((p) => p.name);
    assert.deepEqual(selected, expect);
    assert.equal(live.budgets.length, expect.length === 0 ? 0 : 1);
  });
}

test('requests come oldest first, attempts of one second by their number', async () => {
  const all: Record<string, KubeObject> = {
    'Kafka/orders': { ...kafka, spec: { ...untyped(kafka.spec), enableSSL: false, tls: undefined } },
  };
  for (const name of ['a-10', 'a-2', 'a'])
    all[name] = object(KINDS.KafkaOpsRequest, name, { spec: { type: 'Restart', databaseRef: { name: 'orders' } } });
  const live = await observed(all);
  assert.deepEqual(
    live.requests.map((r) => r.metadata.name),
    ['a', 'a-2', 'a-10'],
  );
});

test('no key, password or Secret value is ever part of an observation', async () => {
  const value = fc.stringMatching(/^[0-9a-f]{24,40}$/);
  const values = fc.record({ key: value, store: value, password: value, login: value, applied: value, env: value });
  await fc.assert(
    fc.asyncProperty(values, async (hidden) => {
      const all = objects();
      all['Secret/orders-server-cert'] = secret(
        'orders-server-cert',
        { ...certificateSecret, 'tls.key': `${leaf.key}${hidden.key}`, 'keystore.jks': hidden.store },
        { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': hidden.applied } },
      );
      all['Secret/orders-broker-conf'] = secret('orders-broker-conf', {
        'config.properties': `a=b\nlistener.jaas.config=x \\\n  y="${hidden.login}"\nssl.keystore.password = ${hidden.password}`,
        'ssl.properties': `ssl.key.password=${hidden.password}`,
      });
      const set = all['PetSet/orders-broker'] as KubeObject;
      const template = {
        ...untyped(set.spec).template,
        spec: { ...untyped(set.spec).template.spec, containers: [{ name: 'kafka', env: [{ name: 'KAFKA_PASSWORD', value: hidden.env }] }] },
      };
      all['PetSet/orders-broker'] = { ...set, spec: { ...untyped(set.spec), template } };
      const text = JSON.stringify(await observed(all));
      for (const [what, secretValue] of Object.entries(hidden)) {
        assert.ok(
          !text.includes(secretValue) && !text.includes(Buffer.from(secretValue).toString('base64').slice(0, 20)),
          `${what} is in the observation`,
        );
      }
      assert.ok(!text.includes('PRIVATE KEY') && !text.includes(leaf.key.split('\n')[3] ?? ''));
      assert.ok(!text.includes('managedFields'));
    }),
    { numRuns: 25 },
  );
});
