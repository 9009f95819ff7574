/** What a Certificate has, and the status that tells of it. */
import type { Condition, KubeObject } from '#model/kube-object';
import { KINDS } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { conditionsOf, type NewCondition, type World, withCondition, writeStatus } from '../world';
import { findViolation, type Material, materialOf, renewalTime, type Violation } from './violations';

export function revisionOf(certificate: KubeObject): number {
  return certificate.status?.revision ?? 0;
}

export function generationOf(certificate: KubeObject): number {
  return certificate.metadata.generation ?? 1;
}

/** Returns the Secret that a Certificate is written to. */
export function secretOf({ cache }: World, { metadata, spec }: KubeObject): KubeObject | undefined {
  return cache.get(KINDS.Secret, metadata.namespace, spec.secretName);
}

/** Returns the request of a revision. */
export function requestOf({ cache }: World, { metadata }: KubeObject, revision: number): KubeObject | undefined {
  return cache.get(KINDS.CertificateRequest, metadata.namespace, `${metadata.name}-${revision}`);
}

/** Returns what was issued, as far as it can be read. */
export function issuedMaterial(world: World, certificate: KubeObject): Material | undefined {
  const secret = secretOf(world, certificate);
  const material = secret === undefined ? undefined : materialOf(secret);
  return material !== undefined && 'key' in material ? material : undefined;
}

/** Returns why a Certificate does not have what its spec asks for; `request` is that of its revision. */
export function violationOf(
  world: World,
  certificate: KubeObject,
  request = requestOf(world, certificate, revisionOf(certificate)),
): Violation | undefined {
  return findViolation({ certificate, secret: secretOf(world, certificate), request });
}

export interface StatusChange {
  readonly violation: Violation | undefined;
  /** Sets or removes the Issuing condition; absent leaves it. */
  readonly issuing?: Omit<NewCondition, 'type' | 'observedGeneration'> | 'over';
  /** The other fields; default: as they are. */
  readonly fields?: object;
}

/** Writes the status of a Certificate: Ready and dates always follow from what its Secret holds. */
export async function reportStatus(
  world: World,
  certificate: KubeObject,
  { violation, issuing, fields = certificate.status }: StatusChange,
): Promise<void> {
  const now = world.clock.now();
  const material = issuedMaterial(world, certificate);
  const observedGeneration = generationOf(certificate);
  const before: readonly Condition[] = conditionsOf(certificate).filter((c) => issuing !== 'over' || c.type !== 'Issuing');
  const withReady = withCondition(before, { type: 'Ready', observedGeneration, ...readiness(violation, material, now) }, now);
  const conditions =
    issuing === undefined || issuing === 'over'
      ? withReady
      : withCondition(withReady, { type: 'Issuing', observedGeneration, ...issuing }, now);
  await writeStatus(world, certificate, { ...fields, ...(material === undefined ? {} : datesOf(certificate, material)), conditions });
}

function readiness(violation: Violation | undefined, material: Material | undefined, now: Date): Omit<NewCondition, 'type'> {
  if (violation !== undefined) return { status: 'False', ...violation };
  if (material !== undefined && material.certificate.validToDate <= now)
    return { status: 'False', reason: 'Expired', message: 'Certificate has expired' };
  return { status: 'True', reason: 'Ready', message: 'Certificate is up to date and has not expired' };
}

function datesOf(certificate: KubeObject, material: Material): object {
  const { validFromDate, validToDate } = material.certificate;
  const renewal = renewalTime(certificate, material);
  return {
    notBefore: timestamp(validFromDate),
    notAfter: timestamp(validToDate),
    ...(renewal === undefined ? {} : { renewalTime: timestamp(renewal) }),
  };
}
