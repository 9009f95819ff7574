/** Kafkas that have TLS already, as KubeDB's tutorials make them, are adopted as they are: no request, no restart, no other certificate. */

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { KeyEncoding, Tls, TlsIssuer, type TlsOnProps } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { issuerManifests } from '#model/manifests';
import { ANNOTATION_OWNER, trustName } from '#model/names';
import type { CertificateSpec } from '#model/tls';
import { untyped } from '#test/support/untyped';
import { COMBINED, KAFKA, NAMESPACE, startPlaintext, type World } from '../support/world';

const SHAPES = { dedicated: {}, combined: COMBINED };
const CLUSTER_DOMAINS = ['cluster.local', 'k8s.corp.example'];
const SUBJECT = { organizations: ['kafka'], organizationalUnits: ['client'] };

const CASES: readonly {
  readonly name: string;
  readonly has: readonly CertificateSpec[] | undefined;
  readonly wants: Partial<TlsOnProps>;
}[] = [
  { name: 'only an issuer', has: undefined, wants: {} },
  { name: 'a subject', has: [{ alias: 'client', subject: SUBJECT }], wants: { client: { subject: SUBJECT } } },
  {
    name: 'names that KubeDB adds anyway',
    has: [{ alias: 'server', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }],
    wants: {},
  },
  {
    name: 'every default written down, in other spellings',
    has: [
      { alias: 'client', duration: '2160h0m0s', renewBefore: '5m0s', uris: [] },
      { alias: 'server', ipAddresses: ['2001:db8:0:0:0:0:0:1', '::ffff:10.0.0.1'], dnsNames: ['b.example.org', 'A.example.org'] },
    ],
    wants: {
      server: {
        ipAddresses: ['10.0.0.1', '2001:db8::1'],
        dnsNames: ['a.example.org', 'b.example.org'],
        keyEncoding: KeyEncoding.PKCS8,
      },
    },
  },
];

for (const executor of ['ops-request', 'native'] as const satisfies readonly ExecutorName[]) {
  describe(`adoption, executor ${executor}`, () => {
    let world: World | undefined;
    afterEach(() => world?.stop());

    for (const [i, { name, has, wants }] of CASES.entries()) {
      for (const [j, [shape, spec]] of Object.entries(SHAPES).entries()) {
        // Every two of fields, shape and domain meet.
        const clusterDomain = CLUSTER_DOMAINS[(i + j) % CLUSTER_DOMAINS.length] as string;
        test(`a ${shape} Kafka in ${clusterDomain} with these fields of TLS: ${name}`, async () => {
          const issuerRef = { apiGroup: 'cert-manager.io', kind: 'Issuer', name: 'corp-ca' };
          const tls = { issuerRef, ...(has === undefined ? {} : { certificates: has }) };
          const options = { opsManager: true, sandbox: { clusterDomain } };
          world = await startPlaintext(executor, { ...options, objects: issuers(), kafka: { ...spec, enableSSL: true, tls } });
          const before = await stateOf(world);

          await world.apply(world.desired(Tls.on({ issuer: TlsIssuer.issuer('corp-ca'), ...wants })));

          assert.deepEqual(await stateOf(world), before);
          assert.deepEqual(await world.requests(), []);
          assert.deepEqual(world.writes.map((w) => w.split(' ')[1]).sort(), [
            `ConfigMap/${NAMESPACE}/${trustName(KAFKA)}`,
            `Kafka/${NAMESPACE}/${KAFKA}`,
          ]);
          assert.equal((await world.kafka())?.metadata.annotations?.[ANNOTATION_OWNER], `${NAMESPACE}/${KAFKA}`);
        });
      }
    }
  });
}

/** A CA that another team made. */
function issuers(): readonly KubeObject[] {
  const ca = {
    kind: 'selfSignedCa',
    name: 'corp-ca',
    commonName: undefined,
    subject: undefined,
    duration: undefined,
    renewBefore: undefined,
  } as const;
  return issuerManifests(ca, { kafka: 'other', namespace: NAMESPACE, owner: 'other' });
}

async function stateOf(world: World) {
  const secrets = ['server', 'client'].map((alias) => world.cluster.get(world.ref(KINDS.Secret, `${KAFKA}-${alias}-cert`)));
  const leaves = (await Promise.all(secrets)).map((secret) => untyped(secret?.data)?.['tls.crt']);
  return { leaves, pods: await world.podUids(), spec: (await world.kafka())?.spec };
}
