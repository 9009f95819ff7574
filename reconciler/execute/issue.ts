/**
 * Issues the broker certificates. A certificate counts as issued only when its revision, the condition Issuing, its generation and the content
 * of its Secret all show it: Ready stays True during another issuance, so a restart on Ready alone would load the old certificate.
 */

import { formatAcknowledgement } from '#model/acknowledgement';
import { capabilitiesOf } from '#model/capabilities';
import { asKind, type Certificate } from '#model/kinds/index';
import { isSameRef, KINDS } from '#model/kube-object';
import { ANNOTATION_RELOAD } from '#model/names';
import { ALIASES, brokerCertificateName } from '#model/tls';
import { InvalidInputError, OperationFailedError } from '../errors';
import { issuanceFailure, statusOf } from '../model/object-status';
import type { Observation } from '../model/observation';
import type { Finding, PlannedCertificate, StepOf } from '../model/plan';
import { certificateFindings } from '../plan/checks/certificates';
import { droppedNameFindings, rotationFindings, secretFindings } from '../plan/checks/secrets';
import { isRootReplaced, issuedRoot } from '../plan/cutover';
import { certificateSecret } from '../plan/plan-input';
import { stillDueRecord } from '../plan/reload-record';
import { deadlineMs, type ExecuteContext, emit, modify, type Run, type StepResult, withAnnotations } from './context';
import { issuanceCause, retryFailures, triggerIssuance } from './issuance';
import { waitUntil } from './wait';

/** Writes the Certificates unless KubeDB does, triggers those that are rotated, and waits for all of them. */
export async function issueCertificates(
  run: Run,
  { certificates, isRootChange }: StepOf<'issue'>,
  record: IssuanceRecord,
): Promise<StepResult> {
  const { context, before } = run;
  const now = Object.fromEntries(ALIASES.map((alias) => [alias, issuedOf(before, context, alias)]));
  const baseline = await record.baseline(now, certificates);
  if (capabilitiesOf(context.bundle.desired).ownsCertificates) {
    for (const { subject, manifest } of certificates) {
      await context.cluster.apply(manifest);
      emit(context, 'applied', subject, 'configured');
    }
  }
  for (const certificate of certificates) await trigger(run, certificate, baseline[certificate.alias]);
  const live = await awaitIssued(run, certificates, baseline);
  assertNamesAreIssued(run, certificates, live);
  if (!isRootChange) assertSameRoot(run, live);
  await record.issued(live);
  for (const { subject, alias } of certificates)
    emit(context, 'issued', subject, `in its Secret (${issuedOf(live, context, alias).fingerprint.slice(0, 12)})`);
  return 'done';
}

interface Issued {
  readonly revision: number;
  readonly fingerprint: string;
}
/** What the Secrets held before the trigger, by alias. */
export type Baseline = Readonly<Record<string, Issued>>;

/** A record of the issuance that outlives the run. */
interface IssuanceRecord {
  /** Records what the Secrets hold now. Returns what they held before an earlier run triggered the same issuance. */
  readonly baseline: (now: Baseline, certificates: readonly PlannedCertificate[]) => Promise<Baseline>;
  readonly issued: (live: Observation) => Promise<void>;
}

/**
 * Issues certificates without a request. A later run judges them by their age alone, so it is recorded if they are due again at once: otherwise
 * every run would issue them again.
 */
export function issueWithoutRequest(run: Run, step: StepOf<'issue'>): Promise<StepResult> {
  return issueCertificates(run, step, { baseline: async (now) => now, issued: (live) => recordStillDue(run, step, live) });
}

async function recordStillDue({ context, plan }: Run, { certificates }: StepOf<'issue'>, live: Observation): Promise<void> {
  const isRotated = (f: Finding) => certificates.some((c) => c.isRotation && isSameRef(c.subject, f.subject));
  const due = rotationFindings({ bundle: context.bundle, live, now: context.clock.now() }).filter(isRotated);
  const leaf = certificateSecret(live, context.bundle.tls, 'server')?.leaf?.fingerprint;
  if (due.length === 0 || leaf === undefined) return;
  const why = due.map((f) => f.message).join('; ');
  await modify(context.cluster, plan.subject, (kafka) =>
    withAnnotations(kafka, { [ANNOTATION_RELOAD]: stillDueRecord(leaf, context.bundle.desired, why) }),
  );
  emit(context, 'warning', plan.subject, `the issued certificates are already too old: ${why}`);
}

