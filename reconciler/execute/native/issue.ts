/**
 * Has the broker certificates issued, and believes it only when revision, Issuing, generation and the Secret's content all say so: Ready
 * stays True while cert-manager issues anew, so a restart on Ready alone would load the old certificate.
 */

import { formatAcknowledgement } from '#model/acknowledgement';
import { isSameRef, KINDS, type KubeObject } from '#model/kube-object';
import { KEYSTORE_PASSWORD_KEYS } from '#model/kubedb';
import { REQUEST } from '#model/names';
import { COUNT, isValid, map, record as recordOf, STRING } from '#model/schema';
import { ALIASES, brokerCertificateName, certificateOf } from '#model/tls';
import { InvalidInputError, OperationFailedError } from '#reconciler/errors';
import { issuanceFailure, statusOf } from '#reconciler/model/object-status';
import type { Observation } from '#reconciler/model/observation';
import type { CreatePasswordStep, Finding, IssueStep } from '#reconciler/model/plan';
import { certificateFindings } from '#reconciler/plan/checks/certificates';
import { droppedNameFindings } from '#reconciler/plan/checks/names';
import { secretFindings } from '#reconciler/plan/checks/secrets';
import { isRootReplaced, rootOf } from '#reconciler/plan/cutover';
import { deadlineMs, type ExecuteContext, emit, orReplan, withAnnotations } from '../context';
import { failuresTriedAgain, issuanceCause, triggerIssuance } from '../issuance';
import { waitUntil } from '../wait';
import { ISSUED } from './conditions';
import { modifyRequest, type NativeRun, record } from './run';

/** Writes the Certificates, triggers those that are rotated, and waits for all of them. */
export async function issue(run: NativeRun, steps: readonly IssueStep[]): Promise<void> {
  const { context } = run;
  const baseline = await recordBaseline(run, steps);
  for (const { subject, manifest } of steps) {
    await context.cluster.apply(manifest);
    emit(context, 'applied', subject, 'configured');
  }
  for (const step of steps) await trigger(run, step, baseline[step.alias]);
  const live = await awaitIssued(run, steps, baseline);
  assertNamesAreIssued(run, steps, live);
  if (!steps.some((s) => s.isTrustCut)) assertSameRoot(run, live);
  await record(run, ISSUED);
  for (const { subject, alias } of steps)
    emit(context, 'issued', subject, `in its Secret (${issuedOf(live, context, alias).fingerprint.slice(0, 12)})`);
}

/** cert-manager needs a password before it can write JKS stores. KubeDB makes one when there is none; so do we. */
export async function createPassword({ context }: NativeRun, { subject }: CreatePasswordStep): Promise<void> {
  if ((await context.cluster.get(subject)) !== undefined) return;
  const password = Buffer.from(context.random(24)).toString('base64');
  await orReplan(
    context.cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: subject.name, namespace: subject.namespace ?? '' },
      type: 'Opaque',
      data: Object.fromEntries(KEYSTORE_PASSWORD_KEYS.map((key) => [key, password])),
    }),
  );
  emit(context, 'applied', subject, 'created, with a new password for the JKS stores');
}

interface Issued {
  readonly revision: number;
  readonly fingerprint: string;
}
type Baseline = Readonly<Record<string, Issued>>;

/**
 * What the Secrets held before the trigger. Written down on the request, so that a later run measures against the same; unless something was
 * issued meanwhile, and is to be replaced once more.
 */
async function recordBaseline(run: NativeRun, steps: readonly IssueStep[]): Promise<Baseline> {
  const { context, before } = run;
  const now = Object.fromEntries(ALIASES.map((alias) => [alias, issuedOf(before, context, alias)]));
  if (!steps.some((s) => s.isRotation)) return now;
  const request = await modifyRequest(run, (r) => {
    const recorded = baselineOf(r);
    const isSame = (alias: string) => recorded[alias]?.fingerprint === now[alias]?.fingerprint;
    const baseline = Object.fromEntries(ALIASES.map((alias) => [alias, isSame(alias) ? recorded[alias] : now[alias]]));
    return withAnnotations(r, { [REQUEST.baseline]: JSON.stringify(baseline) });
  });
  return request === undefined ? now : baselineOf(request);
}

const BASELINE = recordOf(map({ revision: COUNT, fingerprint: STRING }));

/** What somebody else has written there counts as nothing. */
function baselineOf({ metadata }: KubeObject): Baseline {
  try {
    const value: unknown = JSON.parse(metadata.annotations?.[REQUEST.baseline] ?? '{}');
    return isValid(BASELINE, value) ? value : {};
  } catch {
    return {};
  }
}

