/** A live state with another spelling and the same effect needs no work, under both executors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EXECUTORS } from '#model/desired';
import type { Certificate, Kafka } from '#model/kinds/index';
import { ANNOTATION_OWNER, LABEL_KAFKA } from '#model/names';
import type { Observation } from '#reconciler/model/observation';
import { partsOf } from '#reconciler/model/plan';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, certificate, KAFKA, NAMESPACE, NOW, OWNER, root, tlsBy } from '../support/cluster-builder';

const NAMES = { dnsNames: ['a.example.org', 'b.example.org'], ipAddresses: ['10.0.0.1', '2001:db8::1'], uris: ['spiffe://demo/Orders'] };
const SUBJECT = { organizations: ['a', 'b'], countries: ['CH'] };
const TLS = tlsBy('orders-ca', {
  certificates: [
    { alias: 'server', ...NAMES, subject: SUBJECT, duration: '2160h', privateKey: { encoding: 'PKCS8' } },
    { alias: 'client' },
  ],
});
const BILLING: Certificate = {
  apiVersion: 'cert-manager.io/v1',
  kind: 'Certificate',
  metadata: { name: 'billing', namespace: NAMESPACE, labels: { [LABEL_KAFKA]: KAFKA }, annotations: { [ANNOTATION_OWNER]: OWNER } },
  spec: { secretName: 'billing', ...NAMES, subject: SUBJECT, issuerRef: { name: 'orders-ca', kind: 'Issuer', group: 'cert-manager.io' } },
};
const READY = { status: { revision: 1, conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] } };

/** Other spellings of a value, the first of which is the usual one. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  'a.example.org': ['a.example.org', 'A.EXAMPLE.org'],
  '10.0.0.1': ['10.0.0.1', '::ffff:10.0.0.1', '::FFFF:a00:1'],
  '127.0.0.1': ['127.0.0.1', '::ffff:7f00:1'],
  '2001:db8::1': ['2001:db8::1', '2001:0DB8:0:0:0:0:0:1'],
  'spiffe://demo/Orders': ['spiffe://demo/Orders', 'SPIFFE://Demo/Orders'],
  '2160h': ['2160h', '2160h0m0s', '129600m'],
  '5m': ['5m', '300s'],
};
/** Members that may be left out, for their value is the default. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  duration: '2160h',
  group: 'cert-manager.io',
  apiGroup: 'cert-manager.io',
  rotationPolicy: 'Always',
};

type Choose = (n: number) => number;

function respelled(value: unknown, choose: Choose): unknown {
  if (typeof value === 'string') {
    const spellings = SPELLINGS[value] ?? [value];
    return spellings[choose(spellings.length)];
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => respelled(item, choose));
    if (items.some((item) => typeof item !== 'string')) return items;
    return [...(choose(2) === 0 ? items : items.reverse()), ...(choose(2) === 0 ? [] : items.slice(0, 1))];
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .filter(([key, member]) => DEFAULTS[key] !== member || choose(2) === 0)
    .map(([key, member]) => [key, respelled(member, choose)]);
  return Object.fromEntries(members);
}

function respelledProperties(text: string, choose: Choose): string {
  const lines = text.split('\n').map((line) => (choose(2) === 0 ? line : line.replace('=', ' = ')));
  const spaced = lines.map((line) => (choose(2) === 0 ? line : line.replaceAll(',', ', ')));
  const entries = choose(2) === 0 ? spaced : ['# by hand', '', ...spaced.reverse()];
  return `${entries.join('\n')}\n`;
}

function respelledState(live: Observation, choose: Choose): Observation {
  const { kafka } = live;
  const tls = respelled(kafka?.spec?.tls, choose) as { certificates: { alias: string; privateKey?: object }[] };
  const certificates = tls.certificates.map(({ privateKey, ...c }) =>
    choose(2) === 0 && privateKey !== undefined ? { ...c, privateKey } : c,
  );
  return {
    ...live,
    kafka: {
      ...kafka,
      spec: { ...kafka?.spec, tls: { ...tls, certificates: choose(2) === 0 ? certificates : certificates.reverse() } },
    } as unknown as Kafka,
    certificates: live.certificates.map((c) => ({ ...c, spec: respelled(c.spec, choose) as typeof c.spec })),
    petSets: live.petSets.map((set) => ({
      ...set,
      config: Object.fromEntries(Object.entries(set.config ?? {}).map(([file, text]) => [file, respelledProperties(text, choose)])),
    })),
  };
}

for (const executor of EXECUTORS) {
  test(`a respelled live state is nothing to do for ${executor}`, () => {
    const cluster = new ClusterBuilder('dedicated', TLS).desires({ executor }).issuing(BILLING);
    cluster.sees(({ certificates, secrets }) => ({
      certificates: [...certificates, { ...BILLING, ...READY }],
      secrets: [
        ...secrets,
        {
          name: 'billing',
          uid: 'u',
          resourceVersion: '1',
          keys: ['tls.crt'],
          annotations: {},
          leaf: certificate('billing'),
          ca: [root('root-of-orders-ca')],
        },
      ],
    }));
    const property = fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const choose: Choose = (n) => (numbers.next().value ?? 0) % n;
      const { steps, obstacles } = plan(cluster.bundle, respelledState(cluster.live, choose), new Date(NOW));
      assert.deepEqual(
        [...steps.flatMap(partsOf).flatMap((p) => p.findings), ...obstacles].map((f) => `${f.subject.name}: ${f.message}`),
        [],
      );
    });
    fc.assert(property, { seed: Number(process.env.FC_SEED ?? 20261123), numRuns: 200 });
  });
}
