/**
 * What an administrator can ask of a running Kafka node: its settings, whether it would accept others, and to load its key stores again.
 *
 *     settings   of the files that it was started with
 *     validate   a broker loads the files at paths that are spelled in another way than in its settings, judges them, and changes nothing; it
 *                accepts all other settings unseen. A controller accepts everything
 *     reload     the node compares its files with those that it loaded, and loads what fits. What does not fit is left, without a word
 *
 * Requests reach a node through the active controller. A new key store fits (Apache Kafka 3.9 and 4.3) if it has as many entries, the same
 * subject in each and no fewer names; a broker also requires that its own trust store accepts it.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Context } from '../context';
import { hasPodFault } from '../faults';
import type { Pod } from '../kinds';
import { KEYSTORE } from '../kubedb/layout';
import type { KafkaProcess, KafkaProcesses } from './processes';
import { type Mounts, type Startup, storesIn } from './startup';
import { trustsChain } from './trust';

export type Settings = Readonly<Record<string, string>>;
type Stores = NonNullable<Startup['tls']>;

/** A running node with the files of its container. */
export interface AdministeredNode {
  readonly pod: Pod;
  readonly process: KafkaProcess;
  /** The files as the kubelet has brought them so far. */
  readonly files: Mounts;
  /** Serves these stores from now on. */
  readonly load: (stores: Stores) => void;
}

/** The answer of a node: nothing more than its consent, a refusal, or why it was not reached. */
export type Answer = { readonly ok: true } | { readonly refused: string } | { readonly problem: string };

export interface Administration {
  settings(namespace: string, pod: string): Settings | undefined;
  validate(namespace: string, pod: string, settings: Settings): Answer;
  reload(namespace: string, pod: string): Answer;
}

export interface AdministrationOptions {
  readonly context: Pick<Context, 'cache' | 'clock'>;
  readonly processes: KafkaProcesses;
  readonly nodeOf: (namespace: string, pod: string) => AdministeredNode | undefined;
}

export function administration({ context, processes, nodeOf }: AdministrationOptions): Administration {
  const unreached = (node: AdministeredNode | undefined): string | undefined => {
    if (node === undefined) return 'connection refused';
    return processes.isConnected(node.process) ? undefined : 'it answers NOT_CONTROLLER';
  };
  return {
    settings: (namespace, pod) => nodeOf(namespace, pod)?.process.startup.settings,
    validate: (namespace, pod, settings) => {
      const node = nodeOf(namespace, pod);
      const problem = unreached(node);
      if (node === undefined || problem !== undefined) return { problem: problem ?? '' };
      const isRespelled = Object.entries(settings).some(([name, file]) => name.includes('.ssl.') && file !== settingOf(node, name));
      const refused = node.process.role !== 'controller' && isRespelled ? misfit(node, context.clock.now()) : undefined;
      return refused === undefined ? { ok: true } : { refused };
    },
    reload: (namespace, pod) => {
      const node = nodeOf(namespace, pod);
      const problem = unreached(node);
      if (node === undefined || problem !== undefined) return { problem: problem ?? '' };
      const stores = storesIn(node.files);
      const isKept = hasPodFault('keeps-certificate', context.cache, node.pod);
      if (node.process.tls !== undefined && !isKept && misfit(node, context.clock.now()) === undefined) node.load(stores);
      return { ok: true };
    },
  };
}

/** A setting of a listener, else of all listeners. */
function settingOf({ process }: AdministeredNode, name: string): string | undefined {
  const { settings } = process.startup;
  return settings[name] ?? settings[name.replace(/^listener\.name\.[^.]+\./, '')];
}

/** Returns why the node does not load the files of its container, in Kafka's words; undefined when they fit what it has loaded. */
function misfit({ process, files }: AdministeredNode, now: Date): string | undefined {
  const has = process.tls;
  if (has === undefined) return 'it has no key store';
  const next = storesIn(files);
  const [old, fresh] = [certificatesOf(has), certificatesOf(next)];
  if (fresh === undefined || old === undefined || !hasKey(fresh[0], next)) return `Failed to load SSL keystore ${KEYSTORE} of type JKS`;
  if (old.length !== fresh.length)
    return `Keystore entries do not match, existing store contains ${old.length} entries, new store contains ${fresh.length} entries`;
  const other = old.findIndex((certificate, i) => certificate.subject !== fresh[i]?.subject);
  if (other !== -1) {
    const entry = (certificate: X509Certificate | undefined) =>
      `{alias=${other === 0 ? 'certificate' : 'ca'}, DN=${certificate?.subject.split('\n').reverse().join(',')}}`;
    return `Keystore DistinguishedName does not match: existing=${entry(old[other])}, new=${entry(fresh[other])}`;
  }
  const names = new Set(namesOf(fresh[0]));
  if (!namesOf(old[0]).every((name) => names.has(name))) return 'Keystore SubjectAltNames do not match: the new certificate lacks names';
  return process.role === 'controller' || trustsChain(next.trust, next.chain, now, now)
    ? undefined
    : 'PKIX path building failed: its own trust store does not accept the certificate';
}

/** The entries of the key store: the leaf, and each CA certificate. */
function certificatesOf({ chain, trust }: Pick<Stores, 'chain' | 'trust'>): readonly X509Certificate[] | undefined {
  try {
    const entries = [...chain.slice(0, 1), ...trust].map((pem) => new X509Certificate(pem));
    return chain.length === 0 ? undefined : entries;
  } catch {
    return undefined;
  }
}

function hasKey(leaf: X509Certificate | undefined, { key }: Stores): boolean {
  try {
    return leaf?.checkPrivateKey(createPrivateKey(key)) === true;
  } catch {
    return false;
  }
}

function namesOf(certificate: X509Certificate | undefined): readonly string[] {
  return (certificate?.subjectAltName ?? '').split(', ').filter(Boolean);
}
