/**
 * Any pair of desired states converges, from wherever the first one left the cluster: a run that is killed between any two of its writes is
 * finished by the next, no pod is restarted twice for it, and one more run writes nothing. In memory, on a clock that passes only when idle.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { assembleBundle, type Bundle } from '../../constructs/model/bundle';
import { BUNDLE_FORMAT, DEFAULT_DEADLINES, type Desired } from '../../constructs/model/desired';
import { KINDS, type KubeObject } from '../../constructs/model/kube-object';
import { brokerCertificate, isFinishedRequest } from '../../constructs/model/kubedb';
import { candidate, candidateName, issuerManifests, OPERATION } from '../../constructs/model/manifests';
import { convergeRequestName } from '../../constructs/model/names';
import { ALIASES, type CertificateSpec, normalizeTls, type TlsState, tlsHash } from '../../constructs/model/tls';
import { mismatches } from '../../reconciler/plan/verify';
import { counting, Interrupted, interruptAfter } from './interrupting-cluster';
import { hasCondition, KAFKA, kafkaManifest, NAMESPACE, World } from './world';

/** What a user may want, as few words as possible: fast-check shrinks it. */
interface Wish {
  readonly issuer: 'off' | 'ca-1' | 'ca-2';
  readonly names: readonly string[];
  readonly days: 60 | 90;
  readonly encoding: 'PKCS1' | 'PKCS8';
  readonly cutover: 'rolling' | 'stop';
  /** Ask for certificates issued from now on. */
  readonly isRotation: boolean;
}

const wish = fc.record({
  issuer: fc.constantFrom('off' as const, 'ca-1' as const, 'ca-2' as const),
  names: fc.subarray(['a.example.org', 'b.example.org']),
  days: fc.constantFrom(60 as const, 90 as const),
  encoding: fc.constantFrom('PKCS1' as const, 'PKCS8' as const),
  cutover: fc.constantFrom('rolling' as const, 'stop' as const),
  isRotation: fc.boolean(),
});

/** Two executors make it twice as many. */
export const PAIRS = Number(process.env.FC_RUNS ?? 100);

type Executor = Desired['executor'];
const place = { kafka: KAFKA, namespace: NAMESPACE, owner: `${NAMESPACE}/${KAFKA}` };

function bundleOf(w: Wish, executor: Executor, now: Date): Bundle {
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
    whenKafkaIsUnknown: 'readiness',
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
  const owner = { name: KAFKA, namespace: NAMESPACE, keystoreCredSecret: `${KAFKA}-keystore-cred` };
  const certificates = tls === 'off' || executor !== 'native' ? [] : ALIASES.map((alias) => brokerCertificate(owner, tls, alias));
  const bundle = assembleBundle(desired, [...issuers, ...requests, ...certificates]);
  if (!('desired' in bundle)) throw new Error(bundle.join('; '));
  return bundle;
}

const CA = { duration: '43800h', renewBefore: '8760h', commonName: undefined, subject: undefined };

function tlsOf(w: Wish): TlsState {
  if (w.issuer === 'off') return 'off';
  const common = { duration: `${w.days * 24}h`, dnsNames: w.names, privateKey: { encoding: w.encoding } };
  const certificates = ALIASES.map((alias): CertificateSpec => ({ alias, ...common }));
  return normalizeTls(KAFKA, { issuerRef: { apiGroup: 'cert-manager.io', kind: 'Issuer', name: w.issuer }, certificates });
}

/** Runs two wishes after each other, the second one killed after `killAt` writes, and asserts that the cluster ends as wished. */
export async function converges(executor: Executor, first: Wish, second: Wish, killAt: number): Promise<void> {
  let decorate = (cluster: World['cluster']) => cluster;
  const world = new World({ opsManager: executor === 'ops-request', decorate: (cluster) => decorate(cluster) });
  const storage = { resources: { requests: { storage: '1Gi' } } };
  try {
    await world.start(kafkaManifest({ topology: undefined, replicas: 2, storage }));
    await world.settle();
    await world.apply(bundleOf(first, executor, world.clock.now()));
    await world.place.pass(60_000);

    const wanted = bundleOf(second, executor, world.clock.now());
    const before = await world.podUids();
    const evictedBefore = world.evicted.length;
    decorate = (cluster) => interruptAfter(cluster, killAt);
    await world.apply(wanted).catch((error: unknown) => assert.ok(error instanceof Interrupted, String(error)));
    decorate = (cluster) => cluster;
    await world.apply(wanted);
    if (executor === 'native') {
      const evicted = world.evicted.slice(evictedBefore);
      assert.equal(new Set(evicted).size, evicted.length, `a pod was restarted twice: ${evicted.join(', ')}`);
    }

    await world.settle();
    const live = await world.observe(wanted);
    assert.deepEqual(mismatches(live, wanted.tls), [], 'every pod serves what it should');
    assert.ok(!hasCondition(live.kafka, 'Paused'), 'the Kafka is not paused');
    assert.deepEqual(unfinishedOf(live.requests), [], 'every request is over');
    if (isSameWish(first, second)) assert.deepEqual(await world.podUids(), before, 'the same again restarts nothing');

    const counted = counting(world.cluster);
    decorate = () => counted.cluster;
    assert.deepEqual(await world.apply(wanted), { changed: false, message: 'nothing to do' });
    assert.deepEqual(counted.writes, [], 'one more run writes nothing');
  } finally {
    await world.stop();
  }
}

function unfinishedOf(requests: readonly KubeObject[]): readonly string[] {
  return requests.filter((r) => r.kind === KINDS.KafkaOpsRequest.kind && !isFinishedRequest(r)).map((r) => r.metadata.name);
}

function isSameWish(a: Wish, b: Wish): boolean {
  return !b.isRotation && JSON.stringify({ ...a, isRotation: false }) === JSON.stringify(b);
}

/** Asserts it of arbitrary pairs. FC_RUNS changes their number, FC_SEED replays them. */
export async function assertConvergence(executor: Executor): Promise<void> {
  const property = fc.asyncProperty(wish, wish, fc.nat(60), (first, second, killAt) => converges(executor, first, second, killAt));
  await fc.assert(property, { numRuns: PAIRS, seed: Number(process.env.FC_SEED ?? 20261123) });
}
