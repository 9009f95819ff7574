/** One row a reason at least: what is different, what is found, about whom. Every reason of the vocabulary is met by some row or plan. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS } from '#model/kube-object';
import { certificateFindings } from '#reconciler/plan/checks/certificates';
import { kafkaFindings, petSetFindings } from '#reconciler/plan/checks/configuration';
import { podFindings, unknownPodFindings } from '#reconciler/plan/checks/pods';
import { rotationFindings, secretFindings } from '#reconciler/plan/checks/secrets';
import type { PlanInput } from '#reconciler/plan/plan-input';
import { untyped } from '#test/support/untyped';
import { ClusterBuilder, certificate, NOW, TLS, tlsBy } from '../support/cluster-builder';

const cluster = () => new ClusterBuilder();
const world = (b: ClusterBuilder): PlanInput => ({ bundle: b.bundle, live: b.live, now: new Date(NOW) });
const all = (w: PlanInput) => [
  ...kafkaFindings(w),
  ...certificateFindings(w),
  ...secretFindings(w),
  ...rotationFindings(w),
  ...petSetFindings(w),
  ...podFindings(w),
  ...unknownPodFindings(w),
];
const ready = (status: string, more: object = {}) => ({
  revision: 1,
  conditions: [{ type: 'Ready', status, observedGeneration: 1 }],
  ...more,
});
const SERVER = 'orders-server-cert';
const issuer = (spec: object) => ({
  kind: 'Issuer' as const,
  name: 'orders-ca',
  object: { ...KINDS.Issuer, metadata: { name: 'orders-ca' }, spec },
});
const issued = (notBefore: string) => cluster().secret(SERVER, { leaf: certificate('server', { notBefore }) });

const ROWS: readonly { readonly name: string; readonly cluster: ClusterBuilder; readonly finds: readonly string[] }[] = [
  {
    name: 'TLS is wanted',
    cluster: new ClusterBuilder('combined', 'off').wants(TLS).sees(() => ({ pods: [], petSets: [] })),
    finds: [
      'TlsDisabled orders',
      'CertificateMissing orders-server-cert',
      'CertificateMissing orders-client-cert',
      'SecretMissing orders-server-cert',
      'SecretMissing orders-client-cert',
      'PodMissing orders-0',
      'PodMissing orders-1',
      'PodMissing orders-2',
    ],
  },
  {
    name: 'a certificate with another Secret',
    cluster: cluster().certificate(SERVER, (c) => ({ ...c, spec: { ...c.spec, secretName: 'x' } })),
    finds: [`CertificateDiffers ${SERVER}`],
  },
  {
    name: 'what a server defaults is not compared',
    cluster: cluster().certificate(SERVER, (c) => ({ ...c, spec: { ...c.spec, revisionHistoryLimit: 1 } })),
    finds: [],
  },
  {
    name: 'a certificate that is Ready at an earlier generation',
    cluster: cluster().certificate(SERVER, (c) => ({ ...c, metadata: { ...c.metadata, generation: 2 } })),
    finds: [`CertificateNotReady ${SERVER}`],
  },
  {
    name: 'a certificate that is not Ready',
    cluster: cluster().certificate(SERVER, (c) => ({ ...c, status: ready('False') })),
    finds: [`CertificateNotReady ${SERVER}`],
  },
  {
    name: 'a Secret without a key store',
    cluster: cluster().secret(SERVER, { keys: ['ca.crt', 'tls.crt', 'tls.key'] }),
    finds: [`SecretIncomplete ${SERVER}`],
  },
  {
    name: 'a Secret of another issuer',
    cluster: cluster().secret(SERVER, { annotations: { 'cert-manager.io/issuer-name': 'other' } }),
    finds: [`SecretFromOtherIssuer ${SERVER}`],
  },
  { name: 'a Secret that says nothing of its issuer is believed', cluster: cluster().secret(SERVER, { annotations: {} }), finds: [] },
  {
    name: 'a leaf without a wanted name',
    cluster: cluster()
      .secret(SERVER, { leaf: certificate('server', { dnsNames: ['localhost'] }) })
      .certificate(SERVER, (c) => ({ ...c, status: {} })),
    finds: [`CertificateNotReady ${SERVER}`, `SecretLacksNames ${SERVER}`],
  },
  {
    name: 'a leaf without a name that was asked for',
    cluster: cluster().secret(SERVER, { leaf: certificate('server', { dnsNames: ['localhost'] }) }),
    finds: [], // its issuer dropped it: issuing again does not help
  },
  {
    name: 'a key in another encoding',
    cluster: cluster()
      .wants(tlsBy('orders-ca', { certificates: [{ alias: 'client', privateKey: { encoding: 'PKCS8' } }] }))
      .kafka((k) => ({
        ...k,
        spec: { ...untyped(k.spec), tls: tlsBy('orders-ca', { certificates: [{ alias: 'client', privateKey: { encoding: 'PKCS8' } }] }) },
      }))
      .secret('orders-client-cert', { keyEncoding: 'PKCS1' }),
    finds: ['KeyEncodingDiffers orders-client-cert'],
  },
  {
    name: 'a leaf that expires soon',
    cluster: cluster().secret(SERVER, { leaf: certificate('server', { notAfter: '2026-11-30T00:00:00Z' }) }),
    finds: [`CertificateExpiring ${SERVER}`],
  },
  {
    name: 'a third of the lifetime is the default margin',
    cluster: cluster().secret(SERVER, {
      leaf: certificate('server', { notBefore: '2026-09-24T09:00:00Z', notAfter: '2026-12-23T09:00:01Z' }),
    }),
    finds: [],
  },
  {
    name: 'one second is rounding',
    cluster: issued('2026-11-23T08:00:00Z')
      .desires({ issuedAfter: '2026-11-23T08:00:00.900Z' })
      .secret('orders-client-cert', { leaf: certificate('client', { notBefore: '2026-11-23T08:00:00Z' }) })
      .issuer(issuer({ ca: {} })),
    finds: [],
  },
  {
    name: "cert-manager's own issuers do not backdate",
    cluster: issued('2026-11-23T08:00:00Z')
      .desires({ issuedAfter: '2026-11-23T08:00:30Z' })
      .secret('orders-client-cert', { leaf: certificate('client', { notBefore: '2026-11-23T08:00:40Z' }) })
      .issuer(issuer({ ca: {} })),
    finds: [`CertificateTooOld ${SERVER}`],
  },
  {
    name: 'other issuers do',
    cluster: issued('2026-11-23T08:00:00Z')
      .desires({ issuedAfter: '2026-11-23T08:00:30Z' })
      .secret('orders-client-cert', { leaf: certificate('client', { notBefore: '2026-11-23T08:00:40Z' }) })
      .issuer(issuer({ vault: {} })),
    finds: [],
  },
  {
    name: 'a template without the certificate',
    cluster: cluster().sees(({ petSets }) => ({
      petSets: petSets.map((s, i) =>
        i === 0 ? { ...s, object: { ...s.object, spec: { ...s.object.spec, template: { spec: { containers: [] } } } } } : s,
      ),
    })),
    finds: ['TemplateDiffers orders-controller'],
  },
  {
    name: 'a configuration without TLS',
    cluster: cluster().sees(({ petSets }) => ({
      petSets: petSets.map((s, i) =>
        i === 1 ? { ...s, config: { 'config.properties': 'listener.security.protocol.map=BROKER:SASL_PLAINTEXT' } } : s,
      ),
    })),
    finds: ['ConfigDiffers orders-broker-config'],
  },
  {
    name: 'a configuration that only KubeDB writes',
    cluster: cluster()
      .desires({ executor: 'ops-request' })
      .sees(({ petSets }) => ({ petSets: petSets.map((s) => ({ ...s, config: {} })) })),
    finds: [],
  },
  {
    name: 'a pod of an earlier template',
    cluster: cluster().pod('orders-broker-0', { certificateSecret: 'former-cert' }),
    finds: ['PodHasOldRevision orders-broker-0'],
  },
  {
    name: 'a template that was changed for something else than TLS',
    cluster: cluster().pod('orders-broker-0', { revision: 'old' }),
    finds: [],
  },
  {
    name: 'a pod that speaks plaintext',
    cluster: cluster().podServes('orders-broker-0', { protocol: 'plaintext' }),
    finds: ['PodServesOtherProtocol orders-broker-0'],
  },
  {
    name: 'a pod that cannot be seen and is older than its certificate may have loaded it',
    cluster: cluster()
      .podServes('orders-broker-0', { protocol: 'unknown', because: 'refused' })
      .pod('orders-broker-0', { startedAt: '2026-01-01T00:00:00Z' }),
    finds: ['PodServesUnknown orders-broker-0'],
  },
  {
    name: 'a pod that cannot be seen, is older than its certificate and loads none while it runs',
    cluster: cluster()
      .byRestart()
      .podServes('orders-broker-0', { protocol: 'unknown', because: 'refused' })
      .pod('orders-broker-0', { startedAt: '2026-01-01T00:00:00Z' }),
    finds: ['PodHasOldCertificate orders-broker-0', 'PodServesUnknown orders-broker-0'],
  },
  {
    name: 'a pod on its way out is left alone',
    cluster: cluster().pod('orders-broker-0', { isTerminating: true, revision: 'old' }),
    finds: ['PodMissing orders-broker-0'],
  },
  {
    name: 'a pod that cannot start',
    cluster: cluster().pod('orders-broker-0', { stuck: 'CrashLoopBackOff', isReady: false }),
    finds: ['PodStuck orders-broker-0'],
  },
];

describe('what of the live state is not as desired', () => {
  for (const row of ROWS) {
    test(row.name, () => {
      const found = all(world(row.cluster));
      assert.deepEqual(
        found.map((f) => `${f.reason} ${f.subject.name}`),
        row.finds,
      );
      for (const f of found) assert.ok(f.message.length > 0 && !f.message.endsWith('.'), `a message is part of a sentence: ${f.message}`);
    });
  }
});