function issuedOf(live: Observation, { bundle }: ExecuteContext, alias: string): Issued {
  const certificate = live.certificates.find((c) => c.metadata.name === brokerCertificateName(live.name, alias));
  const leaf = certificateSecret(live, bundle.tls, alias)?.leaf;
  return { revision: certificate?.status?.revision ?? 0, fingerprint: leaf?.fingerprint ?? '' };
}

/** Triggers certificates that are rotated or have failed: cert-manager would retry the latter only after an hour, the former never. */
async function trigger({ context }: Run, { subject, isRotation }: PlannedCertificate, base: Issued | undefined): Promise<void> {
  const isIssued = ({ status }: Certificate) => (status?.revision ?? 0) > (base?.revision ?? 0);
  await triggerIssuance(context, subject, (c) => isIssued(asKind('Certificate', c)) || (!isRotation && statusOf(c).state !== 'Failed'));
}

async function awaitIssued(
  { context, before }: Run,
  certificates: readonly PlannedCertificate[],
  baseline: Baseline,
): Promise<Observation> {
  const retry = retryFailures(context);
  const [first] = certificates as [PlannedCertificate];
  return waitUntil(context, {
    subject: first.subject,
    watch: [{ kind: KINDS.Certificate, selection: { namespace: before.namespace } }],
    check: async () => {
      // While cert-manager issues, only the Certificates change, so they are read first.
      for (const { subject, isRotation } of certificates) {
        const certificate = await context.cluster.get(subject);
        const { state, reason } = statusOf(certificate);
        if (certificate === undefined) return { waitingFor: reason, subject };
        if (state === 'Current' && !(isRotation && issuanceFailure(certificate) !== undefined)) continue;
        await retry(certificate);
        return { waitingFor: await issuanceCause(context, certificate), subject };
      }
      const live = await context.observe();
      const world = { bundle: context.bundle, live, now: context.clock.now() };
      const isOurs = (f: Finding) => certificates.some((c) => isSameRef(c.subject, f.subject));
      const open = [...certificateFindings(world), ...secretFindings(world)].find(isOurs);
      if (open !== undefined) return { waitingFor: open.message, subject: open.subject };
      const same = certificates.find(
        (c) => c.isRotation && issuedOf(live, context, c.alias).fingerprint === baseline[c.alias]?.fingerprint,
      );
      return same === undefined ? { done: live } : { waitingFor: 'was not issued again yet', subject: same.subject };
    },
    deadlineMs: deadlineMs(context, 'issuance'),
    failure: 'not issued',
    hint: 'Fix the cause; the next run makes cert-manager retry. No pod was restarted.',
    retryMs: 1000,
  });
}

/** A certificate without wanted names must not be used, unless it only replaces an old one: an expired certificate is worse. */
function assertNamesAreIssued({ context }: Run, certificates: readonly PlannedCertificate[], live: Observation): void {
  const isForAge = ({ isRotation, findings }: PlannedCertificate) => isRotation && !findings.some((f) => f.reason === 'IssuerDropsNames');
  const dropped = droppedNameFindings({ bundle: context.bundle, live, now: context.clock.now() });
  const first = dropped.find((f) => certificates.some((c) => isSameRef(c.subject, f.subject) && !isForAge(c)));
  if (first === undefined) return;
  throw new OperationFailedError(`${first.message}. No pod was restarted.`, {
    subject: first.subject,
    hint: 'Let the issuer allow these names, or name another issuer in the KafkaTls.',
  });
}

/** The issued chain decides whether pods can talk. */
function assertSameRoot({ context, before, plan }: Run, live: Observation): void {
  const { tls } = context.bundle;
  if (tls === 'off' || !isRootReplaced(before, live, tls)) return;
  const root = issuedRoot(live, tls);
  const wanted = formatAcknowledgement({ kind: 'trustRootChangesTo', ...(root === undefined ? {} : { root: root.fingerprint }) });
  throw new InvalidInputError('the issued certificate has another root than pods trust; no pod was restarted.', {
    subject: plan.subject,
    hint: `When clients trust it, add acknowledge: [${wanted}] to its Tls and commit.`,
  });
}
