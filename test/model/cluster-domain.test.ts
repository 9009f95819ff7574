import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { domainIn, isClusterDomain } from '#model/cluster-domain';
import { KINDS } from '#model/kube-object';
import { type DomainSources, observedDomain } from '#reconciler/model/observed-domain';

const IN_NAMES: readonly { readonly names: readonly string[]; readonly is: string | undefined }[] = [
  { names: ['localhost', 'orders-pods', 'orders-pods.demo.svc'], is: undefined },
  { names: ['*.orders-pods.demo.svc.k8s.corp.example'], is: 'k8s.corp.example' },
  { names: ['orders-pods.demo.svc.cluster.local'], is: 'cluster.local' },
  { names: ['orders-broker-0.orders-pods.demo.svc.Corp.'], is: 'corp' },
  { names: ['parcels-orders-pods.demo.svc.a.example', 'orders-pods.prod.svc.b.example'], is: undefined },
  { names: ['kafka.example.org', 'orders-pods.demo.svc.c.example'], is: 'c.example' },
];
for (const { names, is } of IN_NAMES) {
  test(`reads ${is ?? 'no domain'} off ${names.join(', ')}`, () => assert.equal(domainIn(names, 'orders-pods', 'demo'), is));
}

describe('what is a DNS domain of a cluster', () => {
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

describe('the domain that a Kafka shows', () => {
  const config = (...lines: readonly string[]) => [{ config: { 'config.properties': `${lines.join('\n')}\n` } }];
  const certificate = (dnsNames: readonly string[], name = 'orders-server-cert') => ({
    ...KINDS.Certificate,
    metadata: { name },
    spec: { dnsNames },
  });
  const cases: readonly {
    readonly name: string;
    readonly live: Omit<DomainSources, 'name' | 'namespace'>;
    readonly is: string | undefined;
  }[] = [
    { name: 'nothing', live: { petSets: [{}], certificates: [] }, is: undefined },
    {
      name: 'voters',
      live: { petSets: config('controller.quorum.voters = 1000@orders-controller-0.orders-pods.demo.svc.a.example:9093') },
      is: 'a.example',
    },
    {
      name: 'bootstrap servers',
      live: { petSets: config('controller.quorum.bootstrap.servers=x:1,\\\n  orders-0.orders-pods.demo.svc.b.example:9093') },
      is: 'b.example',
    },
    {
      name: 'advertised listeners',
      live: { petSets: config('advertised.listeners=LOCAL://localhost:29092,BROKER://orders-pods.demo.svc.c.example:9092') },
      is: 'c.example',
    },
    { name: 'its Certificate', live: { petSets: [], certificates: [certificate(['*.orders-pods.demo.svc.d.example'])] }, is: 'd.example' },
    {
      name: 'a Certificate of another name',
      live: { petSets: [], certificates: [certificate(['*.orders-pods.demo.svc.d.example'], 'x')] },
      is: undefined,
    },
    {
      name: 'the configuration, which counts more than a Certificate',
      live: {
        petSets: config('advertised.listeners=BROKER://orders-pods.demo.svc.c.example:9092'),
        certificates: [certificate(['orders-pods.demo.svc.cluster.local'])],
      },
      is: 'c.example',
    },
  ];
  for (const { name, live, is } of cases) {
    test(name, () => assert.equal(observedDomain({ name: 'orders', namespace: 'demo', ...live }), is));
  }
});
