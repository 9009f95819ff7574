/** Which CA certificates clients must trust, how the ConfigMap is written, and what cannot be published. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LABEL_KAFKA } from '#model/names';
import type { CaFacts } from '#reconciler/model/observation';
import { plan } from '#reconciler/plan/plan';
import { casToTrust, isTrustBundleCurrent, trustBundleFinding, wantedTrustBundle } from '#reconciler/plan/trust-bundle';
import { trustBundleNotes } from '#reconciler/plan/trust-bundle-steps';
import { untyped } from '#test/support/untyped';
import { ClusterBuilder, certificate, NAMESPACE, NOW, readyIssuer, root, signingWith, TLS, tlsBy } from '../support/cluster-builder';

const ROOT = 'CN=root of orders-ca';
const world = ({ bundle, live }: ClusterBuilder) => ({ bundle, live, now: new Date(NOW) });

/** A cluster whose clients were told to trust these besides what they have to. */
function told(...more: readonly CaFacts[]): ClusterBuilder {
  return new ClusterBuilder().sees(({ trust }) => ({ trust: { ...trust, ca: [...(trust?.ca ?? []), ...more], digest: 'more' } }));
}

const OLD = root('old');
const ofOldRoot = { protocol: 'tls' as const, leaf: certificate('old leaf'), isSignedBySecretCa: false };

const ROWS: readonly { readonly name: string; readonly cluster: ClusterBuilder; readonly trust: readonly string[] }[] = [
  { name: 'all as desired', cluster: new ClusterBuilder(), trust: [ROOT] },
  { name: 'TLS is off', cluster: new ClusterBuilder('dedicated', 'off'), trust: [] },
  { name: 'TLS is going to be off', cluster: new ClusterBuilder().wants('off'), trust: [] },
  { name: 'a CA that was published and that no pod serves', cluster: told(OLD), trust: [ROOT] },
  {
    name: 'a pod still serves a certificate of a previous root',
    cluster: told(OLD).podServes('orders-broker-2', ofOldRoot),
    trust: ['CN=old', ROOT],
  },
  {
    name: 'a listener cannot be observed',
    cluster: told(OLD).podServes('orders-broker-2', { protocol: 'unknown', because: 'connection refused' }),
    trust: ['CN=old', ROOT],
  },
  {
    name: 'a served certificate cannot be compared with a CA',
    cluster: told(OLD).podServes('orders-broker-2', { protocol: 'tls', leaf: certificate('x') }),
    trust: ['CN=old', ROOT],
  },
  { name: 'a pod serves plaintext', cluster: told(OLD).podServes('orders-broker-2', { protocol: 'plaintext' }), trust: [ROOT] },
  {
    name: 'the former root has expired',
    cluster: told(root('old', { notAfter: NOW })).podServes('orders-broker-2', ofOldRoot),
    trust: [ROOT],
  },
  {
    name: 'the issuer signs with another CA now',
    cluster: new ClusterBuilder().issuer({
      kind: 'Issuer',
      name: 'orders-ca',
      object: readyIssuer('orders-ca'),
      ...signingWith(root('new')),
    }),
    trust: ['CN=new', ROOT],
  },
  {
    name: 'another issuer is wanted, and its CA can be read',
    cluster: new ClusterBuilder().wants(tlsBy('ca-2')).issuer({ kind: 'Issuer', name: 'ca-2', ...signingWith(root('ca-2')) }),
    trust: ['CN=ca-2', ROOT],
  },
  { name: 'another issuer is wanted, and its CA cannot be read', cluster: new ClusterBuilder().wants(tlsBy('ca-2')), trust: [ROOT] },
  {
    name: 'an issuer of clients only',
    cluster: new ClusterBuilder().issuer({ kind: 'Issuer', name: 'clients-ca', ...signingWith(root('clients')) }),
    trust: [ROOT],
  },
  {
    name: 'pods mount another Secret than wanted',
    cluster: new ClusterBuilder()
      .sees(({ secrets }) => ({ secrets: [...secrets, ...secrets.slice(0, 1).map((s) => ({ ...s, name: 'former', ca: [OLD] }))] }))
      .pod('orders-broker-0', { certificateSecret: 'former' }),
    trust: ['CN=old', ROOT],
  },
  {
    name: 'one certificate in two places',
    cluster: new ClusterBuilder()
      .secret('orders-server-cert', { ca: [OLD, OLD, root('old')] })
      .issuer({ kind: 'Issuer', name: 'orders-ca' }),
    trust: ['CN=old'],
  },
  {
    name: 'two certificates of one name',
    cluster: new ClusterBuilder()
      .secret('orders-server-cert', { ca: [root('b', { subject: 'CN=ca' }), root('a', { subject: 'CN=ca' })] })
      .issuer({ kind: 'Issuer', name: 'orders-ca' }),
    trust: ['CN=ca', 'CN=ca'],
  },
];

