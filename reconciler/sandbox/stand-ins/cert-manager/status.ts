/** The facts about a Certificate, and the status that reports them. */

import { goDurationMs } from '#model/go-duration';
import { conditionsOf } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { type Context, type NewCondition, observing, withConditions, writeStatus } from '../context';
import { type Certificate, type CertificateRequest, KINDS, type Secret } from '../kinds';
import { findViolation, type Material, materialOf, type Violation } from './violations';

/** What exists for a Certificate. */
export interface CertificateFacts {
  readonly certificate: Certificate;
  readonly secret: Secret | undefined;
  /** The key pair in the Secret, if it can be read. */
  readonly material: Material | undefined;
  /** Why the certificate must be issued again. */
  readonly violation: Violation | undefined;
}

/** Returns the request of a revision. */
export function requestOf({ cache }: Context, { metadata }: Certificate, revision: number): CertificateRequest | undefined {
  return cache.get(KINDS.CertificateRequest, metadata.namespace, `${metadata.name}-${revision}`);
}

export function revisionOf({ status }: Certificate): number {
  return status?.revision ?? 0;
}

/** Returns the facts. `request` is the request of the certificate's revision. */
export function factsOf(
  context: Context,
  certificate: Certificate,
  request = requestOf(context, certificate, revisionOf(certificate)),
): CertificateFacts {
  const secret = context.cache.get(KINDS.Secret, certificate.metadata.namespace, certificate.spec.secretName);
  const read = secret && materialOf(secret);
  const material = read !== undefined && 'key' in read ? read : undefined;
  return { certificate, secret, material, violation: findViolation({ certificate, secret, request }) };
}

export interface StatusChange {
  /** Sets the Issuing condition, or removes it. Default: it stays as it is. */
  readonly issuing?: Omit<NewCondition, 'type'> | 'remove';
  /** The other fields. Default: they stay as they are. */
  readonly fields?: object;
}

/** Writes the status of a Certificate. The Ready condition and the dates follow from the facts. */
export async function reportStatus(
  context: Context,
  { certificate, material, violation }: CertificateFacts,
  { issuing, fields = certificate.status ?? {} }: StatusChange = {},
): Promise<void> {
  const now = context.clock.now();
  const set: readonly NewCondition[] = [
    { type: 'Ready', ...readiness(violation, material, now) },
    ...(issuing === undefined || issuing === 'remove' ? [] : [{ type: 'Issuing', ...issuing }]),
  ];
  const kept = conditionsOf(certificate).filter((c) => issuing !== 'remove' || c.type !== 'Issuing');
  const conditions = withConditions(kept, observing(certificate, set), now);
  await writeStatus(context, certificate, { ...fields, ...(material === undefined ? {} : datesOf(certificate, material)), conditions });
}

function readiness(violation: Violation | undefined, material: Material | undefined, now: Date): Omit<NewCondition, 'type'> {
  if (violation !== undefined) return { status: 'False', ...violation };
  if (material !== undefined && material.certificate.validToDate <= now)
    return { status: 'False', reason: 'Expired', message: 'Certificate has expired' };
  return { status: 'True', reason: 'Ready', message: 'Certificate is up to date and has not expired' };
}

function datesOf(certificate: Certificate, material: Material): object {
  const { validFromDate, validToDate } = material.certificate;
  const renewal = renewalTime(certificate, material);
  return {
    notBefore: timestamp(validFromDate),
    notAfter: timestamp(validToDate),
    ...(renewal === undefined ? {} : { renewalTime: timestamp(renewal) }),
  };
}

/** Returns when cert-manager renews a certificate, or undefined if it does not. */
export function renewalTime({ spec }: Certificate, { certificate: { validFromDate, validToDate } }: Material): Date | undefined {
  const { renewBefore, renewBeforePercentage, renewal } = spec;
  if (renewal?.policy === 'Disabled') return undefined;
  const lifetime = validToDate.getTime() - validFromDate.getTime();
  const wanted = goDurationMs(renewBefore ?? '');
  const byShare = renewBeforePercentage === undefined ? lifetime / 3 : (lifetime * renewBeforePercentage) / 100;
  const before = wanted !== undefined && wanted < lifetime ? wanted : byShare;
  return new Date(Math.floor((validToDate.getTime() - before) / 1000) * 1000);
}
