import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Executor } from '#constructs/index';
import { document, kafkaTls, newChart, refusals } from './app-builder';

const desired = (chart = newChart()) => document(chart, /^desired/) as unknown as { readonly clusterDomain?: string };

test('a declared domain is in the desired state and in the names of certificates', () => {
  const chart = newChart();
  kafkaTls(chart, { clusterDomain: 'k8s.corp.example', executor: Executor.native() });
  assert.equal(desired(chart).clusterDomain, 'k8s.corp.example');
  const { dnsNames } = document(chart, /^certificate-orders-server/).spec;
  assert.ok(dnsNames.includes('*.orders-pods.demo.svc.k8s.corp.example'));
  assert.ok(!JSON.stringify(dnsNames).includes('cluster.local'));
});

test('a domain that is not declared is not written down', () => {
  const chart = newChart();
  kafkaTls(chart, { executor: Executor.native() });
  assert.ok(!('clusterDomain' in desired(chart)));
});

for (const clusterDomain of ['cluster.local.', 'Corp.Example', 'svc cluster', '']) {
  test(`refuses the domain "${clusterDomain}"`, () => {
    const chart = newChart();
    kafkaTls(chart, { clusterDomain });
    assert.match(refusals(chart).join('\n'), /clusterDomain is "?.*"?: that is not the DNS domain of a cluster/);
  });
}
