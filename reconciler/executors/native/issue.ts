/**
 * Issues the broker certificates. A certificate counts as issued only when its revision, the condition Issuing, its generation and the content
 * of its Secret all show it: Ready stays True during another issuance, so a restart on Ready alone would load the old certificate.
 */

import { formatAcknowledgement } from '#model/acknowledgement';
import { asKind, type Certificate } from '#model/kinds/index';
import { isSameRef, KINDS, type KubeObject } from '#model/kube-object';
import { KEYSTORE_PASSWORD_KEYS } from '#model/kubedb';
import { REQUEST } from '#model/names';
import { COUNT, jsonAs, map, record as recordOf, STRING } from '#model/schema';
import { ALIASES, brokerCertificateName } from '#model/tls';
import { InvalidInputError, OperationFailedError } from '#reconciler/errors';
import { issuanceFailure, statusOf } from '#reconciler/model/object-status';
import type { Observation } from '#reconciler/model/observation';
import type { Finding, PlannedCertificate, StepOf } from '#reconciler/model/plan';
import { certificateFindings } from '#reconciler/plan/checks/certificates';
import { droppedNameFindings, secretFindings } from '#reconciler/plan/checks/secrets';
import { isRootReplaced, issuedRoot } from '#reconciler/plan/cutover';
import { deadlineMs, type ExecuteContext, emit, replanOnConflict, type StepResult, withAnnotations } from '../../execute/context';
import { issuanceCause, retryFailures, triggerIssuance } from '../../execute/issuance';
import { waitUntil } from '../../execute/wait';
import { certificateSecret } from '../../plan/plan-input';
import { ISSUED, modifyRequest, type NativeRun, record } from './request';

/** Writes the Certificates, triggers those that are rotated, and waits for all of them. */
export async function issue(run: NativeRun, { certificates, isRootChange }: StepOf<'issue'>): Promise<StepResult> {
  const { context } = run;
  const baseline = await recordBaseline(run, certificates);
  for (const { subject, manifest } of certificates) {
    await context.cluster.apply(manifest);
    emit(context, 'applied', subject, 'configured');
  }
  for (const certificate of certificates) await trigger(run, certificate, baseline[certificate.alias]);
  const live = await awaitIssued(run, certificates, baseline);
  assertNamesAreIssued(run, certificates, live);
  if (!isRootChange) assertSameRoot(run, live);
  await record(run, ISSUED);
  for (const { subject, alias } of certificates)
    emit(context, 'issued', subject, `in its Secret (${issuedOf(live, context, alias).fingerprint.slice(0, 12)})`);
  return 'done';
}

/** Creates the password of the JKS stores, as KubeDB does when there is none. */
export async function createPassword(context: ExecuteContext, { subject }: StepOf<'createPassword'>): Promise<StepResult> {
  if ((await context.cluster.get(subject)) !== undefined) return 'done';
  const password = Buffer.from(context.random(24)).toString('base64');
  const result = await replanOnConflict(
    context.cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: subject.name, namespace: subject.namespace ?? '' },
      type: 'Opaque',
      data: Object.fromEntries(KEYSTORE_PASSWORD_KEYS.map((key) => [key, password])),
    }),
  );
  if (result === 'done') emit(context, 'applied', subject, 'created, with a new password for the JKS stores');
  return result;
}

interface Issued {
  readonly revision: number;
  readonly fingerprint: string;
}
type Baseline = Readonly<Record<string, Issued>>;

/**
 * Returns what the Secrets held before the trigger. The request records it, so that a later run compares with the same content, unless a
 * certificate was issued meanwhile and must be replaced once more.
 */
async function recordBaseline(run: NativeRun, certificates: readonly PlannedCertificate[]): Promise<Baseline> {
  const { context, before } = run;
  const now = Object.fromEntries(ALIASES.map((alias) => [alias, issuedOf(before, context, alias)]));
  if (!certificates.some((c) => c.isRotation)) return now;
  const request = await modifyRequest(run, (r) => {
    const recorded = baselineOf(r);
    const isSame = (alias: string) => recorded[alias]?.fingerprint === now[alias]?.fingerprint;
    const baseline = Object.fromEntries(ALIASES.map((alias) => [alias, isSame(alias) ? recorded[alias] : now[alias]]));
    return withAnnotations(r, { [REQUEST.baseline]: JSON.stringify(baseline) });
  });
  return request === undefined ? now : baselineOf(request);
}

const BASELINE = recordOf(map({ revision: COUNT, fingerprint: STRING }));

/** A value of another writer counts as absent. */
function baselineOf({ metadata }: KubeObject): Baseline {
  return jsonAs(BASELINE, metadata.annotations?.[REQUEST.baseline] ?? '') ?? {};
}

function issuedOf(live: Observation, { bundle }: ExecuteContext, alias: string): Issued {
  const certificate = live.certificates.find((c) => c.metadata.name === brokerCertificateName(live.name, alias));
  const leaf = certificateSecret(live, bundle.tls, alias)?.leaf;
  return { revision: certificate?.status?.revision ?? 0, fingerprint: leaf?.fingerprint ?? '' };
}

/** Triggers certificates that are rotated or have failed: cert-manager would retry the latter only after an hour, the former never. */
async function trigger({ context }: NativeRun, { subject, isRotation }: PlannedCertificate, base: Issued | undefined): Promise<void> {
  const isIssued = ({ status }: Certificate) => (status?.revision ?? 0) > (base?.revision ?? 0);
  await triggerIssuance(context, subject, (c) => isIssued(asKind('Certificate', c)) || (!isRotation && statusOf(c).state !== 'Failed'));
}

async function awaitIssued(
  { context, before }: NativeRun,
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
function assertNamesAreIssued({ context }: NativeRun, certificates: readonly PlannedCertificate[], live: Observation): void {
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
function assertSameRoot({ context, before, plan }: NativeRun, live: Observation): void {
  const { tls } = context.bundle;
  if (tls === 'off' || !isRootReplaced(before, live, tls)) return;
  const root = issuedRoot(live, tls);
  const wanted = formatAcknowledgement({ kind: 'trustRootChangesTo', ...(root === undefined ? {} : { root: root.fingerprint }) });
  throw new InvalidInputError('the issued certificate has another root than pods trust; no pod was restarted.', {
    subject: plan.subject,
    hint: `When clients trust it, add acknowledge: [${wanted}] to its Tls and commit.`,
  });
}
