/** The desired Certificates, and those of them that a draft issues: their issuers must be able to sign them. */

import { capabilitiesOf } from '#model/capabilities';
import { type Certificate, isKind } from '#model/kinds/index';
import { formatRef, isSameRef, KINDS, type ObjectRef, ref, refOf } from '#model/kube-object';
import { ALIASES } from '#model/tls';
import { type Draft, partsOf, type Step } from '#reconciler/model/plan';
import { type PlanInput, wantedCertificate } from '../plan-input';

export interface WantedCertificate {
  readonly manifest: Certificate;
  readonly issuer: ObjectRef;
  /** Pods of the Kafka mount it; else a CA or an application has it. */
  readonly isOfBrokers: boolean;
}

/** Returns all desired Certificates: those of the brokers first, then those of the bundle. */
export function wantedCertificates(input: PlanInput): readonly WantedCertificate[] {
  const { bundle, live } = input;
  const wanted = (isOfBrokers: boolean) => (manifest: Certificate) => {
    return { manifest, issuer: issuerRefOf(manifest, live.namespace), isOfBrokers };
  };
  const ofBrokers = bundle.tls === 'off' ? [] : ALIASES.map((alias) => wantedCertificate(input, alias));
  const others = bundle.issuerManifests.filter((m) => isKind('Certificate', m));
  return [...ofBrokers.map(wanted(true)), ...others.map(wanted(false))];
}

/** Returns the Certificates that the steps issue. A rotation issues Certificates again that are as desired. */
export function certificatesToIssue(input: PlanInput, { steps }: Draft): readonly WantedCertificate[] {
  const isByKubeDb = !capabilitiesOf(input.bundle.desired).ownsCertificates && steps.some(makesKubeDbIssue);
  return wantedCertificates(input).filter(({ manifest, isOfBrokers }) => {
    return (
      (isOfBrokers && isByKubeDb) || steps.some((s) => isIssuing(s) && partsOf(s).some((part) => isSameRef(part.subject, refOf(manifest))))
    );
  });
}

/** Returns the issuers of these Certificates, each once. */
export function neededIssuers(input: PlanInput, draft: Draft): readonly ObjectRef[] {
  return [...new Map(certificatesToIssue(input, draft).map(({ issuer }) => [formatRef(issuer), issuer])).values()];
}

function makesKubeDbIssue(step: Step): boolean {
  if (step.kind === 'submitOpsRequest') return step.operation !== 'restart' && step.operation !== 'remove' && !step.isContinued;
  return step.kind === 'create' || step.kind === 'configure';
}

function isIssuing({ kind }: Step): boolean {
  return kind === 'issue' || kind === 'apply' || kind === 'awaitReady';
}

function issuerRefOf({ spec: { issuerRef } }: Certificate, namespace: string): ObjectRef {
  return ref(issuerRef.kind === KINDS.ClusterIssuer.kind ? KINDS.ClusterIssuer : KINDS.Issuer, namespace, issuerRef.name);
}
