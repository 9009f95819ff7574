/**
 * Desired states for tests: as the props of a KafkaTls, in few words, and as the plain values that random worlds are made of. Here is also
 * the user who copies acknowledgements from a plan into Git.
 */
import assert from 'node:assert/strict';
import { Duration } from 'cdk8s';
import fc from 'fast-check';
import { Acknowledgement, Executor, KafkaCluster, type KafkaTlsProps, Rotation, Tls, TlsIssuer, type TlsOnProps } from '#constructs/index';
import { type Acknowledged, acknowledgedRoot } from '#model/acknowledgement';
import { assembleBundle, type Bundle } from '#model/bundle';
import { BUNDLE_FORMAT, DEFAULT_DEADLINES, type Desired, type ExecutorName } from '#model/desired';
import { brokerCertificate } from '#model/kubedb';
import { candidate, candidateName, issuerManifests, OPERATION } from '#model/manifests';
import { convergeRequestName } from '#model/names';
import { ALIASES, type CertificateSpec, normalizeTls, type TlsState, tlsHash } from '#model/tls';
import { plan } from '#reconciler/plan/plan';
import type { World } from './world';

export const NAMESPACE = 'demo';
export const KAFKA = 'orders';

export const MOVE = [Acknowledgement.clientsMoveToTls()];
export const LEAVE = [Acknowledgement.clientsLeaveTls()];

/** TLS by a self-signed CA, acknowledged. */
export function on(change: Partial<TlsOnProps> = {}): Tls {
  return Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: MOVE, ...change });
}

/** The same, and pods restart to get a certificate that was issued again. */
export function onByRestart(change: Partial<TlsOnProps> = {}): Tls {
  return on({ rotation: Rotation.restart(), ...change });
}

/** No TLS, acknowledged. */
export function off(): Tls {
  return Tls.off({ acknowledge: LEAVE });
}

/** TLS by another CA, acknowledged. */
export function onWithNewRoot(change: Partial<TlsOnProps> = {}): Tls {
  const acknowledge = [...MOVE, Acknowledgement.trustRootChangesTo('orders-ca-2')];
  return on({ issuer: TlsIssuer.selfSignedCa({ name: 'orders-ca-2' }), acknowledge, ...change });
}

/** The prop of each executor. */
export const EXECUTOR: Readonly<Record<ExecutorName, Executor>> = { native: Executor.native(), 'ops-request': Executor.opsRequest() };

/** Props of a KafkaTls for a Kafka that exists. The sandbox's ops-manager claims a request at once, so one second is enough to detect it. */
export function desiredProps(executor: ExecutorName, tls: Tls, change: Partial<KafkaTlsProps> = {}): KafkaTlsProps {
  const deadlines = { opsManagerDetection: Duration.seconds(1), ...change.deadlines };
  return { cluster: KafkaCluster.existing(KAFKA), tls, executor: EXECUTOR[executor], ...change, deadlines };
}

/** What may vary between desired states. */
export interface DesiredState {
  readonly issuer: 'off' | 'ca-1' | 'ca-2';
  readonly names: readonly string[];
  readonly days: 60 | 90;
  readonly encoding: 'PKCS1' | 'PKCS8';
  readonly cutover: 'rolling' | 'stop';
  /** Asks for certificates issued from the commit on. */
  readonly isRotation: boolean;
  readonly rotatesBy: 'restart' | 'reload';
}

/** How nodes rotate follows from the names, so that a seed of an earlier version still plays the same program. */
export const anyDesiredState: fc.Arbitrary<DesiredState> = fc
  .record({
    issuer: fc.constantFrom('off', 'ca-1', 'ca-1', 'ca-2'),
    names: fc.subarray(['a.example.org', 'b.example.org']),
    days: fc.constantFrom(60, 90),
    encoding: fc.constantFrom('PKCS1', 'PKCS8'),
    cutover: fc.constantFrom('rolling', 'stop'),
    isRotation: fc.boolean(),
  })
  .map((state) => ({ ...state, rotatesBy: state.names.length === 1 ? 'reload' : 'restart' }));

