/** Desired states for tests that make up many: what may vary, in few words, and the bundle that it comes to. */
import fc from 'fast-check';
import { assembleBundle, type Bundle } from '#model/bundle';
import { BUNDLE_FORMAT, DEFAULT_DEADLINES, type Desired, type ExecutorName } from '#model/desired';
import { brokerCertificate } from '#model/kubedb';
import { candidate, candidateName, issuerManifests, OPERATION } from '#model/manifests';
import { convergeRequestName } from '#model/names';
import { ALIASES, type CertificateSpec, normalizeTls, type TlsState, tlsHash } from '#model/tls';
import { KAFKA, NAMESPACE } from './world';

/** What a user may want, as few words as possible: fast-check shrinks it. */
export interface Desire {
  readonly issuer: 'off' | 'ca-1' | 'ca-2';
  readonly names: readonly string[];
  readonly days: 60 | 90;
  readonly encoding: 'PKCS1' | 'PKCS8';
  readonly cutover: 'rolling' | 'stop';
  /** Ask for certificates issued from now on. */
  readonly isRotation: boolean;
}

export const anyDesire = fc.record({
  issuer: fc.constantFrom('off' as const, 'ca-1' as const, 'ca-2' as const),
  names: fc.subarray(['a.example.org', 'b.example.org']),
  days: fc.constantFrom(60 as const, 90 as const),
  encoding: fc.constantFrom('PKCS1' as const, 'PKCS8' as const),
  cutover: fc.constantFrom('rolling' as const, 'stop' as const),
  isRotation: fc.boolean(),
});

/** Returns the bundle of a desire; a rotation asks for certificates issued from `now` on. */
export function bundleFor(w: Desire, executor: ExecutorName, now: Date, namespace = NAMESPACE): Bundle {
  const place = { kafka: KAFKA, namespace, owner: `${namespace}/${KAFKA}` };
  const desired: Desired = {
    formatVersion: BUNDLE_FORMAT,
    ...place,
    executor,
    acknowledge: [
      { kind: 'clientsMoveToTls' },
      { kind: 'clientsLeaveTls' },
      { kind: 'trustRootChangesTo', issuer: 'ca-1' },
      { kind: 'trustRootChangesTo', issuer: 'ca-2' },
    ],
    cutover: w.cutover,
    unknownHealthPolicy: 'readiness',
    retries: 1,
    deadlines: DEFAULT_DEADLINES,
    ...(w.isRotation ? { issuedAfter: now.toISOString() } : {}),
  };
  const tls = tlsOf(w);
  const issuers = tls === 'off' ? [] : ['ca-1', 'ca-2'].flatMap((name) => issuerManifests({ kind: 'selfSignedCa', name, ...CA }, place));
  const requests = [
    candidate(place, convergeRequestName(KAFKA, tlsHash(KAFKA, tls)), OPERATION.converge(tls), '10m'),
    ...(tls === 'off' ? [] : [candidate(place, candidateName(KAFKA, 'rotate'), OPERATION.rotate, '10m')]),
    candidate(place, candidateName(KAFKA, 'restart'), OPERATION.restart, '10m'),
  ];
  const owner = { name: KAFKA, namespace, keystoreCredSecret: `${KAFKA}-keystore-cred` };
  const certificates = tls === 'off' || executor !== 'native' ? [] : ALIASES.map((alias) => brokerCertificate(owner, tls, alias));
  const bundle = assembleBundle(desired, [...issuers, ...requests, ...certificates]);
  if (!('desired' in bundle)) throw new Error(bundle.join('; '));
  return bundle;
}

const CA = { duration: '43800h', renewBefore: '8760h', commonName: undefined, subject: undefined };

function tlsOf(w: Desire): TlsState {
  if (w.issuer === 'off') return 'off';
  const common = { duration: `${w.days * 24}h`, dnsNames: w.names, privateKey: { encoding: w.encoding } };
  const certificates = ALIASES.map((alias): CertificateSpec => ({ alias, ...common }));
  return normalizeTls(KAFKA, { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: w.issuer }, certificates });
}

/** Tells whether the second of two desires asks for nothing that the first one did not. */
export function isSameDesire(a: Desire, b: Desire): boolean {
  return !b.isRotation && JSON.stringify({ ...a, isRotation: false }) === JSON.stringify(b);
}
