/**
 * Whether nodes can load a new certificate of the same CA while they run. Kafka loads its key stores again on request, if the new ones fit the
 * old ones. Where it would not, the pod restarts.
 *
 * A rotation, and a certificate that cert-manager renewed by itself, are loaded this way. Every other change restarts pods: of protocol, of
 * root, of the Secret or the configuration that pods mount. Pods that do not run load the Secret when they start.
 *
 * The new certificate is known only after it was issued: the checks of its content run then, and again before each node is asked.
 */
import { rotatesByReload } from '#model/desired';
import { securityProtocol } from '../model/broker-pod';
import type { CertificateFacts, NodeSettings, PodFacts, PodObservation, SecretFacts } from '../model/observation';
import type { Finding, Obstacle, PlannedReload, PlannedRestart } from '../model/plan';
import { BACKDATED } from './attempts';
import { podFindings } from './checks/pods';
import { compare, convergingFindings, type Diff } from './diff';
import { certificateSecret, kafkaRef, type PlanInput, type PodInput, podRef } from './plan-input';
import { reloadRecordOf, stillDueFor } from './reload-record';
import { isOurs, unfinished } from './requests';
import { leaderOf, type Placed, restartOrder } from './restart-order';

/** Which nodes load their new certificate while they run. */
export interface ReloadDecision {
  /** In the order in which they are asked. */
  readonly reloads: readonly Placed<PodFacts>[];
  readonly restarts: readonly RefusedReload[];
  /** Those of `reloads` whose settings are not known here. A run in the cluster decides whether they can. */
  readonly undecided: readonly PodFacts[];
}

export interface RefusedReload {
  readonly pod: PodFacts;
  readonly because: string;
  /** The pod restarts for another reason than its certificate. */
  readonly isForOther: boolean;
}

/**
 * Returns the decision; undefined if nothing is to be loaded, or the change is none that a running node could load. In a preview, which may be
 * made where no node can be asked, unknown settings are no reason to restart a pod.
 */
export function decideReload(input: PlanInput, diff: Diff, isPreview: boolean): ReloadDecision | undefined {
  const pods = podsToAsk(input, diff);
  if (pods === undefined) return undefined;
  const isReissued = diff.reissued.has('server');
  const restarts = pods.flatMap((pod): readonly RefusedReload[] => {
    const other = otherReason(input, pod);
    if (other !== undefined) return [{ pod, because: other, isForOther: true }];
    const because = isPreview && isUnread(pod) ? whyNeverReloaded(input, pod, isReissued) : whyNotReloaded(input, pod, isReissued);
    return because === undefined ? [] : [{ pod, because, isForOther: false }];
  });
  const able = pods.filter((pod) => !restarts.some((r) => r.pod === pod));
  return { reloads: restartOrder(able, leaderOf(input.live)), restarts, undecided: able.filter(isUnread) };
}

/**
 * Returns the diff without a rotation that would not help: the last one issued these very certificates, and they were due again at once. Nodes
 * that serve older ones still load them. `retry` rotates once more.
 */
export function withoutFutileRotation(input: PlanInput, diff: Diff, retry: boolean): Diff {
  if (retry || futileRotation(input, diff) === undefined) return diff;
  return { ...diff, rotation: [], reissued: new Set(diff.issuanceInProgress.map((f) => f.alias)) };
}

/** Returns why another rotation would not help. */
export function futileRotation({ bundle, live }: PlanInput, diff: Diff): Obstacle | undefined {
  const leaf = certificateSecret(live, bundle.tls, 'server')?.leaf?.fingerprint;
  if (!rotatesByReload(bundle.desired) || leaf === undefined || diff.rotation.length === 0) return undefined;
  const stillDue = stillDueFor(reloadRecordOf(live, leaf), bundle.desired);
  if (stillDue === undefined) return undefined;
  return {
    kind: 'failed',
    subject: kafkaRef(live),
    message: `was rotated, and its issuer issues certificates that are already too old: ${stillDue}`,
    hint: BACKDATED,
  };
}

