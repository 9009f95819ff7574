import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS, type KubeObject } from '#model/kube-object';
import { podFacts } from '#reconciler/observe/pods';
import { redact } from '#reconciler/observe/redact';
import { caProblem, secretFacts, signingCa } from '#reconciler/observe/secret';
import { untyped } from '#test/support/untyped';
import { asPkcs1, issueCertificate } from '../support/certificate-factory';

const root = issueCertificate({ commonName: 'root', isCa: true });
const otherRoot = issueCertificate({ commonName: 'other root', isCa: true });
const intermediate = issueCertificate({ commonName: 'intermediate', isCa: true, issuer: root });
const leaf = issueCertificate({ commonName: 'leaf', issuer: root });

function secret(data: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>> = {}): KubeObject {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return {
    apiVersion: 'v1',
    kind: KINDS.Secret.kind,
    metadata: { name: 's', namespace: 'demo', uid: 'u', resourceVersion: '5', annotations },
    data: encoded,
  };
}

test('a Secret is its keys, its certificates and how its key is written', () => {
  const facts = secretFacts(
    untyped(secret({ 'tls.crt': leaf.cert, 'ca.crt': root.cert, 'tls.key': asPkcs1(leaf.key), 'keystore.jks': 'x' })),
  );
  assert.deepEqual(facts.keys, ['ca.crt', 'keystore.jks', 'tls.crt', 'tls.key']);
  assert.equal(facts.leaf?.subject, 'O=kafka, CN=leaf');
  assert.deepEqual(
    facts.ca?.map((c) => c.subject),
    ['O=kafka, CN=root'],
  );
  assert.equal(facts.isSignedByCa, true);
  assert.equal(facts.keyEncoding, 'PKCS1');
  assert.equal(facts.unreadable, undefined);
});

test('a Secret whose CA is another says so', () => {
  assert.equal(secretFacts(untyped(secret({ 'tls.crt': leaf.cert, 'ca.crt': otherRoot.cert }))).isSignedByCa, false);
});

test('a broken Secret says what is broken', () => {
  assert.equal(
    secretFacts(untyped(secret({ 'tls.crt': 'nonsense', 'ca.crt': '' }))).unreadable,
    'tls.crt: no PEM certificate; ca.crt: empty',
  );
  assert.deepEqual(secretFacts(untyped({ ...secret({}), data: null })).keys, []);
});

test("of a Secret's annotations only cert-manager's are kept", () => {
  const facts = secretFacts(
    untyped(
      secret(
        {},
        { 'cert-manager.io/issuer-name': 'ca', 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"tls.key":"c2VjcmV0"}}' },
      ),
    ),
  );
  assert.deepEqual(facts.annotations, { 'cert-manager.io/issuer-name': 'ca' });
});

describe('what a CA issuer cannot sign with', () => {
  const cases: readonly (readonly [name: string, secret: KubeObject | undefined, problem: string | undefined, isFinal?: boolean])[] = [
    ['no Secret', undefined, 'does not exist', false],
    ['one without anything', secret({}), 'lacks tls.crt and tls.key', false],
    ['one without a key', secret({ 'tls.crt': root.cert }), 'lacks tls.key', false],
    ['one with an empty key', secret({ 'tls.crt': root.cert, 'tls.key': '' }), 'lacks tls.key', false],
    ['no certificate', secret({ 'tls.crt': 'nonsense', 'tls.key': 'k' }), 'has a tls.crt that cannot be read: no PEM certificate', true],
    ['a leaf', secret({ 'tls.crt': leaf.cert, 'tls.key': 'k' }), 'holds the certificate of no CA (O=kafka, CN=leaf)', true],
    ['a root', secret({ 'tls.crt': root.cert, 'tls.key': 'k' }), undefined],
    ['an intermediate CA', secret({ 'tls.crt': intermediate.cert, 'tls.key': 'k' }), undefined],
  ];
  for (const [name, given, problem, isFinal] of cases)
    test(name, () => assert.deepEqual(caProblem(untyped(given)), problem === undefined ? undefined : { problem, isFinal }));
});

