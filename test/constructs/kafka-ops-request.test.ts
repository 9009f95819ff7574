import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiObject, Duration, JsonPatch } from 'cdk8s';
import { ApplyWhen, KafkaOperation, KafkaOpsRequest, type KafkaOpsRequestProps, TlsIssuer } from '#constructs/index';
import { newChart, only } from './app-builder';

function chartWith(operation: KafkaOperation, props: Partial<KafkaOpsRequestProps> = {}) {
  const chart = newChart();
  new KafkaOpsRequest(chart, 'once', { name: 'once', kafka: 'orders', operation, ...props });
  return chart;
}
const ISSUER = { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'ca' };

const operations: readonly (readonly [name: string, operation: KafkaOperation, spec: object])[] = [
  [
    'adds TLS or changes its issuer',
    KafkaOperation.reconfigureTls({ issuer: TlsIssuer.issuer('ca'), server: { duration: Duration.days(1) } }),
    {
      type: 'ReconfigureTLS',
      tls: {
        issuerRef: ISSUER,
        certificates: [
          { alias: 'server', secretName: 'orders-server-cert', duration: '24h', privateKey: { encoding: 'PKCS8' } },
          { alias: 'client', secretName: 'orders-client-cert', privateKey: { encoding: 'PKCS8' } },
        ],
      },
    },
  ],
  ['rotates certificates', KafkaOperation.rotateCertificates(), { type: 'ReconfigureTLS', tls: { rotateCertificates: true } }],
  ['removes TLS', KafkaOperation.removeTls(), { type: 'ReconfigureTLS', tls: { remove: true } }],
  ['restarts pods', KafkaOperation.restart(), { type: 'Restart', restart: {} }],
];
for (const [name, operation, spec] of operations) {
  test(`${name}, in the chart of the user`, () => {
    const request = only(chartWith(operation), 'KafkaOpsRequest');
    assert.deepEqual(request.metadata, { name: 'once', namespace: 'demo' });
    assert.deepEqual(request.spec, { ...spec, databaseRef: { name: 'orders' } });
  });
}

test('sets timeout, start condition and retries', () => {
  const chart = chartWith(KafkaOperation.restart(), {
    timeout: Duration.minutes(20),
    apply: ApplyWhen.ALWAYS,
    maxRetries: 2,
    extraSpec: { future: true },
  });
  const { timeout, apply, maxRetries, future } = only(chart, 'KafkaOpsRequest').spec;
  assert.deepEqual([timeout, apply, maxRetries, future], ['20m', 'Always', 2, true]);
});

test('has the request as default child, which can be patched', () => {
  const chart = newChart();
  const once = new KafkaOpsRequest(chart, 'once', { name: 'once', kafka: 'orders', operation: KafkaOperation.restart() });
  ApiObject.of(once).addJsonPatch(JsonPatch.add('/metadata/labels', { team: 'streams' }));
  assert.deepEqual(only(chart, 'KafkaOpsRequest').metadata.labels, { team: 'streams' });
});
