/**
 * Faults that an annotation switches on, so that users can rehearse them as well.
 *
 *     on a Kafka, naming pods separated by commas, `*` for all
 *       sandbox.kafka-tls/never-ready: orders-broker-1      the pod runs and never becomes Ready
 *       sandbox.kafka-tls/crash-loop: orders-broker-1       the pod ends as soon as it starts
 *       sandbox.kafka-tls/small-heap: orders-controller-0   it ends while it runs without TLS beside a node with TLS
 *       sandbox.kafka-tls/behind: orders-broker-1           its replicas are out of sync; a controller has not caught up
 *       sandbox.kafka-tls/keeps-certificate: orders-broker-1  it does not load a changed certificate while it runs
 *     on a Kafka
 *       sandbox.kafka-tls/mount-takes: 40s                  files in its pods follow a changed Secret after this time
 *     on an Issuer or ClusterIssuer
 *       sandbox.kafka-tls/issuance-takes: 3m                a certificate takes this long
 *       sandbox.kafka-tls/issuance-fails: no quota left     every request fails for this reason
 *       sandbox.kafka-tls/drops-names: 127.0.0.1,localhost  certificates leave these names out
 *       sandbox.kafka-tls/backdates: 5m                     certificates are valid from this long ago
 *     on an issuer with spec.vault: what the role of the Vault does not allow
 *       sandbox.kafka-tls/vault-forbids: localhost,ip-sans,wildcards
 *       sandbox.kafka-tls/vault-domains: demo.svc           the only domains, with their subdomains; default: any is allowed
 *
 * `crash-loop` affects a running pod at its next start. Every other fault ends with its annotation.
 */
import { goDurationMs } from '#model/go-duration';
import type { Cache } from './cache';
import { type Issuer, KINDS, type Pod } from './kinds';
import { kafkaNodeOf } from './kubedb/layout';

const PREFIX = 'sandbox.kafka-tls/';

export type PodFault = 'never-ready' | 'crash-loop' | 'small-heap' | 'behind' | 'keeps-certificate';

/** Tells whether a fault applies to a pod. */
export function hasPodFault(fault: PodFault, cache: Cache, pod: Pod): boolean {
  const kafka = cache.get(KINDS.Kafka, pod.metadata.namespace, kafkaNodeOf(pod)?.kafka ?? '');
  const pods = listOf(kafka?.metadata.annotations?.[`${PREFIX}${fault}`]);
  return pods.includes('*') || pods.includes(pod.metadata.name);
}

/** Returns how late the files of a pod follow a changed Secret; undefined without the fault. */
export function mountDelayOf(cache: Cache, pod: Pod): number | undefined {
  const kafka = cache.get(KINDS.Kafka, pod.metadata.namespace, kafkaNodeOf(pod)?.kafka ?? '');
  return goDurationMs(kafka?.metadata.annotations?.[`${PREFIX}mount-takes`] ?? '');
}

export function issuerFaultsOf({ metadata: { annotations = {} } }: Issuer) {
  const text = (fault: string) => annotations[`${PREFIX}${fault}`];
  return {
    /** Undefined: the sandbox's timing. */
    takesMs: goDurationMs(text('issuance-takes') ?? ''),
    /** Why every request fails. */
    failure: text('issuance-fails') || undefined,
    droppedNames: listOf(text('drops-names')),
    backdatedMs: goDurationMs(text('backdates') ?? '') ?? 0,
  };
}

/** Returns what the role of a Vault issuer allows. Without `domains`, any name. */
export function vaultRoleOf({ metadata: { annotations = {} } }: Issuer) {
  const domains = annotations[`${PREFIX}vault-domains`];
  return { domains: domains === undefined ? undefined : listOf(domains), forbids: listOf(annotations[`${PREFIX}vault-forbids`]) };
}

function listOf(text = ''): readonly string[] {
  return text.split(',').flatMap((item) => item.trim() || []);
}
