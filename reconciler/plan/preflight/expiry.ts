/**
 * Certificates and CAs that expire.
 *
 * A certificate that expires before the deadlines of the run end never blocks the run, which may be the one that replaces it. The gate of each
 * pod checks whether the certificate in its Secret is valid. The reconciler does not renew a CA: cert-manager does if a Certificate of the
 * bundle is its source, otherwise its owner must. A note names the CA as soon as new leaves would outlive it; an expired CA issues nothing.
 */

import { formatGoDuration, goDurationMs } from '#model/go-duration';
import { formatRef, refOf } from '#model/kube-object';
import { formatIssuerRef, type IssuerRef, issuerOf } from '#model/tls';
import type { CaFacts, PodFacts } from '#reconciler/model/observation';
import type { Draft, Obstacle } from '#reconciler/model/plan';
import { casAbove, firstToExpire, nameOf } from '../checks/cas';
import { rotationDue } from '../checks/secrets';
import { compare } from '../diff';
import { caCertificate, issuerManifest, issuerStateOf } from '../issuers';
import { aliasViews, type PlanInput, restartedPods } from '../plan-input';
import { expiredAt } from '../served';
import { neededIssuers } from './wanted-certificates';

/** Returns notes about certificates that are about to expire: those that pods serve, and those that they restart onto. */
export function expiryNotes(input: PlanInput, { steps, cutover }: Draft): readonly string[] {
  const { live, bundle, now } = input;
  const restarted = restartedPods(live, steps);
  if (restarted.length === 0) return [];
  const { reissued } = compare(input);
  const limitMs = longestMs(input, restarted.length);
  const isLate = (notAfter: string) => Date.parse(notAfter) > now.getTime() && Date.parse(notAfter) < now.getTime() + limitMs;
  const within = `within the ${formatGoDuration(BigInt(limitMs) * 1_000_000n)} that this run may take by its deadlines`;
  const views = aliasViews(input).filter((v) => !reissued.has(v.alias));
  const kept = views.flatMap(({ secret }) => {
    const leaf = secret?.leaf;
    if (leaf === undefined || !isLate(leaf.notAfter)) return [];
    const due = new Date(rotationDue(leaf, bundle.desired.beforeExpiry)).toISOString();
    return [
      `The certificate in Secret ${secret?.name} expires ${leaf.notAfter}, ${within}, and is not replaced by it; a run after ${due} does that.`,
    ];
  });
  // The note of a cut-over names expired certificates itself.
  const expired = cutover === undefined ? restarted.flatMap((p) => expiredNote(p.name, expiredAt(p, now)) ?? []) : [];
  // A note about certificates that are kept exists already.
  const isKept = (fingerprint: string) => views.some(({ secret }) => secret?.leaf?.fingerprint === fingerprint);
  const served = restarted.flatMap(servedLeaves).filter(({ leaf }) => isLate(leaf.notAfter) && !isKept(leaf.fingerprint));
  const [first] = served.sort((a, b) => Date.parse(a.leaf.notAfter) - Date.parse(b.leaf.notAfter));
  if (first === undefined) return [...expired, ...kept];
  const pods = new Set(served.map((s) => s.pod));
  const whose = pods.size === 1 ? first.pod : `${first.pod} and ${pods.size - 1} more`;
  return [`Urgent: what ${whose} ${pods.size === 1 ? 'serves' : 'serve'} expires ${first.leaf.notAfter}, ${within}.`, ...expired, ...kept];
}

function expiredNote(pod: string, since: string | undefined): string | undefined {
  if (since === undefined) return undefined;
  return `The certificate that ${pod} serves expired ${since}: clients and restarted nodes refuse it. The pod restarts first, whatever its partitions say.`;
}

function servedLeaves(pod: PodFacts) {
  return pod.served.flatMap(({ leaf }) => (leaf === undefined ? [] : [{ pod: pod.name, leaf }]));
}

/** Returns how long a run takes that uses up every deadline. */
function longestMs({ bundle }: PlanInput, restarts: number): number {
  const ms = (name: 'issuance' | 'gate' | 'podReady') => goDurationMs(bundle.desired.deadlines[name]) ?? 0;
  return ms('issuance') + restarts * (ms('gate') + ms('podReady'));
}

/** Returns one obstacle for each issuer that the plan needs and whose CA has expired. */
export function caHasExpired(input: PlanInput, draft: Draft): readonly Obstacle[] {
  const { live, now } = input;
  return neededIssuers(input, draft).flatMap((subject): readonly Obstacle[] => {
    const state = issuerStateOf(live, subject);
    const first = state === undefined ? undefined : firstToExpire(casAbove(state));
    if (first === undefined || Date.parse(first.notAfter) > now.getTime()) return [];
    const own = caCertificate(input.bundle, issuerManifest(input.bundle, subject)?.spec);
    const message = `its CA certificate ${nameOf(first)} expired ${first.notAfter}: what it issues would be refused`;
    if (own === undefined)
      return [{ kind: 'blocked', subject, message, hint: 'Renew the CA in the Secret of the issuer, then run again.' }];
    const hint = `cert-manager renews it by ${formatRef(refOf(own))}: look at its status.`;
    return [{ kind: 'wait', until: 'issuance', subject, message, hint }];
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
  const own = caCertificate(input.bundle, issuerManifest(input.bundle, issuer)?.spec);
  const advice =
    own === undefined
      ? 'Renew it; certificates that it signed are rotated after that.'
      : `cert-manager should have renewed it: look at ${formatRef(refOf(own))}. Certificates that it signed are rotated after that.`;
  return `${what} ${isOver ? 'expired' : 'expires'} ${ca.notAfter}, and certificates end with it. ${advice}`;
}