describe('what a CA issuer gives its leaves', () => {
  const policy = issueCertificate({ commonName: 'policy', issuer: root, isCa: true });
  const issuing = issueCertificate({ commonName: 'issuing', issuer: policy, isCa: true });
  const cases: readonly {
    readonly name: string;
    readonly data: Record<string, string>;
    readonly ca?: string;
    readonly chain?: string[];
  }[] = [
    { name: 'a self-signed CA', data: { 'tls.crt': root.cert, 'ca.crt': root.cert }, ca: 'root', chain: [] },
    {
      name: 'an issuing CA with its root in ca.crt',
      data: { 'tls.crt': intermediate.cert, 'ca.crt': root.cert },
      ca: 'root',
      chain: ['intermediate'],
    },
    {
      name: 'an issuing CA with its root in tls.crt',
      data: { 'tls.crt': intermediate.cert + root.cert },
      ca: 'root',
      chain: ['intermediate'],
    },
    { name: 'an issuing CA whose root is not known', data: { 'tls.crt': intermediate.cert }, ca: 'intermediate', chain: ['intermediate'] },
    {
      name: 'three tiers, in any order',
      data: { 'tls.crt': issuing.cert + root.cert + policy.cert, 'ca.crt': root.cert },
      ca: 'root',
      chain: ['issuing', 'policy'],
    },
    {
      name: 'three tiers below an anchor that is not self-signed',
      data: { 'tls.crt': issuing.cert, 'ca.crt': policy.cert },
      ca: 'policy',
      chain: ['issuing', 'policy'],
    },
    {
      name: 'only the first certificate of ca.crt counts',
      data: { 'tls.crt': intermediate.cert, 'ca.crt': root.cert + otherRoot.cert },
      ca: 'root',
      chain: ['intermediate'],
    },
    {
      name: 'a root that has signed nothing of it: cert-manager refuses to sign',
      data: { 'tls.crt': intermediate.cert, 'ca.crt': otherRoot.cert },
    },
    { name: 'a missing link: cert-manager refuses to sign', data: { 'tls.crt': issuing.cert, 'ca.crt': root.cert } },
    { name: 'nonsense', data: { 'tls.crt': 'nonsense' } },
  ];
  for (const { name, data, ca, chain } of cases) {
    test(name, () => {
      const names = (all: readonly { subject: string }[] | undefined) => all?.map((c) => c.subject.replace('O=kafka, CN=', ''));
      const given = signingCa(untyped(secret(data)));
      assert.deepEqual(names(given.ca), ca === undefined ? undefined : [ca]);
      assert.deepEqual(names(given.chain), chain);
    });
  }
});

test('objects are shown without bookkeeping fields and without passwords that a user wrote into them', () => {
  const kafka: KubeObject = {
    apiVersion: 'kubedb.com/v1',
    kind: 'Kafka',
    metadata: { name: 'orders', managedFields: [{}], annotations: { a: 'b', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
    spec: {
      configuration: { inline: { 'broker.properties': 'a=1\nssl.key.password=hunter2' } },
      podTemplate: {
        spec: {
          containers: [
            {
              name: 'kafka',
              env: [
                { name: 'ADMIN_PASSWORD', value: 'hunter2' },
                { name: 'HEAP', value: '1g' },
                { name: 'TOKEN', valueFrom: {} },
              ],
            },
          ],
        },
      },
    },
  };
  assert.deepEqual(redact(kafka), {
    apiVersion: 'kubedb.com/v1',
    kind: 'Kafka',
    metadata: { name: 'orders', annotations: { a: 'b' } },
    spec: {
      configuration: { inline: { 'broker.properties': 'a=1' } },
      podTemplate: {
        spec: {
          containers: [
            {
              name: 'kafka',
              env: [
                { name: 'ADMIN_PASSWORD', value: '(not shown)' },
                { name: 'HEAP', value: '1g' },
                { name: 'TOKEN', valueFrom: {} },
              ],
            },
          ],
        },
      },
    },
  });
});

test('a pod is its role, its state, its revision and what it mounts', () => {
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'orders-broker-1', uid: 'u1', labels: { 'controller-revision-hash': 'orders-broker-7d' } },
    spec: { volumes: [{ name: 'server-certs', secret: { secretName: 'orders-server-cert' } }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False' }],
      containerStatuses: [
        { name: 'sidecar', state: { waiting: { reason: 'ContainerCreating' } } },
        { name: 'kafka', state: { running: { startedAt: '2026-11-23T09:00:00Z' } } },
      ],
    },
  };
  assert.deepEqual(podFacts(untyped(pod), { petSet: 'orders-broker', role: 'broker', ordinal: 1, nodeId: 1 }, []), {
    name: 'orders-broker-1',
    uid: 'u1',
    role: 'broker',
    ordinal: 1,
    nodeId: 1,
    petSet: 'orders-broker',
    isReady: false,
    isRunning: true,
    isTerminating: false,
    revision: 'orders-broker-7d',
    startedAt: '2026-11-23T09:00:00Z',
    certificateSecret: 'orders-server-cert',
    served: [],
  });
});

describe('how long a pod took to get Ready', () => {
  const at = (second: string) => `2026-11-23T09:00:${second}Z`;
  const pod = ({ ready = 'True', since = at('42'), restartCount = 0, startedAt = at('10') }): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'orders-broker-1', creationTimestamp: at('05') },
    spec: {},
    status: {
      conditions: [{ type: 'Ready', status: ready, lastTransitionTime: since }],
      containerStatuses: [{ name: 'kafka', restartCount, state: { running: { startedAt } } }],
    },
  });
  const cases = [
    { name: 'is from its creation', pod: pod({}), expect: 37_000 },
    { name: 'is not known of one that is not Ready', pod: pod({ ready: 'False' }), expect: undefined },
    { name: 'is not known of one that was restarted in place', pod: pod({ restartCount: 1 }), expect: undefined },
    { name: 'is not known when it was Ready before it was started', pod: pod({ startedAt: at('50') }), expect: undefined },
  ];
  for (const c of cases) {
    test(c.name, () => {
      assert.equal(podFacts(untyped(c.pod), { petSet: 'orders-broker', role: 'broker', ordinal: 1, nodeId: 1 }, []).startMs, c.expect);
    });
  }
});
