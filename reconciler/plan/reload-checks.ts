/**
 * What Kafka demands of the files and the settings of a node that loads a new certificate while it runs: one check for each reason for which it
 * would refuse the files, or would not follow.
 */
import { securityProtocol } from '../model/broker-pod';
import type { CertificateFacts, NodeSettings, PodFacts, PodObservation, SecretFacts } from '../model/observation';
import { certificateSecret, type PodInput } from './plan-input';
import { reloadRecordOf } from './reload-record';

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

export function isUnread({ node }: PodFacts): boolean {
  return node === undefined || 'unknown' in node;
}

/** Returns why a node cannot load the certificate whatever its settings are. */
export function whyNeverReloaded(input: PodInput, pod: PodFacts, isReissued: boolean): string | undefined {
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
