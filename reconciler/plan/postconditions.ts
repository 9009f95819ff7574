/** Whether a Successful request had its effect, by the layers that it changes. The phase of the request alone proves nothing. */

import { type Bundle, tlsOfRequest } from '#model/bundle';
import type { KafkaOpsRequest } from '#model/kinds/index';
import type { Observation } from '../model/observation';
import type { Finding, Reason } from '../model/plan';
import { certificateFindings } from './checks/certificates';
import { kafkaFindings } from './checks/kafka';
import { petSetFindings } from './checks/pet-sets';
import { podFindings } from './checks/pods';
import { rotationFindings, secretFindings } from './checks/secrets';
import type { PlanInput } from './plan-input';

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