/** Returns the nodes that get another certificate; none if only other certificates are issued. */
function podsToAsk({ bundle, live }: PlanInput, diff: Diff): readonly PodFacts[] | undefined {
  const isNeeded = diff.rotation.length > 0 || diff.pods.length > 0;
  if (!rotatesByReload(bundle.desired) || bundle.tls === 'off' || !isNeeded) return undefined;
  if (diff.cutoverCause !== undefined || convergingFindings(diff).length > 0) return undefined;
  const outdated = new Set(diff.pods.map((f) => f.subject.name));
  const isUp = (p: PodFacts) => !p.isTerminating && (p.isRunning || p.stuck !== undefined);
  return live.pods.filter((p) => isUp(p) && (diff.reissued.has('server') || outdated.has(p.name)));
}

/** Returns why a pod must restart whatever its node can load. */
export function otherReason(input: PodInput, { name }: PodFacts): string | undefined {
  return podFindings(input).find((f) => f.subject.name === name && f.reason !== 'PodHasOldCertificate')?.message;
}

/** Returns the pods whose node must be asked for its settings before the plan is complete. */
export function nodesToAsk(input: PlanInput, retry: boolean): readonly PodFacts[] {
  if (!rotatesByReload(input.bundle.desired) || input.live.kafka === undefined) return [];
  const diff = withoutFutileRotation(input, compare(input, retry), retry);
  return (podsToAsk(input, diff) ?? []).filter((p) => p.node === undefined && p.isRunning);
}

interface ReloadView {
  readonly pod: PodFacts;
  readonly live: PodObservation;
  readonly node: NodeSettings;
  /** The new certificate; absent while it is still to be issued. */
  readonly secret: (SecretFacts & { readonly leaf: CertificateFacts }) | undefined;
}

const RELOAD_CHECKS: readonly ((view: ReloadView) => string | undefined)[] = [
  storeIsNotUpdated, // the file at its path never changes while it runs
  controllersWantCertificates, // its connections to controllers would keep the old one
  controllerIsNotAddressed, // no request would reach it
  secretIsInconsistent, // nothing may be loaded from it
  subjectDiffers, // Kafka refuses another subject
  namesAreMissing, // Kafka refuses fewer names
  issuerDiffers, // Kafka refuses another CA in the store
];

/** Returns why a running node cannot load the certificate that is in the Secret, or that will be if it is issued again. */
export function whyNotReloaded(input: PodInput, pod: PodFacts, isReissued: boolean): string | undefined {
  const never = whyNeverReloaded(input, pod, isReissued);
  if (never !== undefined) return never;
  if (pod.node === undefined) return 'its settings were not read';
  if ('unknown' in pod.node) return `its settings cannot be read: ${pod.node.unknown}`;
  const view: ReloadView = { pod, live: input.live, node: pod.node.value, secret: newSecret(input, isReissued) };
  for (const check of RELOAD_CHECKS) {
    const because = check(view);
    if (because !== undefined) return because;
  }
  return undefined;
}

function isUnread({ node }: PodFacts): boolean {
  return node === undefined || 'unknown' in node;
}

/** Returns why a node cannot load the certificate whatever its settings are. */
function whyNeverReloaded(input: PodInput, pod: PodFacts, isReissued: boolean): string | undefined {
  const version = versionProblem(input.live);
  if (version !== undefined) return version;
  if (pod.stuck !== undefined) return `cannot start: ${pod.stuck}`;
  const leaf = newSecret(input, isReissued)?.leaf;
  const because = leaf === undefined ? undefined : reloadRecordOf(input.live, leaf.fingerprint).refused[pod.uid];
  return because === undefined ? undefined : `did not load it: ${because}`;
}

function newSecret({ bundle, live }: PodInput, isReissued: boolean): ReloadView['secret'] {
  const held = isReissued ? undefined : certificateSecret(live, bundle.tls, 'server');
  return held?.leaf === undefined ? undefined : { ...held, leaf: held.leaf };
}

/** The oldest version whose brokers and controllers were seen to do it. */
const OLDEST = [3, 9] as const;

