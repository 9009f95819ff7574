/**
 * The owners of the Issuers and Certificates of a bundle. Every KafkaTls applies as the same field manager, so the API server reports no
 * conflict between two of them: they would overwrite each other in every run, and a CA with another owner would give every client another
 * root. An object of another owner is therefore refused before the first change.
 *
 *     label of our Kafka             ours, also after its KafkaTls got another owner id
 *     label of another Kafka         refused, also with --take-over: only one KafkaTls owns a CA, others refer to it
 *     no label, with the same content    adopted
 *     no label, with other content       refused
 *
 * cert-manager overwrites the Secret of a new Certificate, so a Secret of another origin is refused, too.
 */
import { isKind } from '#model/kinds/index';
import { formatRef, KINDS, type KubeObject, ref, refOf } from '#model/kube-object';
import { ANNOTATION_OWNER, LABEL_KAFKA } from '#model/names';
import type { Obstacle } from '../model/plan';
import { liveObjectOf, specDifferences } from './issuer-manifests';
import { differ, type PlanInput } from './plan-input';

/** Returns the objects of the bundle that another owner has. */
export function objectsBelongToAnother({ bundle, live }: PlanInput): readonly Obstacle[] {
  return bundle.issuerManifests.flatMap((manifest) => {
    const has = liveObjectOf(manifest, live);
    const secret = has === undefined ? foreignSecret(manifest, { bundle, live }) : undefined;
    return (has === undefined ? secret : foreignObject(manifest, has, bundle.desired)) ?? [];
  });
}

function foreignObject(manifest: KubeObject, has: KubeObject, { kafka, owner }: PlanInput['bundle']['desired']): Obstacle | undefined {
  const label = has.metadata.labels?.[LABEL_KAFKA];
  const annotation = has.metadata.annotations?.[ANNOTATION_OWNER];
  const subject = refOf(manifest);
  if (label === kafka) return undefined;
  if (label !== undefined || (annotation !== undefined && annotation !== owner)) {
    const belongsTo = annotation ?? `${subject.namespace}/${label}`;
    return { kind: 'invalid', subject, message: `belongs to ${belongsTo}, and only one KafkaTls may own it`, hint: wayOut(manifest) };
  }
  const different = specDifferences(manifest, has);
  if (different.length === 0) return undefined;
  return {
    kind: 'invalid',
    subject,
    message: `exists, belongs to no KafkaTls, and has other content: ${differ(different)}`,
    hint: `${wayOut(manifest)} To have it created as desired, delete it first.`,
  };
}

function wayOut(manifest: KubeObject): string {
  if (!isKind('Certificate', manifest)) return `Refer to it with TlsIssuer.issuer('${manifest.metadata.name}').`;
  return manifest.spec.isCA === true ? 'Refer to its Issuer with TlsIssuer.issuer.' : 'Give the certificate another name.';
}

function foreignSecret(manifest: KubeObject, { live }: Pick<PlanInput, 'bundle' | 'live'>): Obstacle | undefined {
  if (!isKind('Certificate', manifest)) return undefined;
  const { metadata, spec } = manifest;
  const secret = live.secrets.find((s) => s.name === spec.secretName);
  const madeFor = secret?.annotations['cert-manager.io/certificate-name'];
  if (secret === undefined || madeFor === metadata.name || !secret.keys.includes('tls.crt')) return undefined;
  const of = madeFor === undefined ? 'was not created by cert-manager' : `holds the certificate of Certificate/${madeFor}`;
  const certificate = formatRef(ref(KINDS.Certificate, live.namespace, metadata.name));
  const sign = spec.isCA === true ? ` To sign with its CA, use TlsIssuer.caSecret('${secret.name}').` : '';
  return {
    kind: 'invalid',
    subject: ref(KINDS.Secret, live.namespace, secret.name),
    message: `${of}, and ${certificate} would overwrite it`,
    hint: `Give the certificate another name, or delete the Secret.${sign}`,
  };
}
