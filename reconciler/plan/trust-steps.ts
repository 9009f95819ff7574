/**
 * When clients are told what to trust: of a CA before the first pod serves a certificate of it, of its end when no pod does any more.
 *
 *     beforehand   before anything is issued: what differs already, and a CA that can be read by then
 *     issued       `native`: a CA that shows only in what it has issued, before the first restart
 *     afterwards   when every pod was verified: a former CA leaves. Under `ops-request`, where KubeDB issues and restarts in one go, also
 *                  when clients hear of a CA that could not be read; the notes say so
 */
import { formatRef } from '../../constructs/model/kube-object';
import { certificateOf, formatIssuerRef } from '../../constructs/model/tls';
import { TRUST_KEY } from '../../constructs/model/trust';
import type { World } from './checks/world';
import { canExport, casToTrust, otherKafka, rootless, serverIssuer, signingCa, trustFinding, trustRef } from './client-trust';
import type { Comparison } from './comparison';
import type { ExportTrustStep } from './nouns';

const STAGES = ['beforehand', 'issued', 'afterwards'] as const;
type Stage = (typeof STAGES)[number];

export type TrustSteps = Readonly<Record<Stage, readonly ExportTrustStep[]>>;

/** Returns the steps that keep clients informed. Their content is made when they are reached, for a CA may be issued on the way. */
export function trustSteps(world: World, found: Comparison): TrustSteps {
  const steps: Record<Stage, readonly ExportTrustStep[]> = { beforehand: [], issued: [], afterwards: [] };
  if (!canExport(world)) return steps;
  const unknown = stageOfUnknownCa(world, found);
  let isMissing = world.live.trust?.object === undefined;
  for (const stage of STAGES) {
    const messages = [
      stage === 'beforehand' ? trustFinding(world)?.message : undefined,
      stage === unknown ? `gets the CA of ${issuerName(world)}${stage === 'afterwards' ? '' : ' before a pod serves it'}` : undefined,
      stage === 'afterwards' && found.cut?.kind === 'trust' ? 'a former CA leaves it when no pod serves it' : undefined,
    ].filter((message) => message !== undefined);
    if (messages.length === 0) continue;
    steps[stage] = [exportStep(world, isMissing, messages)];
    isMissing = false;
  }
  return steps;
}

/** Returns the export for a Kafka whose first pods are yet to come. */
export function firstExport(world: World): readonly ExportTrustStep[] {
  if (!canExport(world)) return [];
  const isMissing = world.live.trust?.object === undefined;
  return [exportStep(world, isMissing, [isMissing ? 'missing' : `gets the CA of ${issuerName(world)}`])];
}

function exportStep({ live }: World, isMissing: boolean, messages: readonly string[]): ExportTrustStep {
  const subject = trustRef(live);
  const findings = messages.map((message) => ({
    subject,
    reason: isMissing ? ('TrustMissing' as const) : ('TrustDiffers' as const),
    message,
  }));
  return { kind: 'exportTrust', subject, findings, change: isMissing ? 'create' : 'configure' };
}

/** Returns when clients can be told of a CA that pods will serve and that cannot be read now. */
function stageOfUnknownCa(world: World, { cut, reissued }: Comparison): Stage | undefined {
  if (cut === undefined || !reissued.has('server') || signingCa(world) !== undefined) return undefined;
  if (world.bundle.desired.executor === 'native') return 'issued';
  return isMadeByBundle(world) ? 'beforehand' : 'afterwards';
}

/** A CA issuer of the bundle has its CA in a Secret next to it, which can be read as soon as it is Ready. */
function isMadeByBundle(world: World): boolean {
  const issuer = serverIssuer(world);
  const manifest = world.bundle.issuing.find((m) => m.kind === issuer?.kind && m.metadata.name === issuer?.name);
  return manifest?.spec?.ca !== undefined;
}

/** Returns what clients cannot be told, and why. */
export function trustNotes(world: World): readonly string[] {
  const { live, bundle } = world;
  if (bundle.tls === 'off') return [];
  const name = formatRef(trustRef(live));
  const unread = live.unread?.find(({ what }) => what === name);
  if (unread !== undefined) return [`CA certificates are not exported to clients: ${name} cannot be read (${unread.because}).`];
  const other = otherKafka(live);
  if (other !== undefined) return [`CA certificates are not exported to clients: ${name} belongs to Kafka ${other}.`];
  const { secretName } = certificateOf(live.name, bundle.tls, 'server');
  const secret = live.secrets.find((s) => s.name === secretName);
  const cas = casToTrust(world);
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
export function lateTrustNotes(world: World, found: Comparison): readonly string[] {
  if (!canExport(world) || stageOfUnknownCa(world, found) !== 'afterwards') return [];
  return [`Clients cannot be told of the new CA beforehand: the CA of ${issuerName(world)} cannot be read.`];
}

function issuerName(world: World): string {
  const issuer = serverIssuer(world);
  return issuer === undefined ? '' : formatIssuerRef(issuer);
}
