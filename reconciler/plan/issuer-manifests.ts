/** Issuers, CA and application certificates of the bundle: which to apply, and which of ours to delete. */

import { differingFields, inLiveSpelling, withKeyKind } from '#model/certificate-effect';
import { asKind } from '#model/kinds/index';
import { isEqual, isMap, isSameRef, KINDS, type KubeObject, type ObjectRef, ref, refOf } from '#model/kube-object';
import { LABEL_KAFKA } from '#model/names';
import { mapIn } from '#model/plain-data';
import { ALIASES, brokerCertificateName } from '#model/tls';
import { statusOf } from '../model/object-status';
import type { Observation } from '../model/observation';
import type { Finding, Step } from '../model/plan';
import { inClusterDomain } from './cluster-domain';
import { type AliasFinding, differ, type PlanInput } from './plan-input';

/** Returns the steps that apply issuers and certificates of the bundle, each Ready before the next one needs it. */
export function issuerSteps({ bundle, live }: PlanInput, manifests: readonly KubeObject[] = bundle.issuerManifests): readonly Step[] {
  return manifests.flatMap((manifest) => manifestSteps(withKeyKind(manifest, liveObjectOf(manifest, live)), live));
}

/**
 * Returns the steps that write the user's labels of broker Certificates and their Secrets, where nothing else differs: cert-manager does not
 * issue for a label, and no pod restarts. A Certificate that differs otherwise gets its labels with the other fields.
 */
export function brokerLabelSteps({ bundle, live }: PlanInput, certificates: readonly AliasFinding[]): readonly Step[] {
  const ofUser = (labels: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(labels).filter(([key]) => bundle.desired.labels?.[key] !== undefined));
  const isIssued = (name: string) => certificates.some((f) => f.subject.name === name && f.reason === 'CertificateDiffers');
  return bundle.brokerCertificates.flatMap((given) => {
    const manifest = inClusterDomain(given, { bundle, live });
    const subject = refOf(manifest);
    const has = liveObjectOf(manifest, live);
    if (has === undefined || isIssued(subject.name)) return [];
    const different = [
      ...differing(ofUser(manifest.metadata.labels), has.metadata.labels ?? {}, 'metadata.labels'),
      ...differing(
        ofUser(manifest.spec.secretTemplate?.labels),
        asKind('Certificate', has).spec.secretTemplate?.labels ?? {},
        'spec.secretTemplate.labels',
      ),
    ];
    if (different.length === 0) return [];
    return [
      {
        kind: 'apply',
        subject,
        findings: [differs('Certificate', subject, different)],
        manifest: spelledAsLive(manifest, has),
        change: 'configure',
      },
    ];
  });
}

/** Returns the steps that bring one object to its manifest. */
export function manifestSteps(manifest: KubeObject, live: Observation): readonly Step[] {
  const subject = refOf(manifest);
  const kind = manifest.kind === KINDS.Issuer.kind ? 'Issuer' : 'Certificate';
  const has = liveObjectOf(manifest, live);
  if (has === undefined)
    return applied(manifest, 'create', {
      subject,
      reason: `${kind}Missing`,
      message: 'missing',
    });
  const different = differences(manifest, has);
  if (different.length > 0) return applied(spelledAsLive(manifest, has), 'configure', differs(kind, subject, different));
  const { state, reason: message } = statusOf(has);
  if (state === 'Current') return [];
  const findings: readonly Finding[] = [{ subject, reason: `${kind}NotReady`, message }];
  return [
    ...(state === 'Failed' && kind === 'Certificate' ? [retryIssuance(findings[0] as Finding)] : []),
    { kind: 'awaitReady', subject, findings },
  ];
}

function retryIssuance(finding: Finding): Step {
  return { kind: 'retryIssuance', subject: finding.subject, findings: [finding] };
}

