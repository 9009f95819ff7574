/**
 * Whether every pod serves the certificate in its Secret, and whether a request had its effect. `verify` reports the first, and every operation
 * ends with it. The phase of a Successful request alone proves nothing.
 */
import { type Bundle, tlsOfRequest } from '#model/bundle';
import type { KafkaOpsRequest } from '#model/kinds/index';
import type { ObjectRef } from '#model/kube-object';
import { certificateOf, type TlsState } from '#model/tls';
import type { Observation, PodFacts, PodObservation, Served } from '../model/observation';
import type { Finding, Reason } from '../model/plan';
import { certificateFindings } from './checks/certificates';
import { kafkaFindings, petSetFindings } from './checks/configuration';
import { podFindings } from './checks/pods';
import { rotationFindings, secretFindings } from './checks/secrets';
import { untrustedBecause } from './cluster-domain';
import { downPod, missingPods } from './gates/pods';
import { certificateSecret, type PlanInput, podRef } from './plan-input';

/** A property of a pod that is not proven. */
export interface Mismatch {
  readonly subject: ObjectRef;
  readonly problem: string;
  /** The pod could not be observed or is not up yet, so nothing is proven wrong either. */
  readonly isUnknown: boolean;
  /** The pod is Ready and its listener does not answer from here, so waiting will hardly help. */
  readonly isUnreachable: boolean;
}

/** Returns what is not proven of a Kafka's pods. Nothing means that every listener of every pod is as desired. */
export function mismatches(live: PodObservation, tls: TlsState): readonly Mismatch[] {
  const missing = missingPods(live).map(({ name, problem }) => mismatch(live, name, problem, { isUnknown: true }));
  return [...missing, ...live.pods.flatMap((pod) => podMismatch(live, pod, tls) ?? [])];
}

function mismatch(
  live: PodObservation,
  pod: string,
  problem: string,
  how: { isUnknown?: boolean; isUnreachable?: boolean } = {},
): Mismatch {
  return { subject: podRef(live, pod), problem, isUnknown: how.isUnknown === true, isUnreachable: how.isUnreachable === true };
}

/** Returns what is not proven of one pod, or undefined. */
export function podMismatch(live: PodObservation, pod: PodFacts, tls: TlsState): Mismatch | undefined {
  const down = downPod(pod);
  if (down !== undefined && down.state !== 'unready') return mismatch(live, pod.name, down.problem, { isUnknown: true });
  for (const served of pod.served) {
    const problem = servedProblem(live, pod, served, tls);
    if (problem === undefined) continue;
    const isUnseen = served.protocol === 'unknown';
    const isUnknown = isUnseen || certificateSecret(live, tls, 'server')?.unread !== undefined;
    return mismatch(live, pod.name, `${served.listener}: ${problem}`, { isUnknown, isUnreachable: isUnseen && pod.isReady });
  }
  return down === undefined ? undefined : mismatch(live, pod.name, down.problem, { isUnknown: true });
}

/** Returns how a listener differs from the TLS state and the Secret, whether the pod is Ready or not. */
export function servedProblem(live: PodObservation, pod: PodFacts, served: Served, tls: TlsState): string | undefined {
  if (served.protocol === 'unknown') return served.because ?? 'could not be seen';
  if (tls === 'off') return served.protocol === 'plaintext' ? undefined : 'serves TLS, wanted plaintext';
  if (served.protocol === 'plaintext') return 'serves plaintext, wanted TLS';
  const name = certificateOf(live.name, tls, 'server').secretName;
  const { leaf, unread } = certificateSecret(live, tls, 'server') ?? {};
  if (unread !== undefined) return `cannot be compared with Secret ${name}: ${unread}`;
  if (leaf === undefined) return `Secret ${name} holds no certificate to compare with`;
  if (served.leaf?.fingerprint !== leaf.fingerprint) return `serves another certificate than Secret ${name} holds`;
  return untrustedBecause(live, pod, served);
}

/** Returns what the live state lacks of a request's effect. Only a Restart is judged by pods: a rotation can end before its certificate is issued. */
export function unmetPostconditions(request: KafkaOpsRequest, bundle: Bundle, live: Observation, now: Date): readonly Finding[] {
  const asked = request.spec.tls;
  if (asked === undefined) return podFindings({ bundle, live, now });
  if (asked.rotateCertificates === true) return rotationFindings({ bundle, live, now });
  const tls = tlsOfRequest(request);
  const input: PlanInput = { bundle: { ...bundle, tls }, live, now };
  return [...kafkaFindings(input), ...certificateFindings(input), ...secretFindings(input), ...petSetFindings(input)];
}

const CERTIFICATE_REASONS: readonly Reason[] = [
  'CertificateMissing',
  'CertificateNotReady',
  'SecretMissing',
  'SecretIncomplete',
  'SecretFromOtherIssuer',
  'SecretLacksNames',
  'SecretHasOtherKey',
  'KeyEncodingDiffers',
  'CertificateTooOld',
  'CaReplaced',
  'CertificateExpiring',
];

/** Tells whether cert-manager may still resolve a finding after the request has ended. */
export function isIssuancePending(finding: Finding): boolean {
  return CERTIFICATE_REASONS.includes(finding.reason);
}
