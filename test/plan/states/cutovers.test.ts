/**
 * When a change is a cut-over: exactly if nodes refuse each other while some have changed, by the same rules as the states of a plan. Where
 * certificates do not show it, the cautious answer counts.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CaFacts, IssuerState } from '#reconciler/model/observation';
import { detectCutover } from '#reconciler/plan/cutover';
import { ClusterBuilder, certificate, NOW, readyIssuer, root, signingWith, TLS, tlsBy } from '../../support/cluster-builder';

const OLD = root('root-of-orders-ca', { subject: 'CN=root of orders-ca', issuer: 'CN=root of orders-ca' });
const NEW = root('new');
const signed = (ca: CaFacts, by: CaFacts): CaFacts => ({
  ...ca,
  fingerprint: `${ca.fingerprint} by ${by.fingerprint}`,
  issuer: by.subject,
  signers: [by.publicKey],
});
const BRIDGE = signed(NEW, OLD);
const EXPIRED = { notAfter: '2026-11-22T09:00:00Z' };

const by = (name: string, state: Partial<IssuerState>): IssuerState => ({ kind: 'Issuer', name, object: readyIssuer(name), ...state });
const toIssuer = (state: Partial<IssuerState>) => new ClusterBuilder().wants(tlsBy('ca-2')).issuer(by('ca-2', state));
const rotated = (state: Partial<IssuerState>) => new ClusterBuilder().desires({ issuedAfter: NOW }).issuer(by('orders-ca', state));
const held = (change: object) => (b: ClusterBuilder) => b.secret('orders-server-cert', change);

interface Case {
  readonly name: string;
  readonly cluster: ClusterBuilder;
  readonly is: 'protocol' | 'root' | 'expired' | undefined;
  readonly because?: RegExp;
}

const CASES: readonly Case[] = [
  { name: 'nothing changes', cluster: new ClusterBuilder(), is: undefined },
  { name: 'TLS is turned on', cluster: new ClusterBuilder('dedicated', 'off').wants(TLS), is: 'protocol', because: /turned on/ },
  { name: 'TLS is turned off', cluster: new ClusterBuilder().wants('off'), is: 'protocol', because: /turned off/ },
  {
    name: 'the spec is as desired, and a pod serves plaintext still',
    cluster: new ClusterBuilder().podServes('orders-broker-0', { protocol: 'plaintext' }),
    is: 'protocol',
  },
  {
    name: 'TLS is off in the spec, and a pod serves it still',
    cluster: new ClusterBuilder('dedicated', 'off').podServes('orders-broker-0', { protocol: 'tls', leaf: certificate('old') }),
    is: 'protocol',
  },
  { name: 'TLS is turned off, and no pod can be observed', cluster: unobserved(new ClusterBuilder().wants('off')), is: 'protocol' },
  { name: 'a rotation under the same CA', cluster: rotated(signingWith(OLD)), is: undefined },
  { name: 'a rotation, and no pod can be observed', cluster: unobserved(rotated(signingWith(OLD))), is: undefined },
  { name: 'the same issuer has another CA', cluster: rotated(signingWith(NEW)), is: 'root', because: /another CA than pods trust/ },
  {
    name: 'the same issuer has another CA, and no pod can be observed',
    cluster: unobserved(rotated(signingWith(NEW))),
    is: 'root',
  },
  {
    name: 'the CA was renewed with its key',
    cluster: rotated(signingWith({ ...OLD, fingerprint: 'fp-renewed' })),
    is: undefined,
  },
  {
    name: 'the CA was renewed with its key under another name: Java compares names',
    cluster: rotated(signingWith(root('renamed', { publicKey: OLD.publicKey, signers: [OLD.publicKey] }))),
    is: 'root',
  },
  { name: 'another issuer with the same root', cluster: toIssuer(signingWith(OLD)), is: undefined },
  { name: 'another issuer with another root', cluster: toIssuer(signingWith(NEW)), is: 'root', because: /another root than pods trust/ },
  { name: 'another issuer under the same root, by a bridge', cluster: toIssuer({ ...signingWith(OLD), chain: [BRIDGE] }), is: undefined },
  {
    name: 'the bridge is no CA',
    cluster: toIssuer({ ...signingWith(OLD), chain: [{ ...BRIDGE, isCa: false }] }),
    is: 'root',
  },
  {
    name: 'the bridge names another issuer than has signed it',
    cluster: toIssuer({ ...signingWith(OLD), chain: [{ ...BRIDGE, issuer: 'CN=other' }] }),
    is: 'root',
  },
  {
    name: 'nodes trust the bridge, and the new root has its key',
    cluster: held({ leaf: certificate('server', leafBy(NEW)), chain: [BRIDGE], ca: [BRIDGE] })(rotated(signingWith(NEW))),
    is: undefined,
  },
  {
    name: 'nodes trust the old root, and the new one comes without the bridge',
    cluster: held({ leaf: certificate('server', leafBy(NEW)), chain: [BRIDGE], ca: [OLD] })(rotated(signingWith(NEW))),
    is: 'root',
  },
  { name: 'the CA of the same issuer cannot be read', cluster: rotated({}), is: undefined },
  { name: 'the CA of another issuer cannot be read', cluster: toIssuer({}), is: 'root', because: /cannot be shown/ },
  {
    name: 'an observation of an earlier version lacks the signers, and the keys are the same',
    cluster: held({ leaf: withoutSigners() })(toIssuer(signingWith(OLD))),
    is: undefined,
  },
  {
    name: 'an observation of an earlier version lacks the signers, and the keys differ',
    cluster: held({ leaf: withoutSigners() })(toIssuer(signingWith(NEW))),
    is: 'root',
  },
  { name: 'Secrets may not be read', cluster: held({ unread: 'forbidden' })(toIssuer(signingWith(NEW))), is: undefined },
  {
    name: 'a pod serves a certificate that the CA in its Secret has not signed',
    cluster: new ClusterBuilder().podServes('orders-broker-0', {
      protocol: 'tls',
      leaf: certificate('old', leafBy(NEW)),
      isSignedBySecretCa: false,
    }),
    is: 'root',
    because: /two roots/,
  },
  { name: 'one pod serves an expired certificate', cluster: expired('orders-broker-0'), is: undefined },
  { name: 'two pods serve an expired certificate', cluster: expired('orders-broker-0', 'orders-broker-1'), is: 'expired' },
  {
    name: 'one pod serves an expired certificate, and KubeDB chooses the order',
    cluster: expired('orders-broker-0').desires({ executor: 'ops-request' }),
    is: 'expired',
  },
];

function leafBy({ subject, publicKey }: CaFacts) {
  return { issuer: subject, signers: [publicKey] };
}

function withoutSigners() {
  const { signers: _, ...leaf } = certificate('server');
  return leaf;
}

function unobserved(b: ClusterBuilder): ClusterBuilder {
  for (const { name } of b.live.pods) b.podServes(name, { protocol: 'unknown', because: 'no route' });
  return b;
}

function expired(...pods: readonly string[]): ClusterBuilder {
  const leaf = certificate('expired', EXPIRED);
  const b = new ClusterBuilder();
  for (const pod of pods) b.podServes(pod, { protocol: 'tls', leaf, expiredAt: EXPIRED.notAfter, isSignedBySecretCa: true });
  return b;
}

describe('a change is a cut-over', () => {
  for (const { name, cluster, is, because } of CASES) {
    test(`${name}: ${is ?? 'no'}`, () => {
      const { bundle, live } = cluster;
      const isIssuing = bundle.tls !== 'off' && (bundle.tls.issuerRef.name !== 'orders-ca' || bundle.desired.issuedAfter !== undefined);
      const found = detectCutover({ bundle, live, now: new Date(NOW) }, new Set(isIssuing ? ['server', 'client'] : []));
      assert.equal(found?.kind, is);
      if (because !== undefined) assert.match(found?.because ?? '', because);
    });
  }
});
