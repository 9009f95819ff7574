/** Gates about the certificates that a pod serves now, and that its successor would load. */
import { mountedCertificateSecret } from '../../model/broker-pod';
import type { PodFacts, PodObservation } from '../../model/observation';
import { expiredAt } from '../served';
import type { GateResult, RestartView } from './gate';

/** A pod is never restarted onto a certificate that is not yet valid or has expired: no peer would accept it. */
export function validCertificate(pod: PodFacts, { live, now }: RestartView): GateResult {
  const because = invalidCertificate(pod, live, now);
  return because === undefined ? undefined : { because, retry: true };
}

/** Restarted peers check dates and refuse the pod, so neither its quorum nor its partitions recover before it restarts. */
export function servesExpired(pod: PodFacts): GateResult {
  return expiredAt(pod) === undefined ? undefined : 'exempt';
}

/** Returns why the certificate that the successor of a pod would load is not valid now. */
export function invalidCertificate({ petSet }: PodFacts, { petSets, secrets }: PodObservation, now: Date): string | undefined {
  const template = petSets.find((s) => s.name === petSet)?.object.spec?.template?.spec;
  const secret = secrets.find((s) => s.name === mountedCertificateSecret(template));
  if (secret?.leaf === undefined) return undefined;
  const { notBefore, notAfter } = secret.leaf;
  const its = `the certificate that it would load (Secret ${secret.name})`;
  if (now.getTime() < Date.parse(notBefore)) return `${its} is valid only from ${notBefore}`;
  if (now.getTime() >= Date.parse(notAfter)) return `${its} has expired ${notAfter}`;
  // Java checks the dates of certificates that are served, not of those that are trusted.
  const expired = secret.chain?.find(
    (c) => Date.parse(c.notAfter) <= now.getTime() && !secret.ca?.some((t) => t.fingerprint === c.fingerprint),
  );
  return expired === undefined ? undefined : `${its} is signed by ${expired.subject}, which has expired ${expired.notAfter}`;
}

/** Tells whether a pod would load a certificate that is not valid now. */
export function isAnyInvalid(live: PodObservation, now: Date): boolean {
  return live.pods.some((p) => invalidCertificate(p, live, now) !== undefined);
}
