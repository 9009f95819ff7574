/**
 * CAs that expire. The reconciler does not renew a CA: cert-manager does if a Certificate of the bundle is its source, otherwise its owner
 * must. A note names the CA as soon as new leaves would outlive it. After it has expired, nothing is issued by it.
 */
import { asKind, isKind } from '#model/kinds/index';
import { formatRef, type KubeObject, refOf } from '#model/kube-object';
import { formatIssuerRef, type IssuerRef, issuerOf } from '#model/tls';
import type { CaFacts } from '#reconciler/model/observation';
import type { Draft, Obstacle } from '#reconciler/model/plan';
import { casAbove, firstToExpire, issuerStateOf, nameOf } from '../checks/cas';
import { aliasViews, type PlanInput } from '../plan-input';
import { certificatesToIssue } from './wanted-certificates';

/** Returns one obstacle for each issuer that the plan needs and whose CA has expired. */
export function caHasExpired(input: PlanInput, draft: Draft): readonly Obstacle[] {
  const { live, now } = input;
  const needed = new Map(certificatesToIssue(input, draft).map(({ issuer }) => [formatRef(issuer), issuer]));
  return [...needed.values()].flatMap((subject): readonly Obstacle[] => {
    const state = live.issuers.find((i) => i.kind === subject.kind && i.name === subject.name);
    const first = state === undefined ? undefined : firstToExpire(casAbove(state));
    if (first === undefined || Date.parse(first.notAfter) > now.getTime()) return [];
    const own = ownCa(input, subject);
    const message = `its CA certificate ${nameOf(first)} expired ${first.notAfter}: what it issues would be refused`;
    return own === undefined
      ? [{ kind: 'blocked', subject, message, hint: 'Renew the CA in the Secret of the issuer, then run again.' }]
      : [
          {
            kind: 'wait',
            until: 'issuance',
            subject,
            message,
            hint: `cert-manager renews it by ${formatRef(refOf(own))}: look at its status.`,
          },
        ];
  });
}

/** Returns one note for each CA that expires before leaves that are issued now. */
export function caNotes(input: PlanInput, draft: Draft): readonly string[] {
  const { bundle, live, now } = input;
  const { tls } = bundle;
  if (tls === 'off' || caHasExpired(input, draft).length > 0) return [];
  const notes = aliasViews(input).flatMap(({ alias, secret }) => {
    if (secret?.leaf === undefined) return [];
    const issuer = issuerOf(tls, alias);
    const state = issuerStateOf(live, issuer);
    const isRead = state?.ca !== undefined;
    const first = firstToExpire(casAbove(isRead ? state : secret));
    const lifetimeMs = Date.parse(secret.leaf.notAfter) - Date.parse(secret.leaf.notBefore);
    if (first === undefined || now.getTime() < Date.parse(first.notAfter) - lifetimeMs) return [];
    return [noteOf(input, issuer, first, isRead)];
  });
  return [...new Set(notes)];
}

function noteOf(input: PlanInput, issuer: IssuerRef, ca: CaFacts, isRead: boolean): string {
  const isOver = Date.parse(ca.notAfter) <= input.now.getTime();
  const name = formatIssuerRef(issuer);
  const what = isRead ? `The CA certificate ${nameOf(ca)} of ${name}` : `The CA certificate ${nameOf(ca)}, of which ${name} issued,`;
  const own = ownCa(input, issuer);
  const advice =
    own === undefined
      ? 'Renew it; certificates that it signed are rotated after that.'
      : `cert-manager should have renewed it: look at ${formatRef(refOf(own))}. Certificates that it signed are rotated after that.`;
  return `${what} ${isOver ? 'expired' : 'expires'} ${ca.notAfter}, and certificates end with it. ${advice}`;
}

/** Returns the Certificate of the bundle that the CA of an issuer comes from. */
function ownCa({ bundle }: PlanInput, { kind, name }: { readonly kind: string; readonly name: string }): KubeObject | undefined {
  const issuer = bundle.issuerManifests.find((m) => m.kind === kind && m.metadata.name === name);
  const secretName = asKind('Issuer', issuer)?.spec?.ca?.secretName;
  return bundle.issuerManifests.find((m) => isKind('Certificate', m) && m.spec.isCA === true && m.spec.secretName === secretName);
}
