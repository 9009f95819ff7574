/** Owners of the Issuers and Certificates of a bundle: ours are applied, those of another owner are refused before the first change. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asKind, isKind } from '#model/kinds/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import { ANNOTATION_OWNER, LABEL_KAFKA } from '#model/names';
import { plan } from '#reconciler/plan/plan';
import { ClusterBuilder, KAFKA, NAMESPACE, NOW, OWNER } from '../support/cluster-builder';

const meta = (name: string, labels = {}, annotations = {}) => ({ name, namespace: NAMESPACE, labels, annotations });
const OURS = { labels: { [LABEL_KAFKA]: KAFKA }, annotations: { [ANNOTATION_OWNER]: OWNER } };
const READY = { status: { revision: 1, conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] } };

const issuer = (secretName: string, metadata: KubeObject['metadata'] = { ...meta('corp-ca'), ...OURS }): KubeObject => ({
  apiVersion: KINDS.Issuer.apiVersion,
  kind: 'Issuer',
  metadata,
  spec: { ca: { secretName } },
  ...READY,
});
const certificate = (spec: object, metadata: KubeObject['metadata'] = { ...meta('billing'), ...OURS }): KubeObject => ({
  apiVersion: KINDS.Certificate.apiVersion,
  kind: 'Certificate',
  metadata,
  spec: { secretName: 'billing', issuerRef: { name: 'corp-ca', kind: 'Issuer', group: 'cert-manager.io' }, ...spec },
  ...READY,
});

const live = (has: KubeObject) => {
  const c = new ClusterBuilder();
  return isKind('Certificate', has)
    ? c.sees(({ certificates }) => ({ certificates: [...certificates, has] }))
    : c.issuer({ kind: 'Issuer', name: has.metadata.name, object: asKind('Issuer', has) });
};
const secret = (name: string, annotations: Record<string, string>) => ({
  name,
  uid: name,
  resourceVersion: '1',
  keys: ['tls.crt', 'tls.key'],
  annotations,
});

interface Case {
  readonly name: string;
  readonly wants: KubeObject;
  readonly cluster: ClusterBuilder;
  readonly refuses?: string;
  readonly hint?: RegExp;
  readonly does?: readonly string[];
}

const CASES: readonly Case[] = [
  { name: 'our issuer is as desired', wants: issuer('corp-ca'), cluster: live(issuer('corp-ca')), does: [] },
  {
    name: 'our issuer differs',
    wants: issuer('corp-ca'),
    cluster: live(issuer('other')),
    does: ['apply Issuer/corp-ca', 'awaitReady Issuer/corp-ca'],
  },
  {
    name: 'an issuer of another Kafka is refused, and the message names its owner',
    wants: issuer('corp-ca'),
    cluster: live(issuer('corp-ca', meta('corp-ca', { [LABEL_KAFKA]: 'parcels' }, { [ANNOTATION_OWNER]: 'demo/parcels' }))),
    refuses: 'Issuer/corp-ca belongs to demo/parcels, and only one KafkaTls may own it',
    hint: /^Refer to it with TlsIssuer\.issuer\('corp-ca'\)\.$/,
  },
  {
    name: 'our issuer with the previous owner id is changed',
    wants: issuer('corp-ca'),
    cluster: live(issuer('corp-ca', meta('corp-ca', { [LABEL_KAFKA]: KAFKA }, { [ANNOTATION_OWNER]: 'platform/orders' }))),
    does: ['apply Issuer/corp-ca', 'awaitReady Issuer/corp-ca'],
  },
  {
    name: 'an issuer without an owner and with the same content is adopted',
    wants: issuer('corp-ca'),
    cluster: live(issuer('corp-ca', meta('corp-ca'))),
    does: ['apply Issuer/corp-ca', 'awaitReady Issuer/corp-ca'],
  },
  {
    name: 'an issuer without an owner and with other content is refused',
    wants: issuer('corp-ca'),
    cluster: live(issuer('by-hand', meta('corp-ca'))),
    refuses: 'Issuer/corp-ca exists, belongs to no KafkaTls, and has other content: spec.ca.secretName differs',
    hint: /^Refer to it with TlsIssuer\.issuer\('corp-ca'\)\. To have it created as desired, delete it first\.$/,
  },
  {
    name: 'a certificate without an owner and in another spelling is adopted',
    wants: certificate({ duration: '2160h', dnsNames: ['a.example.org', 'b.example.org'] }),
    cluster: live(
      certificate({ dnsNames: ['B.example.org', 'a.example.org'], usages: ['key encipherment', 'digital signature'] }, meta('billing')),
    ),
    does: ['apply Certificate/billing', 'awaitReady Certificate/billing'],
  },
  {
    name: 'a certificate without an owner and with other names is refused',
    wants: certificate({ dnsNames: ['a.example.org'] }),
    cluster: live(certificate({ dnsNames: ['b.example.org'] }, meta('billing'))),
    refuses: 'Certificate/billing exists, belongs to no KafkaTls, and has other content: spec.dnsNames differs',
    hint: /^Give the certificate another name\./,
  },
  {
    name: 'a Secret that cert-manager wrote for this certificate is used again',
    wants: certificate({}),
    cluster: new ClusterBuilder().sees(({ secrets }) => ({
      secrets: [...secrets, secret('billing', { 'cert-manager.io/certificate-name': 'billing' })],
    })),
    does: ['apply Certificate/billing', 'awaitReady Certificate/billing'],
  },
  {
    name: 'a CA Secret that was created by hand is not overwritten',
    wants: certificate({ isCA: true }),
    cluster: new ClusterBuilder().sees(({ secrets }) => ({ secrets: [...secrets, secret('billing', {})] })),
    refuses: 'Secret/billing was not created by cert-manager, and Certificate/demo/billing would overwrite it',
    hint: /To sign with its CA, use TlsIssuer\.caSecret\('billing'\)\.$/,
  },
  {
    name: 'the Secret of another Certificate is not overwritten',
    wants: certificate({}),
    cluster: new ClusterBuilder().sees(({ secrets }) => ({
      secrets: [...secrets, secret('billing', { 'cert-manager.io/certificate-name': 'invoices' })],
    })),
    refuses: 'Secret/billing holds the certificate of Certificate/invoices, and Certificate/demo/billing would overwrite it',
  },
];

describe('objects of the bundle', () => {
  for (const { name, wants, cluster, refuses, hint, does } of CASES) {
    test(name, () => {
      const { status: _, ...manifest } = wants;
      const world = cluster.issuing(manifest as KubeObject);
      for (const takeOver of [false, true]) {
        const { obstacles, steps } = plan(world.bundle, world.live, new Date(NOW), { takeOver });
        assert.deepEqual(
          obstacles.map((o) => `${o.kind} ${o.subject.kind}/${o.subject.name} ${o.message}`),
          refuses === undefined ? [] : [`invalid ${refuses}`],
        );
        if (hint !== undefined) assert.match(obstacles[0]?.hint ?? '', hint);
        const about = steps.filter((s) => s.subject.name === manifest.metadata.name);
        assert.deepEqual(
          about.map((s) => `${s.kind} ${s.subject.kind}/${s.subject.name}`),
          does ?? [],
        );
      }
    });
  }
});
