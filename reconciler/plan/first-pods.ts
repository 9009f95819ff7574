/** Drafts for a Kafka that has no pods yet: it is created or configured with the desired TLS state, and no pod restarts. */

import { capabilitiesOf } from '#model/capabilities';
import { type KubeObject, refOf } from '#model/kube-object';
import type { Draft, Finding, Step } from '../model/plan';
import { certificateFindings } from './checks/certificates';
import { kafkaFindings } from './checks/configuration';
import { secretFindings } from './checks/secrets';
import { issuerSteps, retrySteps } from './issuer-manifests';
import { kafkaRef, type PlanInput } from './plan-input';
import { claimOwnershipSteps, issueSteps } from './steps';
import { firstTrustBundle } from './trust-bundle-steps';

/** Creates a declared Kafka that does not exist. */
export function draftCreate(input: PlanInput, findings: readonly Finding[]): Draft {
  const manifest = input.bundle.kafka as KubeObject; // preconditions refuse a missing Kafka that is not declared
  const subject = refOf(manifest);
  return {
    operation: 'create',
    steps: [
      ...issuerSteps(input),
      ...certificatesOfFirstPods(input),
      { kind: 'create', subject, findings, manifest },
      { kind: 'awaitReady', subject, findings: [] },
      { kind: 'verify', subject, findings: [] },
      ...firstTrustBundle(input),
    ],
  };
}

/** Writes the desired TLS state into a Kafka that exists and has no pods. */
export function draftConfigure(input: PlanInput, findings: readonly Finding[]): Draft {
  const subject = kafkaRef(input.live);
  const differing = kafkaFindings(input);
  const configure: readonly Step[] = differing.length > 0 ? [{ kind: 'configure', subject, findings: differing }] : [];
  return {
    operation: differing.length > 0 ? 'configure' : 'create',
    steps: [
      ...claimOwnershipSteps(input),
      ...issuerSteps(input),
      ...certificatesOfFirstPods(input),
      ...configure,
      { kind: 'awaitReady', subject, findings },
      { kind: 'verify', subject, findings },
      ...firstTrustBundle(input),
    ],
  };
}

/** KubeDB writes the certificates that the first pods mount, unless the executor owns them. */
function certificatesOfFirstPods(input: PlanInput): readonly Step[] {
  const certificates = certificateFindings(input);
  if (!capabilitiesOf(input.bundle.desired).ownsCertificates) return retrySteps(input, certificates);
  return issueSteps(input, { findings: [...certificates, ...secretFindings(input)], rotate: [], isRootChange: false });
}