describe('clients must trust', () => {
  for (const { name, cluster, trust } of ROWS) {
    test(name, () => {
      assert.deepEqual(
        casToTrust(world(cluster)).map((ca) => ca.subject),
        trust,
      );
    });
  }
});

test('the same certificates are the same bytes, in whatever order they are found', () => {
  const [a, b, c] = [root('a', { subject: 'CN=ca' }), root('b', { subject: 'CN=ca' }), root('c', { subject: 'CN=a ca' })];
  const textOf = (ca: readonly CaFacts[]) => {
    const cluster = new ClusterBuilder().secret('orders-server-cert', { ca }).issuer({ kind: 'Issuer', name: 'orders-ca' });
    return untyped(wantedTrustBundle(world(cluster))?.data)['ca.crt'];
  };
  assert.equal(textOf([a, b, c]), textOf([c, b, a]));
  assert.equal(textOf([c, a, b]), [c, a, b].map((ca) => `# ${ca.subject}, until ${ca.notAfter}\n${ca.pem}`).join('\n'));
});

test('a subject is a comment, whatever is in it', () => {
  const subject = 'CN=-----BEGIN CERTIFICATE-----\nMIIB\u2028\r, O=Größe';
  const cluster = new ClusterBuilder()
    .secret('orders-server-cert', { ca: [root('x', { subject })] })
    .issuer({ kind: 'Issuer', name: 'orders-ca' });
  const text: string = untyped(wantedTrustBundle(world(cluster))?.data)['ca.crt'];
  assert.equal(text.split('\n')[0], '# CN=-BEGIN CERTIFICATE-?MIIB??, O=Gr??e, until 2035-11-23T09:00:00Z');
});

const uid = 'another Kafka';
const FINDINGS: readonly { readonly name: string; readonly cluster: ClusterBuilder; readonly says: string | undefined }[] = [
  { name: 'all as it should be', cluster: new ClusterBuilder(), says: undefined },
  { name: 'there is none', cluster: new ClusterBuilder().sees(() => ({ trust: { ca: [] } })), says: 'TrustMissing: missing' },
  { name: 'it was not looked at', cluster: new ClusterBuilder().sees(() => ({ trust: undefined as never })), says: undefined },
  { name: 'it holds too much', cluster: told(OLD), says: 'TrustDiffers: holds CN=old (fp-old), which no pod serves' },
  {
    name: 'it lacks one',
    cluster: new ClusterBuilder().sees(({ trust }) => ({ trust: { ...trust, ca: [], digest: 'none' } })),
    says: `TrustDiffers: lacks ${ROOT} (fp-root-)`,
  },
  {
    name: 'it has no ca.crt',
    cluster: new ClusterBuilder().sees(({ trust }) => ({ trust: { object: trust?.object as never, ca: [] } })),
    says: `TrustDiffers: lacks ${ROOT} (fp-root-)`,
  },
  {
    name: 'another writer added text between the certificates',
    cluster: new ClusterBuilder().sees(({ trust }) => ({ trust: { ca: [], ...trust, digest: 'edited' } })),
    says: 'TrustDiffers: ca.crt was edited',
  },
  {
    name: 'the Kafka was deleted and created again',
    cluster: new ClusterBuilder().kafka((k) => ({ ...k, metadata: { ...k.metadata, uid } })),
    says: 'TrustDiffers: belongs to no Kafka',
  },
  {
    name: 'the Kafka changes hands',
    cluster: new ClusterBuilder().desires({ owner: 'platform/orders' }),
    says: 'TrustDiffers: metadata.annotations differ',
  },
  { name: 'TLS is off', cluster: told(OLD).wants('off'), says: undefined },
  {
    name: 'nothing is left to be trusted',
    cluster: told(OLD).secret('orders-server-cert', { ca: [] }).issuer({ kind: 'Issuer', name: 'orders-ca' }),
    says: undefined,
  },
  { name: 'it is the bundle of a Kafka called orders-trust', cluster: ofOther(), says: undefined },
];

