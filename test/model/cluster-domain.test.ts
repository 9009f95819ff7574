import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { domainIn, isClusterDomain } from '#model/cluster-domain';
import { KINDS } from '#model/kube-object';
import { type DomainSources, observedDomain } from '#reconciler/model/observed-domain';

const IN_NAMES: readonly (readonly [names: readonly string[], is?: string])[] = [
  [['localhost', 'orders-pods', 'orders-pods.demo.svc']],
  [['*.orders-pods.demo.svc.k8s.corp.example'], 'k8s.corp.example'],
  [['orders-pods.demo.svc.cluster.local'], 'cluster.local'],
  [['orders-broker-0.orders-pods.demo.svc.Corp.'], 'corp'],
  [['parcels-orders-pods.demo.svc.a.example', 'orders-pods.prod.svc.b.example']],
  [['kafka.example.org', 'orders-pods.demo.svc.c.example'], 'c.example'],
];
for (const [names, is] of IN_NAMES) {
  test(`finds ${is ?? 'no domain'} in ${names.join(', ')}`, () => assert.equal(domainIn(names, 'orders-pods', 'demo'), is));
}

describe('the DNS domain of a cluster may be', () => {
  for (const text of ['cluster.local', 'k8s.corp.example', 'corp', 'a-1.b']) test(text, () => assert.ok(isClusterDomain(text)));
  for (const text of [
    '',
    '.',
    'cluster.local.',
    '.cluster.local',
    'Cluster.Local',
    'a..b',
    'a_b',
    '-a.b',
    'svc.cluster.local:53',
    'x'.repeat(64),
  ])
    test(`not ${text === '' ? 'an empty text' : text}`, () => assert.ok(!isClusterDomain(text)));
});

describe('the domain in the objects of a Kafka', () => {
  const config = (...lines: readonly string[]) => [{ config: { 'config.properties': `${lines.join('\n')}\n` } }];
  const certificate = (dnsNames: readonly string[], name = 'orders-server-cert') => ({
    ...KINDS.Certificate,
    metadata: { name },
    spec: { secretName: name, issuerRef: { name: 'ca' }, dnsNames },
  });
  const cases: readonly (readonly [name: string, live: Omit<DomainSources, 'name' | 'namespace'>, is?: string])[] = [
    ['nothing', { petSets: [{}], certificates: [] }],
    ['voters', { petSets: config('controller.quorum.voters = 1000@orders-controller-0.orders-pods.demo.svc.a.example:9093') }, 'a.example'],
    [
      'bootstrap servers',
      { petSets: config('controller.quorum.bootstrap.servers=x:1,\\\n  orders-0.orders-pods.demo.svc.b.example:9093') },
      'b.example',
    ],
    [
      'advertised listeners',
      { petSets: config('advertised.listeners=LOCAL://localhost:29092,BROKER://orders-pods.demo.svc.c.example:9092') },
      'c.example',
    ],
    ['its Certificate', { petSets: [], certificates: [certificate(['*.orders-pods.demo.svc.d.example'])] }, 'd.example'],
    ['a Certificate of another name', { petSets: [], certificates: [certificate(['*.orders-pods.demo.svc.d.example'], 'x')] }],
    [
      'the configuration, which counts more than a Certificate',
      {
        petSets: config('advertised.listeners=BROKER://orders-pods.demo.svc.c.example:9092'),
        certificates: [certificate(['orders-pods.demo.svc.cluster.local'])],
      },
      'c.example',
    ],
  ];
  for (const [name, live, is] of cases) {
    test(name, () => assert.equal(observedDomain({ name: 'orders', namespace: 'demo', ...live }), is));
  }
});