/** Returns the bundle of a desired state; a rotation asks for certificates issued from `now` on. */
export function bundleFor(state: DesiredState, executor: ExecutorName, now: Date, namespace = NAMESPACE): Bundle {
  const identity = { kafka: KAFKA, namespace, owner: `${namespace}/${KAFKA}` };
  const desired: Desired = {
    formatVersion: BUNDLE_FORMAT,
    ...identity,
    executor,
    acknowledge: [
      { kind: 'clientsMoveToTls' },
      { kind: 'clientsLeaveTls' },
      { kind: 'trustRootChangesTo', issuer: 'ca-1' },
      { kind: 'trustRootChangesTo', issuer: 'ca-2' },
    ],
    cutover: state.cutover,
    unknownHealthPolicy: 'readiness',
    retries: 1,
    deadlines: DEFAULT_DEADLINES,
    ...(state.rotatesBy === 'restart' ? { rotation: { by: 'restart' as const } } : {}),
    ...(state.isRotation ? { issuedAfter: now.toISOString() } : {}),
  };
  const tls = tlsOf(state);
  const issuers = tls === 'off' ? [] : ['ca-1', 'ca-2'].flatMap((name) => issuerManifests({ kind: 'selfSignedCa', name, ...CA }, identity));
  const requests = [
    candidate(identity, convergeRequestName(KAFKA, tlsHash(KAFKA, tls)), OPERATION.converge(tls), '10m'),
    ...(tls === 'off' ? [] : [candidate(identity, candidateName(KAFKA, 'rotate'), OPERATION.rotate, '10m')]),
    candidate(identity, candidateName(KAFKA, 'restart'), OPERATION.restart, '10m'),
  ];
  const owner = { name: KAFKA, namespace, keystoreCredSecret: `${KAFKA}-keystore-cred` };
  const certificates = tls === 'off' || executor !== 'native' ? [] : ALIASES.map((alias) => brokerCertificate(owner, tls, alias));
  const bundle = assembleBundle(desired, [...issuers, ...requests, ...certificates]);
  if (!('desired' in bundle)) throw new Error(bundle.join('; '));
  return bundle;
}

const CA = { duration: '43800h', renewBefore: '8760h', commonName: undefined, subject: undefined };

function tlsOf(state: DesiredState): TlsState {
  if (state.issuer === 'off') return 'off';
  const common = { duration: `${state.days * 24}h`, dnsNames: state.names, privateKey: { encoding: state.encoding } };
  const certificates = ALIASES.map((alias): CertificateSpec => ({ alias, ...common }));
  return normalizeTls(KAFKA, { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: state.issuer }, certificates });
}

/** Whether the second of two desired states asks for nothing that the first did not. */
export function isSameState(a: DesiredState, b: DesiredState): boolean {
  return !b.isRotation && JSON.stringify({ ...a, isRotation: false, rotatesBy: b.rotatesBy }) === JSON.stringify(b);
}

/** Whether the second of two desired states only asks for new certificates, which nodes load while they run. */
export function isOnlyReload(a: DesiredState, b: DesiredState): boolean {
  return b.rotatesBy === 'reload' && b.isRotation && b.issuer !== 'off' && isSameState(a, { ...b, isRotation: false });
}

/** Returns the bundle with every acknowledgement that its plan asks for, and with no other. */
export async function withAcknowledgements(world: World, bundle: Bundle): Promise<Bundle> {
  const live = await world.observe(bundle);
  const acknowledging = (acknowledge: readonly Acknowledged[]): Bundle => ({ ...bundle, desired: { ...bundle.desired, acknowledge } });
  const obstacles = (acknowledge: readonly Acknowledged[]) =>
    plan(acknowledging(acknowledge), live, world.clock.now()).obstacles.filter((o) => o.kind === 'invalid');
  const { rootChange } = plan(acknowledging([]), live, world.clock.now());
  const asked = [
    ...obstacles([]).flatMap(({ hint = '' }) => acknowledgementsIn(hint)),
    ...(rootChange?.acknowledge === undefined ? [] : [rootChange.acknowledge]),
  ];
  assert.deepEqual(obstacles(asked), [], 'the plan asks for nothing more');
  return acknowledging(asked);
}

/** Reads `acknowledge: [Acknowledgement.clientsMoveToTls('22be769b')]`. */
function acknowledgementsIn(hint: string): readonly Acknowledged[] {
  return [...hint.matchAll(/Acknowledgement\.(\w+)\((?:'([^']+)')?\)/g)].map(([, kind = '', argument]): Acknowledged => {
    if (kind === 'trustRootChangesTo') return acknowledgedRoot(argument ?? '');
    return { kind: kind as Acknowledged['kind'], ...(argument === undefined ? {} : { content: argument }) };
  });
}