function versionProblem(live: PodObservation): string | undefined {
  const version = versionOf(live);
  if (version === undefined) return `its version of Kafka is not known (${live.kafka?.spec?.version ?? 'none is given'})`;
  const [major, minor] = version;
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
    ? undefined
    : `Kafka ${major}.${minor} is older than ${OLDEST.join('.')}`;
}

function versionOf({ kafka }: PodObservation): readonly [number, number] | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(kafka?.spec?.version ?? '') ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

const STORES = ['ssl.keystore.location', 'ssl.truststore.location'] as const;

/** Returns the files that a node loads on each of its listeners. */
function storesOf({ settings }: NodeSettings): readonly { readonly name: string; readonly file: string }[] {
  return Object.entries(settings)
    .filter(([name]) => STORES.some((store) => name === store || name.endsWith(`.${store}`)))
    .map(([name, file]) => ({ name, file }));
}

function storeIsNotUpdated({ node }: ReloadView): string | undefined {
  const stores = storesOf(node);
  if (stores.length === 0) return 'its settings name no key store';
  const other = stores.find(({ file }) => !node.directories.some((directory) => isIn(directory, file)));
  return other === undefined ? undefined : `${other.name} is ${other.file}, which is not in a directory that the kubelet updates`;
}

function isIn(directory: string, file: string): boolean {
  return file.slice(0, file.lastIndexOf('/')) === directory;
}

/**
 * The raft client of a running node keeps its first certificate, and controllers would refuse it when it has expired. The restart is not put
 * off until then: once the certificate was issued again, nothing in the cluster shows when the first one expires. The start of the pod bounds
 * that only by the least validity that a Secret has left, and a certificate that is rotated before its expiry is older than that already.
 */
function controllersWantCertificates({ node: { settings }, live }: ReloadView): string | undefined {
  // Kafka heeds the setting without a listener only for listeners without SASL.
  const isSsl = live.kafka !== undefined && securityProtocol(live.kafka) === 'SSL';
  const own = 'listener.name.controller.ssl.client.auth';
  const name = settings[own] === undefined && isSsl ? 'ssl.client.auth' : own;
  const auth = settings[name] ?? 'none';
  return auth === 'none' ? undefined : `${name} is ${auth}: its connections to controllers would keep the old certificate`;
}

/** Before Kafka 4, only controllers of a static quorum can be named in a request. */
function controllerIsNotAddressed({ pod, node: { settings }, live }: ReloadView): string | undefined {
  const [major = 0] = versionOf(live) ?? [];
  if (pod.role !== 'controller' || major >= 4 || (settings['controller.quorum.voters'] ?? '') !== '') return undefined;
  return 'controller.quorum.voters is not set, and this version of Kafka cannot address controllers of a dynamic quorum';
}

function secretIsInconsistent({ secret }: ReloadView): string | undefined {
  if (secret === undefined) return undefined;
  return secret.isSignedByCa === false ? `ca.crt in Secret ${secret.name} has not signed its certificate` : undefined;
}

function subjectDiffers({ pod, secret, node }: ReloadView): string | undefined {
  if (secret === undefined || node.settings['ssl.allow.dn.changes'] === 'true') return undefined;
  const other = leavesOf(pod).find((leaf) => leaf.subject !== secret.leaf.subject);
  return other === undefined ? undefined : `the subject changes from "${other.subject}" to "${secret.leaf.subject}"`;
}

function namesAreMissing({ pod, secret, node }: ReloadView): string | undefined {
  if (secret === undefined || node.settings['ssl.allow.san.changes'] === 'true') return undefined;
  const has = new Set(namesOf(secret.leaf));
  const missing = [...new Set(leavesOf(pod).flatMap(namesOf))].filter((name) => !has.has(name));
  return missing.length === 0 ? undefined : `the new certificate lacks ${missing.join(', ')}`;
}

function issuerDiffers({ pod, secret, node }: ReloadView): string | undefined {
  if (secret === undefined || node.settings['ssl.allow.dn.changes'] === 'true') return undefined;
  const other = leavesOf(pod).find((leaf) => leaf.issuer !== secret.leaf.issuer);
  return other === undefined ? undefined : `the issuer changes from "${other.issuer}" to "${secret.leaf.issuer}"`;
}

