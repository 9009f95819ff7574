/**
 * Dates of the CA certificates above a leaf: those of its chain, and those that it trusts.
 *
 * cert-manager does not re-issue a leaf because its CA was, so what a Secret holds may be a CA that its issuer has replaced. A new leaf brings the
 * present CA along. Where that would be the same one, no rotation helps, and none is planned: the owner of the CA has to renew it first.
 */
import { goDurationMs } from '#model/go-duration';
import { type IssuerRef, issuerOf } from '#model/tls';
import type { CaFacts, CertificateFacts, IssuerState, Observation, SecretFacts } from '#reconciler/model/observation';
import type { Finding } from '#reconciler/model/plan';
import { earliest } from '../dates';
import { type AliasView, finding } from '../plan-input';

/** Returns the CA certificates above a leaf. */
export function casAbove({ chain = [], ca = [] }: Pick<SecretFacts, 'chain' | 'ca'> | IssuerState): readonly CaFacts[] {
  return [...new Map([...chain, ...ca].map((c) => [c.fingerprint, c])).values()];
}

/** Returns the state of an issuer, as far as it was seen. */
export function issuerStateOf({ issuers }: Observation, { kind, name }: Pick<IssuerRef, 'kind' | 'name'>): IssuerState | undefined {
  return issuers.find((i) => i.kind === kind && i.name === name);
}

/**
 * A CA certificate above the leaf was issued before issuedAfter, and its issuer has replaced it below the same root. Another root is no matter
 * of routine: leaves get it with their next rotation, which has to be acknowledged.
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
    // Whether the issuer has another one by now shows only in a new leaf: that is tried when the CA is due, and once more when it has expired.
    const issued = Date.parse(leaf.notBefore);
    const isTried = now.getTime() < ends ? issued >= due : issued >= ends;
    return isTried ? undefined : finding(subject, 'CertificateExpiring', `${state}; its issuer may have a newer one`);
  }
  const next = firstToExpire(given);
  if (next === undefined || Date.parse(next.notAfter) <= ends) return undefined;
  return finding(subject, 'CertificateExpiring', `${state}; its issuer has a newer one`);
}

/** Returns what the next leaf brings along, or undefined when that cannot be read. */
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
 * Returns how long before its end a leaf is too close to it, in milliseconds. A margin as long as the leaf lives, as an issuer may have
 * shortened it, is no margin: every new leaf would be too close at once.
 */
export function marginMs(leaf: CertificateFacts, beforeExpiry: string | undefined): number {
  const lifetime = Date.parse(leaf.notAfter) - Date.parse(leaf.notBefore);
  const margin = beforeExpiry === undefined ? undefined : goDurationMs(beforeExpiry);
  return margin !== undefined && margin < lifetime ? margin : lifetime / 3;
}

/** Returns a CA certificate as it is named in a sentence. */
export function nameOf({ subject, fingerprint }: CaFacts): string {
  return subject || fingerprint.slice(0, 8);
}