/** Returns the steps that make cert-manager retry the broker certificates whose issuance has failed. */
export function retrySteps({ live }: PlanInput, issuanceInProgress: readonly Finding[]): readonly Step[] {
  const isFailed = ({ subject }: Finding) => statusOf(live.certificates.find((c) => c.metadata.name === subject.name)).state === 'Failed';
  return issuanceInProgress.filter(isFailed).map(retryIssuance);
}

function differs(kind: 'Issuer' | 'Certificate', subject: ObjectRef, different: readonly string[]): Finding {
  return { subject, reason: `${kind}Differs`, message: differ(different) };
}

function applied(manifest: KubeObject, change: 'create' | 'configure', finding: Finding): readonly Step[] {
  const subject = refOf(manifest);
  return [
    { kind: 'apply', subject, findings: [finding], manifest, change },
    { kind: 'awaitReady', subject, findings: [] },
  ];
}

/** Returns a manifest for server-side apply that keeps the spelling of the live object where both mean the same. */
export function spelledAsLive(manifest: KubeObject, has: KubeObject | undefined): KubeObject {
  if (manifest.kind !== KINDS.Certificate.kind || has === undefined) return manifest;
  return { ...manifest, spec: inLiveSpelling(mapIn(manifest.spec), has.spec) };
}

/** Returns the live object of a manifest of the bundle. */
export function liveObjectOf(manifest: KubeObject, live: Observation): KubeObject | undefined {
  if (manifest.kind === 'Certificate') return live.certificates.find((c) => c.metadata.name === manifest.metadata.name);
  return live.issuers.find((i) => i.kind === 'Issuer' && i.name === manifest.metadata.name)?.object;
}

/** Only fields of the manifest are ours; fields that a server or another manager added are not compared. */
function differences(manifest: KubeObject, has: KubeObject): readonly string[] {
  const labels = differing(manifest.metadata.labels ?? {}, has.metadata.labels, 'metadata.labels');
  const annotations = differing(manifest.metadata.annotations ?? {}, has.metadata.annotations, 'metadata.annotations');
  return [...labels, ...annotations, ...specDifferences(manifest, has)];
}

/** Returns the fields of a manifest's spec that have another effect in the live object. */
export function specDifferences(manifest: KubeObject, has: KubeObject): readonly string[] {
  if (manifest.kind === KINDS.Certificate.kind) return differingFields(manifest.spec, has.spec).map((field) => `spec.${field}`);
  return differing(manifest.spec ?? {}, has.spec, 'spec');
}

function differing(wanted: unknown, has: unknown, path: string): readonly string[] {
  if (isMap(wanted)) {
    // An empty map matters: it makes an Issuer selfSigned.
    if (!isMap(has)) return [path];
    return Object.entries(wanted).flatMap(([key, value]) => differing(value, has[key], `${path}.${key}`));
  }
  if (Array.isArray(wanted)) return isEqual(wanted, has ?? []) ? [] : [path];
  return wanted === has ? [] : [path];
}

/**
 * Returns the deletions of Certificates that are ours and no longer wanted: application certificates that left the bundle, and the broker
 * Certificates of a Kafka without TLS. Their Secrets are kept, and so is every CA.
 */
export function pruneSteps({ bundle, live }: PlanInput): readonly Step[] {
  const wanted = [...bundle.issuerManifests, ...bundle.brokerCertificates].map(refOf);
  const brokerNames = ALIASES.map((alias) => brokerCertificateName(live.name, alias));
  return live.certificates
    .filter((c) => c.metadata.labels?.[LABEL_KAFKA] === live.name && c.metadata.deletionTimestamp === undefined)
    .filter((c) => c.spec?.isCA !== true && !wanted.some((w) => isSameRef(w, refOf(c))))
    .filter((c) => bundle.tls === 'off' || !brokerNames.includes(c.metadata.name))
    .map((c) => {
      const subject = ref(KINDS.Certificate, live.namespace, c.metadata.name);
      const message = `no longer wanted; its Secret ${c.spec?.secretName} is kept`;
      return { kind: 'delete', subject, findings: [{ subject, reason: 'CertificateLeftOver', message }], uid: c.metadata.uid ?? '' };
    });
}
