/**
 * Dates of the CA certificates above a leaf: those of its chain and of its `ca.crt`.
 *
 * cert-manager does not re-issue a leaf when its CA is re-issued, so a Secret may hold a CA that its issuer has replaced. A new leaf comes with
 * the present CA. If that is the same CA, a rotation does not help and none is planned: the owner of the CA must renew it first.
 */

import { goDurationMs } from '#model/go-duration';
import { issuerOf } from '#model/tls';
import type { CaFacts, CertificateFacts, IssuerState, SecretFacts } from '#reconciler/model/observation';
import type { Finding } from '#reconciler/model/plan';
import { issuerStateOf } from '../issuers';
import { type AliasView, finding } from '../plan-input';
import { earliest } from '../served';

/** Returns the CA certificates above a leaf. */
export function casAbove({ chain = [], ca = [] }: Pick<SecretFacts, 'chain' | 'ca'> | IssuerState): readonly CaFacts[] {
  return [...new Map([...chain, ...ca].map((c) => [c.fingerprint, c])).values()];
}

/**
 * A CA certificate above the leaf was issued before issuedAfter, and its issuer has replaced it below the same root. Another root must be
 * acknowledged: leaves get it with their next rotation.
 */
export function caIsTooOld(view: AliasView): Finding | undefined {
  const { secret, subject, bundle, now } = view;
  const { issuedAfter } = bundle.desired;
  const given = givenBy(view);
  if (secret === undefined || given === undefined || issuedAfter === undefined || Date.parse(issuedAfter) > now.getTime()) return undefined;
  const isSameRoot = given.some((g) => secret.ca?.some((c) => c.publicKey === g.publicKey));
  const old = replaced(secret, given).find((c) => Date.parse(c.notBefore) < Date.parse(issuedAfter));
  if (old === undefined || !isSameRoot) return undefined;
  return finding(subject, 'CaReplaced', `its CA certificate ${nameOf(old)} was issued ${old.notBefore}, issuedAfter is ${issuedAfter}`);
}

/** A CA certificate above the leaf is closer to its expiry than a leaf may be, and its issuer has, or may have, a newer one. */
export function caIsExpiring(view: AliasView): Finding | undefined {
  const { secret, subject, bundle, now } = view;
  const { leaf } = secret ?? {};
  if (secret === undefined || leaf === undefined) return undefined;
  const given = givenBy(view);
  const first = firstToExpire(given === undefined ? casAbove(secret) : replaced(secret, given));
  if (first === undefined) return undefined;
  const ends = Date.parse(first.notAfter);
  const due = ends - marginMs(leaf, bundle.desired.beforeExpiry);
  if (now.getTime() < due) return undefined;
  const state = `its CA certificate ${nameOf(first)} ${ends <= now.getTime() ? 'expired' : 'expires'} ${first.notAfter}`;
  if (given === undefined) {
    // Only a new leaf shows whether the issuer has another CA: one is issued when the CA is due, and another when it has expired.
    const issued = Date.parse(leaf.notBefore);
    const isTried = now.getTime() < ends ? issued >= due : issued >= ends;
    return isTried ? undefined : finding(subject, 'CertificateExpiring', `${state}; its issuer may have a newer one`);
  }
  const next = firstToExpire(given);
  if (next === undefined || Date.parse(next.notAfter) <= ends) return undefined;
  return finding(subject, 'CertificateExpiring', `${state}; its issuer has a newer one`);
}

/** Returns the CA certificates that come with the next leaf, or undefined when they cannot be read. */
function givenBy({ live, tls, alias }: AliasView): readonly CaFacts[] | undefined {
  const issuer = issuerStateOf(live, issuerOf(tls, alias));
  return issuer?.ca === undefined ? undefined : casAbove(issuer);
}

function replaced(secret: SecretFacts, given: readonly CaFacts[]): readonly CaFacts[] {
  return casAbove(secret).filter((c) => !given.some((g) => g.fingerprint === c.fingerprint));
}

/** Returns the certificate that expires first. */
export function firstToExpire(cas: readonly CaFacts[]): CaFacts | undefined {
  const end = earliest(cas.map((c) => c.notAfter));
  return cas.find((c) => c.notAfter === end);
}

/**
 * Returns how long before its expiry a leaf must be replaced, in milliseconds. An issuer may have shortened the lifetime: a margin as long as
 * that is ignored, since every new leaf would have to be replaced at once.
 */
export function marginMs(leaf: CertificateFacts, beforeExpiry: string | undefined): number {
  const lifetime = Date.parse(leaf.notAfter) - Date.parse(leaf.notBefore);
  const margin = beforeExpiry === undefined ? undefined : goDurationMs(beforeExpiry);
  return margin !== undefined && margin < lifetime ? margin : lifetime / 3;
}

/** Returns the name of a CA certificate inside a sentence. */
export function nameOf({ subject, fingerprint }: CaFacts): string {
  return subject || fingerprint.slice(0, 8);
}
