/** Whether every pod serves what its Secret holds: what `verify` reports, and what ends every operation. */
import { KINDS, type ObjectRef, ref } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import { certificateOf, type TlsState } from '#model/tls';
import type { PodFacts, PodObservation, SecretFacts, Served } from '../model/observation';
import { untrustedBecause } from './cluster-domain';

/** Something about a pod that is not proven. */
export interface Mismatch {
  readonly subject: ObjectRef;
  readonly problem: string;
  /** It could not be seen, or the pod is not up yet: not proven wrong either. */
  readonly isUnknown: boolean;
  /** The pod is Ready and its listener does not answer from here: waiting will hardly help. */
  readonly isUnreachable: boolean;
}

/** Returns what is not proven of a Kafka's pods; nothing means that every listener of every pod serves what it should. */
export function mismatches(live: PodObservation, tls: TlsState): readonly Mismatch[] {
  const nodes = live.kafka === undefined ? [] : nodesOf(live.kafka);
  const absent = nodes
    .filter((node) => !live.pods.some((p) => p.name === node.pod))
    .map((node) => mismatch(live, node.pod, 'does not exist', { isUnknown: true }));
  return [...absent, ...live.pods.flatMap((pod) => podMismatch(live, pod, tls) ?? [])];
}

function mismatch(
  live: PodObservation,
  pod: string,
  problem: string,
  how: { isUnknown?: boolean; isUnreachable?: boolean } = {},
): Mismatch {
  return {
    subject: ref(KINDS.Pod, live.namespace, pod),
    problem,
    isUnknown: how.isUnknown === true,
    isUnreachable: how.isUnreachable === true,
  };
}

/** Returns what is not proven of one pod, or undefined. */
export function podMismatch(live: PodObservation, pod: PodFacts, tls: TlsState): Mismatch | undefined {
  if (pod.isTerminating) return mismatch(live, pod.name, 'is terminating', { isUnknown: true });
  if (pod.stuck !== undefined) return mismatch(live, pod.name, `cannot start: ${pod.stuck}`, { isUnknown: true });
  for (const served of pod.served) {
    const problem = servedProblem(live, pod, served, tls);
    if (problem === undefined) continue;
    const isUnseen = served.protocol === 'unknown';
    const isUnknown = isUnseen || serverSecret(live, tls)?.unread !== undefined;
    return mismatch(live, pod.name, `${served.listener}: ${problem}`, { isUnknown, isUnreachable: isUnseen && pod.isReady });
  }
  return pod.isReady ? undefined : mismatch(live, pod.name, 'is not Ready', { isUnknown: true });
}

function serverSecret(live: PodObservation, tls: TlsState): SecretFacts | undefined {
  return tls === 'off' ? undefined : live.secrets.find((s) => s.name === certificateOf(live.name, tls, 'server').secretName);
}

/** Returns how what a listener serves differs from the TLS state and the Secret; readiness does not matter here. */
export function servedProblem(live: PodObservation, pod: PodFacts, served: Served, tls: TlsState): string | undefined {
  if (served.protocol === 'unknown') return served.because ?? 'could not be seen';
  if (tls === 'off') return served.protocol === 'plaintext' ? undefined : 'serves TLS, wanted plaintext';
  if (served.protocol === 'plaintext') return 'serves plaintext, wanted TLS';
  const name = certificateOf(live.name, tls, 'server').secretName;
  const { leaf, unread } = serverSecret(live, tls) ?? {};
  if (unread !== undefined) return `Secret ${name} cannot be compared with: ${unread}`;
  if (leaf === undefined) return `Secret ${name} holds no certificate to compare with`;
  if (served.leaf?.fingerprint !== leaf.fingerprint) return `serves another certificate than Secret ${name} holds`;
  return untrustedBecause(live, pod, served);
}
