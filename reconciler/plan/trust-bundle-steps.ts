/**
 * When clients are told what to trust: of a CA before the first pod serves a certificate of it, of its end when no pod does any more.
 *
 *     beforehand   before anything is issued: what differs already, and a CA that can be read by then
 *     issued       `native`: a CA that shows only in what it has issued, before the first restart
 *     afterwards   when every pod was verified: a former CA leaves. Under `ops-request`, where KubeDB issues and restarts in one go, also
 *                  when clients hear of a CA that could not be read; the notes say so
 */
import { formatRef } from '#model/kube-object';
import { certificateOf, formatIssuerRef } from '#model/tls';
import type { PublishTrustBundleStep } from '../model/plan';
import { TRUST_KEY } from '../model/trust-bundle';
import type { Diff } from './diff';
import type { PlanInput } from './plan-input';
import { canExport, casToTrust, otherKafka, rootless, serverIssuer, signingCa, trustFinding, trustRef } from './trust-bundle';

const STAGES = ['beforehand', 'issued', 'afterwards'] as const;
type Stage = (typeof STAGES)[number];

export type TrustSteps = Readonly<Record<Stage, readonly PublishTrustBundleStep[]>>;

/** Returns the steps that keep clients informed. Their content is made when they are reached, for a CA may be issued on the way. */
export function trustSteps(input: PlanInput, diff: Diff): TrustSteps {
  const steps: Record<Stage, readonly PublishTrustBundleStep[]> = { beforehand: [], issued: [], afterwards: [] };
  if (!canExport(input)) return steps;
  const unknown = stageOfUnknownCa(input, diff);
  let isMissing = input.live.trust?.object === undefined;
  for (const stage of STAGES) {
    const messages = [
      stage === 'beforehand' ? trustFinding(input)?.message : undefined,
      stage === unknown ? `gets the CA of ${issuerName(input)}${stage === 'afterwards' ? '' : ' before a pod serves it'}` : undefined,
      stage === 'afterwards' && diff.cutoverCause?.kind === 'trust' ? 'a former CA leaves it when no pod serves it' : undefined,
    ].filter((message) => message !== undefined);
    if (messages.length === 0) continue;
    steps[stage] = [exportStep(input, isMissing, messages)];
    isMissing = false;
  }
  return steps;
}

/** Returns the export for a Kafka whose first pods are yet to come. */
export function firstExport(input: PlanInput): readonly PublishTrustBundleStep[] {
  if (!canExport(input)) return [];
  const isMissing = input.live.trust?.object === undefined;
  return [exportStep(input, isMissing, [isMissing ? 'missing' : `gets the CA of ${issuerName(input)}`])];
}

function exportStep({ live }: PlanInput, isMissing: boolean, messages: readonly string[]): PublishTrustBundleStep {
  const subject = trustRef(live);
  const findings = messages.map((message) => ({
    subject,
    reason: isMissing ? ('TrustMissing' as const) : ('TrustDiffers' as const),
    message,
  }));
  return { kind: 'publishTrustBundle', subject, findings, change: isMissing ? 'create' : 'configure' };
}

/** Returns when clients can be told of a CA that pods will serve and that cannot be read now. */
function stageOfUnknownCa(input: PlanInput, { cutoverCause, reissued }: Diff): Stage | undefined {
  if (cutoverCause === undefined || !reissued.has('server') || signingCa(input) !== undefined) return undefined;
  if (input.bundle.desired.executor === 'native') return 'issued';
  return isMadeByBundle(input) ? 'beforehand' : 'afterwards';
}

/** A CA issuer of the bundle has its CA in a Secret next to it, which can be read as soon as it is Ready. */
function isMadeByBundle(input: PlanInput): boolean {
  const issuer = serverIssuer(input);
  const manifest = input.bundle.issuerManifests.find((m) => m.kind === issuer?.kind && m.metadata.name === issuer?.name);
  return manifest?.spec?.ca !== undefined;
}

/** Returns what clients cannot be told, and why. */
export function trustNotes(input: PlanInput): readonly string[] {
  const { live, bundle } = input;
  if (bundle.tls === 'off') return [];
  const name = formatRef(trustRef(live));
  const unread = live.unread?.find(({ what }) => what === name);
  if (unread !== undefined) return [`CA certificates are not exported to clients: ${name} cannot be read (${unread.because}).`];
  const other = otherKafka(live);
  if (other !== undefined) return [`CA certificates are not exported to clients: ${name} belongs to Kafka ${other}.`];
  const { secretName } = certificateOf(live.name, bundle.tls, 'server');
  const secret = live.secrets.find((s) => s.name === secretName);
  const cas = casToTrust(input);
  const lonely = live.trust === undefined ? [] : rootless(cas);
  if (lonely.length > 0) {
    const names = lonely.join('; ');
    return [
      `The CA certificate that clients are given is no self-signed root, and its root is not known (${names}): Java accepts that, OpenSSL and librdkafka do not. Put the root into ca.crt of the issuer's CA Secret, and rotate.`,
    ];
  }
  if (secret?.leaf === undefined || cas.length > 0 || live.trust === undefined) return [];
  const why = secret.ca === undefined ? `has no ${TRUST_KEY}` : `holds none that can be used`;
  return [`No CA certificate can be exported to clients: Secret ${secretName} ${why}.`];
}

/** Returns the note of a CA that clients hear of only when pods serve it. */
export function lateTrustNotes(input: PlanInput, diff: Diff): readonly string[] {
  if (!canExport(input) || stageOfUnknownCa(input, diff) !== 'afterwards') return [];
  return [`Clients cannot be told of the new CA beforehand: the CA of ${issuerName(input)} cannot be read.`];
}

function issuerName(input: PlanInput): string {
  const issuer = serverIssuer(input);
  return issuer === undefined ? '' : formatIssuerRef(issuer);
}
