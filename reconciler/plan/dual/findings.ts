/** What a change of root with two trusted roots finds: pods that trust the old one alone, and Secrets that hold both for nothing. */
import { formatIssuerRef, tlsStateOf } from '#model/tls';
import type { Finding } from '../../model/plan';
import { issuerManifest } from '../issuers';
import { type AliasFinding, aliasViews, certificateSecret, finding, type PlanInput, podRef } from '../plan-input';
import { hasLoadedTrust, holds, isWidened } from './phases';

/** Returns the pods that must restart when the Secret holds both roots, and that no check of pods finds before. */
export function trustFindings(input: PlanInput, found: readonly Finding[]): readonly Finding[] {
  const { dual, live } = input;
  if (dual?.target !== 'both' || isMadeFirst(input)) return [];
  const secret = certificateSecret(live, tlsStateOf(live.kafka?.spec), 'server');
  if (secret === undefined || (isWidened(secret) && holds(secret, dual.roots))) return [];
  return live.pods
    .filter((p) => !p.isTerminating && !found.some((f) => f.subject.name === p.name))
    .map((p) => finding(podRef(live, p.name), 'PodHasOldTrust', `trusts the root of ${dual.from} alone`));
}

/**
 * Returns the certificates that are issued once more, so that their Secrets hold the root of their issuer alone. The leaf then shows which trust
 * store its node has loaded.
 */
export function narrowingFindings(input: PlanInput): readonly AliasFinding[] {
  const { dual, live } = input;
  const views = aliasViews(input);
  const isServerWide = views.some(({ alias, secret }) => alias === 'server' && secret !== undefined && isWidened(secret));
  const isDue = dual === undefined ? !isServerWide && live.pods.length > 0 : dual.target === 'new';
  return views.flatMap(({ secret, subject, alias }) => {
    if (!isDue || secret === undefined || !isWidened(secret)) return [];
    return [{ ...finding(subject, 'RootLeft', `Secret ${secret.name} still holds the root that no node serves any more`), alias }];
  });
}

/** An issuer that keeps its name and has another CA would sign with the new root before nodes trust it. */
export function isHeldBack({ dual }: PlanInput): boolean {
  return dual?.target === 'both' && dual.from === formatIssuerRef(dual.issuer);
}

/** The steps of this plan make the CA. The next plan of the run knows its root. */
export function isMadeFirst({ dual }: PlanInput): boolean {
  return dual !== undefined && dual.newRoot === undefined && issuerManifest(dual.wanted, dual.issuer) !== undefined;
}

/** Tells whether a run must see to the trust store of a Secret, or wait until new pods get it. */
export function isTrustDue(input: PlanInput, alias: string): boolean {
  const { dual, live, now, bundle } = input;
  const secret = certificateSecret(live, bundle.tls, alias);
  if (dual === undefined || dual.target === 'new' || secret === undefined || isMadeFirst(input)) return false;
  if (!isWidened(secret) || !holds(secret, dual.roots)) return true;
  return alias === 'server' && !hasLoadedTrust({ createdAt: now.toISOString() }, secret);
}