function ofOther(): ClusterBuilder {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kafka-tls-orders-trust', namespace: NAMESPACE } };
  const labels = { [LABEL_KAFKA]: 'orders-trust' };
  return new ClusterBuilder().sees(() => ({ trust: { object: { ...object, metadata: { ...object.metadata, labels } }, ca: [] } }));
}

describe('the ConfigMap', () => {
  for (const { name, cluster, says } of FINDINGS) {
    test(name, () => {
      const found = trustBundleFinding(world(cluster));
      assert.equal(found && `${found.reason}: ${found.message}`, says);
      // A difference is a separate plan; without a difference there is none.
      const { steps } = plan(cluster.bundle, cluster.live, new Date(NOW), { takeOver: true });
      const isOnlyHere = cluster.bundle.tls !== 'off' && steps.every((s) => s.kind === 'publishTrustBundle' || s.kind === 'claimOwnership');
      if (isOnlyHere) assert.equal(steps.filter((s) => s.kind === 'publishTrustBundle').length, says === undefined ? 0 : 1);
    });
  }
});

describe('restarts wait until the trust bundle is complete', () => {
  const cases: readonly { readonly name: string; readonly cluster: ClusterBuilder; readonly isTold: boolean }[] = [
    { name: 'of all', cluster: new ClusterBuilder(), isTold: true },
    { name: 'of more than all', cluster: told(OLD), isTold: true },
    { name: 'of less', cluster: new ClusterBuilder().secret('orders-server-cert', { ca: [root('new')] }), isTold: false },
    { name: 'not for a ConfigMap of another Kafka', cluster: ofOther(), isTold: true },
    { name: 'not without TLS', cluster: new ClusterBuilder('dedicated', 'off'), isTold: true },
  ];
  for (const row of cases) test(row.name, () => assert.equal(isTrustBundleCurrent(world(row.cluster)), row.isTold));
});

describe('a plan notes what cannot be published', () => {
  const bare = { ca: undefined as never };
  const cases: readonly { readonly name: string; readonly cluster: ClusterBuilder; readonly says: RegExp | undefined }[] = [
    { name: 'nothing', cluster: new ClusterBuilder(), says: undefined },
    { name: 'nothing without TLS', cluster: ofOther().wants('off'), says: undefined },
    {
      name: 'another Kafka has that name',
      cluster: ofOther(),
      says: /not published to clients: ConfigMap\/demo\/kafka-tls-orders-trust belongs to Kafka orders-trust/,
    },
    {
      name: 'it may not be read',
      cluster: new ClusterBuilder().sees(() => ({
        trust: undefined as never,
        unread: [{ what: 'ConfigMap/demo/kafka-tls-orders-trust', because: 'not permitted' }],
      })),
      says: /not published to clients: .* cannot be read \(not permitted\)/,
    },
    {
      name: 'an issuer that gives no CA',
      cluster: new ClusterBuilder().secret('orders-server-cert', bare).issuer({ kind: 'Issuer', name: 'orders-ca' }),
      says: /No CA certificate can be published to clients: Secret orders-server-cert has no ca\.crt/,
    },
  ];
  for (const { name, cluster, says } of cases) {
    test(name, () => {
      const notes = trustBundleNotes(world(cluster));
      assert.equal(notes.length, says === undefined ? 0 : 1, notes.join());
      if (says !== undefined) assert.match(notes[0] ?? '', says);
    });
  }

  test('a CA that cannot be read is published after the operation of KubeDB', () => {
    const cut = new ClusterBuilder('dedicated', 'off')
      .wants(TLS)
      .desires({ executor: 'ops-request', acknowledge: [{ kind: 'clientsMoveToTls' }] });
    const planned = () => plan(cut.bundle, cut.live, new Date(NOW));
    const kindsOf = () => planned().steps.flatMap((s) => (s.kind === 'record' || s.kind === 'awaitHealth' ? [] : [s.kind]));
    const { notes } = planned();
    assert.ok(
      notes.includes('The new CA cannot be published before pods serve it: the CA of Issuer/orders-ca cannot be read.'),
      notes.join(),
    );
    assert.equal(kindsOf().at(-1), 'publishTrustBundle', 'published afterwards');
    cut.issuer({ kind: 'Issuer', name: 'orders-ca', object: readyIssuer('orders-ca'), ...signingWith(root('orders-ca')) });
    const kinds = kindsOf();
    assert.deepEqual([kinds[0], kinds[1], kinds.at(-1)], ['publishTrustBundle', 'submitOpsRequest', 'verify']);
  });
});