function issuedOf(live: Observation, { bundle }: ExecuteContext, alias: string): Issued {
  const certificate = live.certificates.find((c) => c.metadata.name === brokerCertificateName(live.name, alias));
  const secretName = bundle.tls === 'off' ? undefined : certificateOf(live.name, bundle.tls, alias).secretName;
  const leaf = live.secrets.find((s) => s.name === secretName)?.leaf;
  return { revision: certificate?.status?.revision ?? 0, fingerprint: leaf?.fingerprint ?? '' };
}

/** Has those tried again that are rotated or have failed: cert-manager would do the latter only after an hour, the former never. */
async function trigger({ context }: NativeRun, { subject, isRotation }: IssueStep, base: Issued | undefined): Promise<void> {
  const isIssued = ({ status }: KubeObject) => (status?.revision ?? 0) > (base?.revision ?? 0);
  await triggerIssuance(context, subject, (c) => isIssued(c) || (!isRotation && statusOf(c).state !== 'Failed'));
}

/** Ready stays True while a certificate is issued anew; only revision, Issuing, generation and the Secret's content together tell. */
async function awaitIssued({ context, before }: NativeRun, steps: readonly IssueStep[], baseline: Baseline): Promise<Observation> {
  const tryAgain = failuresTriedAgain(context);
  const [first] = steps as [IssueStep];
  return waitUntil(context, {
    subject: first.subject,
    watch: [{ kind: KINDS.Certificate, selection: { namespace: before.namespace } }],
    check: async () => {
      // Cheap first: while cert-manager works, only the Certificates change.
      for (const { subject, isRotation } of steps) {
        const certificate = await context.cluster.get(subject);
        const { state, reason } = statusOf(certificate);
        if (certificate === undefined) return { waitingFor: reason, subject };
        if (state === 'Current' && !(isRotation && issuanceFailure(certificate) !== undefined)) continue;
        await tryAgain(certificate);
        return { waitingFor: await issuanceCause(context, certificate), subject };
      }
      const live = await context.observe();
      const world = { bundle: context.bundle, live, now: context.clock.now() };
      const isOurs = (f: Finding) => steps.some((s) => isSameRef(s.subject, f.subject));
      const open = [...certificateFindings(world), ...secretFindings(world)].find(isOurs);
      if (open !== undefined) return { waitingFor: open.message, subject: open.subject };
      const same = steps.find((s) => s.isRotation && issuedOf(live, context, s.alias).fingerprint === baseline[s.alias]?.fingerprint);
      return same === undefined ? { done: live } : { waitingFor: 'was not issued again yet', subject: same.subject };
    },
    deadlineMs: deadlineMs(context, 'issuance'),
    failure: 'not issued',
    hint: 'Mend the cause; the next run has cert-manager try again. No pod was restarted.',
    retryMs: 1000,
  });
}

/** Without wanted names a certificate is not what was asked for. One that is replaced for its age goes on as before: an expired one is worse. */
function assertNamesAreIssued({ context }: NativeRun, steps: readonly IssueStep[], live: Observation): void {
  const isForAge = ({ isRotation, findings }: IssueStep) => isRotation && !findings.some((f) => f.reason === 'IssuerDropsNames');
  const dropped = droppedNameFindings({ bundle: context.bundle, live, now: context.clock.now() });
  const first = dropped.find((f) => steps.some((s) => isSameRef(s.subject, f.subject) && !isForAge(s)));
  if (first === undefined) return;
  throw new OperationFailedError(`${first.message}. No pod was restarted.`, {
    subject: first.subject,
    hint: 'Have the issuer allow these names, or name another issuer in the KafkaTls.',
  });
}

/** The chain that really came has the last word on whether pods will be able to talk. */
function assertSameRoot({ context, before, plan }: NativeRun, live: Observation): void {
  const { tls } = context.bundle;
  if (tls === 'off' || !isRootReplaced(before, live, tls)) return;
  const root = rootOf(live.secrets.find((s) => s.name === certificateOf(live.name, tls, 'server').secretName)?.ca);
  const wanted = formatAcknowledgement({ kind: 'trustRootChangesTo', ...(root === undefined ? {} : { root: root.fingerprint }) });
  throw new InvalidInputError('the issued certificate has another root than pods trust: no pod was restarted.', {
    subject: plan.subject,
    hint: `When clients trust it, add acknowledge: [${wanted}] to its Tls and commit.`,
  });
}
