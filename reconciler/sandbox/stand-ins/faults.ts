/**
 * Faults on demand, asked for by annotation, so that users can rehearse them, too.
 *
 *     on a Kafka, naming pods separated by commas, `*` for all
 *       sandbox.kafka-tls/never-ready: orders-broker-1      the pod runs and never becomes Ready
 *       sandbox.kafka-tls/crash-loop: orders-broker-1       the pod ends as soon as it starts
 *       sandbox.kafka-tls/behind: orders-broker-1           its replicas are out of sync, and as a controller it has not caught up
 *     on an Issuer or ClusterIssuer
 *       sandbox.kafka-tls/issuance-takes: 3m                a certificate takes this long
 *       sandbox.kafka-tls/issuance-fails: no quota left     none is issued, for this reason
 *       sandbox.kafka-tls/drops-names: 127.0.0.1,localhost  these names are left out of what is issued
 *       sandbox.kafka-tls/backdates: 5m                     what is issued says that it is that much older
 *     on one with spec.vault: what the role of the Vault does not allow
 *       sandbox.kafka-tls/vault-forbids: localhost,ip-sans,wildcards
 *       sandbox.kafka-tls/vault-domains: demo.svc           other domains than these and their subdomains; default: any is allowed
 *
 * A running pod takes no notice of `crash-loop` until it is restarted; what the others do ends when the annotation does.
 */
import { goDurationMs } from '#model/go-duration';
import { KINDS, type KubeObject } from '#model/kube-object';
import type { Cache } from './cache';
import { kafkaNodeOf } from './kubernetes/kafka-node';

const PREFIX = 'sandbox.kafka-tls/';

export type PodFault = 'never-ready' | 'crash-loop' | 'behind';

/** Tells whether this is to be wrong with a pod. */
export function hasPodFault(fault: PodFault, cache: Cache, pod: KubeObject): boolean {
  const kafka = cache.get(KINDS.Kafka, pod.metadata.namespace, kafkaNodeOf(pod)?.kafka ?? '');
  const isNamed = (text: string) => text.split(',').some((name) => name.trim() === '*' || name.trim() === pod.metadata.name);
  return isNamed(kafka?.metadata.annotations?.[`${PREFIX}${fault}`] ?? '');
}

export interface IssuerFault {
  /** How long it takes for a certificate. */
  readonly takesMs: number | undefined;
  /** Why it issues none. */
  readonly failure: string | undefined;
  readonly droppedNames: readonly string[];
  readonly backdatedMs: number;
}

/** Returns what is wrong with an issuer. */
export function issuerFaultOf(issuer: KubeObject): IssuerFault {
  const text = (name: string) => issuer.metadata.annotations?.[`${PREFIX}${name}`] ?? '';
  return {
    takesMs: goDurationMs(text('issuance-takes')),
    failure: text('issuance-fails') === '' ? undefined : text('issuance-fails'),
    droppedNames: listOf(text('drops-names')),
    backdatedMs: goDurationMs(text('backdates')) ?? 0,
  };
}

const VAULT_RULES = ['localhost', 'ip-sans', 'wildcards'] as const;

/** Returns what the role of a Vault issuer allows. */
export function vaultRoleOf({ metadata: { annotations = {} } }: KubeObject) {
  const domains = annotations[`${PREFIX}vault-domains`];
  const forbidden = listOf(annotations[`${PREFIX}vault-forbids`] ?? '');
  return {
    /** Undefined: any. */
    domains: domains === undefined ? undefined : listOf(domains),
    forbids: (rule: (typeof VAULT_RULES)[number]) => forbidden.includes(rule),
  };
}

function listOf(text: string): readonly string[] {
  return text.split(',').flatMap((item) => item.trim() || []);
}