function leavesOf({ served }: PodFacts): readonly CertificateFacts[] {
  return served.flatMap(({ leaf }) => leaf ?? []);
}

function namesOf({ dnsNames, ipAddresses, uris, emailAddresses }: CertificateFacts): readonly string[] {
  return [...dnsNames, ...ipAddresses, ...uris, ...emailAddresses];
}

/**
 * Returns settings that make a broker judge the files at its paths, if it is asked whether it would accept them: the same paths in another
 * spelling. In the same spelling it accepts them unseen.
 */
export function respelledStores({ node }: PodFacts): Readonly<Record<string, string>> {
  const settings = node !== undefined && 'value' in node ? node.value.settings : {};
  return Object.fromEntries(
    STORES.flatMap((store) => {
      const name = `listener.name.broker.${store}`;
      const file = settings[name] ?? settings[store];
      return file === undefined ? [] : [[name, file.replace(/\/([^/]+)$/, '/./$1')]];
    }),
  );
}

/** Kafka's default of `num.network.threads`. */
const NETWORK_THREADS = 3;

/**
 * Returns how many handshakes in a row must show the new certificate. Each network thread of a listener loads it by itself, and connections go
 * to the threads in turn, those of clients as well.
 */
export function handshakesNeeded({ node }: PodFacts): number {
  const settings = node !== undefined && 'value' in node ? node.value.settings : {};
  const counts = Object.entries(settings).flatMap(([name, value]) => (/(^|\.)num\.network\.threads$/.test(name) ? [Number(value)] : []));
  return 2 * Math.max(1, ...(counts.length === 0 ? [NETWORK_THREADS] : counts));
}

/** Returns the entries of the step, in the order in which nodes are asked. */
export function plannedReloads(
  { live }: PlanInput,
  diff: Diff,
  { reloads: nodes, undecided }: Pick<ReloadDecision, 'reloads' | 'undecided'>,
): readonly PlannedReload[] {
  return nodes.map(({ pod, place }) => {
    const subject = podRef(live, pod.name);
    const own = diff.pods.find((f) => f.subject.name === pod.name);
    const finding: Finding = own ?? { subject, reason: 'PodHasOldCertificate', message: 'its certificate is issued again' };
    return { subject, findings: [finding], role: pod.role, place, ...(undecided.includes(pod) ? { isUndecided: true } : {}) };
  });
}

/** Returns restarts with the reason why the pod's node does not load its certificate while it runs. */
export function withRefusals(restarts: readonly PlannedRestart[], decision: ReloadDecision | undefined): readonly PlannedRestart[] {
  return restarts.map((restart) => {
    const refused = decision?.restarts.find((r) => r.pod.name === restart.subject.name && !r.isForOther);
    return refused === undefined ? restart : { ...restart, findings: [...restart.findings, refusalFinding(restart, refused)] };
  });
}

function refusalFinding({ subject }: PlannedRestart, { because }: RefusedReload): Finding {
  return { subject, reason: 'NodeCannotReload', message: `cannot load it while it runs: ${because}` };
}

/** Returns the obstacle of a rotation that must restart no pod. */
export function reloadIsImpossible({ bundle, live }: PlanInput, decision: ReloadDecision | undefined): Obstacle | undefined {
  const refused = decision?.restarts.filter((r) => !r.isForOther) ?? [];
  if (bundle.desired.rotation?.otherwise !== 'fail' || refused.length === 0) return undefined;
  // What has begun ends as it began.
  if (unfinished(live.requests).some((r) => isOurs(r, bundle.desired.owner))) return undefined;
  const nodes = refused.map(({ pod, because }) => `${pod.name}: ${because}`).join('; ');
  return {
    kind: 'failed',
    subject: kafkaRef(live),
    message: `nodes cannot load a new certificate while they run, and their pods must not restart for it (${nodes})`,
    hint: 'Fix the cause, or allow restarts: Rotation.reload() or Rotation.restart().',
    ...(refused.every(({ pod }) => pod.node !== undefined && 'unknown' in pod.node) ? { isAboutPlace: true } : {}),
  };
}
