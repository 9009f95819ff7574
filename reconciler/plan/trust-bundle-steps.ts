/**
 * When the trust bundle of clients is written: with a new CA before the first pod serves a certificate of it, without the previous CA when
 * no pod serves one any more.
 *
 *     beforehand   before anything is issued: present differences, and a CA that can be read by then
 *     issued       `native`: before the first restart, with a CA that shows only in the certificate it issued
 *     afterwards   when every pod was verified: without the previous CA. Under `ops-request`, where KubeDB issues and restarts in one
 *                  operation, also with a CA that could not be read before; a note reports it
 */

import { capabilitiesOf } from '#model/capabilities';
import { formatRef } from '#model/kube-object';
import { certificateOf, formatIssuerRef } from '#model/tls';
import type { StepOf } from '../model/plan';
import { TRUST_KEY } from '../model/trust-bundle';
import type { Diff } from './diff';
import { issuerManifest } from './issuers';
import { certificateSecret, type PlanInput } from './plan-input';
import {
  canPublish,
  casToTrust,
  keptCaNotes,
  otherKafka,
  serverIssuer,
  signingCa,
  trustBundleFinding,
  trustBundleRef,
  withoutRoot,
} from './trust-bundle';

const STAGES = ['beforehand', 'issued', 'afterwards'] as const;
type Stage = (typeof STAGES)[number];

type Publish = StepOf<'publishTrustBundle'>;
export type TrustBundleSteps = Readonly<Record<Stage, readonly Publish[]>>;

/** Returns the steps that write the trust bundle. Its content is computed when a step is reached, because a CA may be issued before that. */
export function trustBundleSteps(input: PlanInput, diff: Diff): TrustBundleSteps {
  const steps: Record<Stage, readonly Publish[]> = { beforehand: [], issued: [], afterwards: [] };
  if (!canPublish(input)) return steps;
  const unknown = stageOfUnknownCa(input, diff);
  const isPreviousRemoved = diff.cutoverCause?.kind === 'root' && input.bundle.desired.keepOldRootFor === undefined;
  let isMissing = input.live.trust?.object === undefined;
  for (const stage of STAGES) {
    const messages = [
      stage === 'beforehand' ? trustBundleFinding(input)?.message : undefined,
      stage === unknown ? `gets the CA of ${issuerName(input)}${stage === 'afterwards' ? '' : ' before a pod serves it'}` : undefined,
      stage === 'afterwards' && isPreviousRemoved ? 'the previous CA is removed when no pod serves it' : undefined,
    ].filter((message) => message !== undefined);
    if (messages.length === 0) continue;
    steps[stage] = [publishStep(input, isMissing, messages)];
    isMissing = false;
  }
  return steps;
}

/** Returns the step for a Kafka that has no pods yet. */
export function firstTrustBundle(input: PlanInput): readonly Publish[] {
  if (!canPublish(input)) return [];
  const isMissing = input.live.trust?.object === undefined;
  return [publishStep(input, isMissing, [isMissing ? 'missing' : `gets the CA of ${issuerName(input)}`])];
}

/** Returns the step that writes the ConfigMap. */
export function publishStep({ live }: PlanInput, isMissing: boolean, messages: readonly string[]): Publish {
  const subject = trustBundleRef(live);
  const findings = messages.map((message) => ({
    subject,
    reason: isMissing ? ('TrustMissing' as const) : ('TrustDiffers' as const),
    message,
  }));
  return { kind: 'publishTrustBundle', subject, findings, change: isMissing ? 'create' : 'configure' };
}

/** Returns when a new CA that cannot be read now can be published. */
function stageOfUnknownCa(input: PlanInput, { cutoverCause, reissued }: Diff): Stage | undefined {
  if (cutoverCause === undefined || !reissued.has('server') || signingCa(input) !== undefined) return undefined;
  if (capabilitiesOf(input.bundle.desired).ownsCertificates) return 'issued';
  return isOfBundle(input) ? 'beforehand' : 'afterwards';
}

/** The CA of a CA issuer of the bundle can be read as soon as the issuer is Ready. */
function isOfBundle(input: PlanInput): boolean {
  const issuer = serverIssuer(input);
  return issuer !== undefined && issuerManifest(input.bundle, issuer)?.spec?.ca !== undefined;
}

/** Returns which CA certificates cannot be published, and why. */
export function trustBundleNotes(input: PlanInput): readonly string[] {
  const { live, bundle } = input;
  if (bundle.tls === 'off') return [];
  const name = formatRef(trustBundleRef(live));
  const unread = live.unread?.find(({ what }) => what === name);
  if (unread !== undefined) return [`CA certificates are not published to clients: ${name} cannot be read (${unread.because}).`];
  const other = otherKafka(live);
  if (other !== undefined) return [`CA certificates are not published to clients: ${name} belongs to Kafka ${other}.`];
  const { secretName } = certificateOf(live.name, bundle.tls, 'server');
  const secret = certificateSecret(live, bundle.tls, 'server');
  const cas = casToTrust(input);
  const incomplete = live.trust === undefined ? [] : withoutRoot(cas);
  if (incomplete.length > 0) {
    const names = incomplete.join('; ');
    return [
      `The published CA certificate is no self-signed root, and its root is not known (${names}): Java accepts that, OpenSSL and librdkafka do not. Put the root into ca.crt of the issuer's CA Secret, and rotate.`,
    ];
  }
  const kept = input.bridge === undefined && input.bundle.desired.keepOldRootFor !== undefined ? keptCaNotes(input) : [];
  if (kept.length > 0) return kept;
  if (secret?.leaf === undefined || cas.length > 0 || live.trust === undefined) return [];
  const why = secret.ca === undefined ? `has no ${TRUST_KEY}` : 'holds no usable one';
  return [`No CA certificate can be published to clients: Secret ${secretName} ${why}.`];
}

/** Returns the note on a CA that is published only after pods serve it. */
export function lateTrustNotes(input: PlanInput, diff: Diff): readonly string[] {
  if (!canPublish(input) || stageOfUnknownCa(input, diff) !== 'afterwards') return [];
  return [`The new CA cannot be published before pods serve it: the CA of ${issuerName(input)} cannot be read.`];
}

function issuerName(input: PlanInput): string {
  const issuer = serverIssuer(input);
  return issuer === undefined ? '' : formatIssuerRef(issuer);
}
