/**
 * Writes the TLS state into the Kafka, its PetSets and configuration Secrets, and lets KubeDB's provisioner look at it once: what was
 * written has to be what KubeDB itself would write, or it would be undone behind our back.
 */
import { formatRef, isSameRef, KINDS, type KubeObject, type ObjectRef, ref, refOf } from '#model/kube-object';
import { KEYSTORE_PASSWORD_KEYS, keystoreCredSecret } from '#model/kubedb';
import type { TlsState } from '#model/tls';
import { OperationFailedError } from '#reconciler/errors';
import { configData, withCertificateVolume } from '#reconciler/model/broker-pod';
import type { PetSetObservation } from '#reconciler/model/observation';
import type { ProvisionerSyncStep, ReconfigureStep } from '#reconciler/model/plan';
import { petSetFindings } from '#reconciler/plan/checks/pet-sets';
import { desiredKafka } from '#reconciler/plan/plan-input';
import { stateBefore } from '#reconciler/plan/requests';
import { type ExecuteContext, emit, kafkaOf, modify } from '../context';
import { configureTls } from '../steps';
import { waitUntil } from '../wait';
import { RECONFIGURED } from './conditions';
import { pause, resume } from './pause';
import { type NativeRun, record } from './run';

/** How long the provisioner gets to look, and how long what was written has to stay as it is after that. */
const PASS_MS = 60_000;
const SETTLE_MS = 2_000;

/** Writes the desired TLS state into the objects of these steps, and into no other. */
export async function reconfigure(run: NativeRun, steps: readonly ReconfigureStep[]): Promise<void> {
  await writeTlsState(
    run,
    run.context.bundle.tls,
    steps.map((s) => s.subject),
  );
  await record(run, RECONFIGURED);
  for (const { subject, findings } of steps) emit(run.context, 'reconfigured', subject, findings.map((f) => f.message).join('; '));
}

async function writeTlsState(run: NativeRun, tls: TlsState, subjects: readonly ObjectRef[]): Promise<void> {
  const context = { ...run.context, bundle: { ...run.context.bundle, tls } };
  const isWritten = (subject: ObjectRef) => subjects.some((s) => isSameRef(s, subject));
  const live = await context.lookAtPetSets();
  const kafka = kafkaOf(live);
  if (isWritten(refOf(kafka))) await configureTls(context, kafka);
  const desired = desiredKafka(kafka, tls);
  const password = await keystorePassword(context, kafka);
  if (tls !== 'off' && password === undefined)
    throw new OperationFailedError('no configuration was written: it has no password for the JKS stores.', {
      subject: ref(KINDS.Secret, live.namespace, keystoreCredSecret(kafka)),
      hint: 'Restore the Secret: the stores in the certificate Secrets were written with its password.',
    });
  for (const set of live.petSets) {
    const config = ref(KINDS.Secret, live.namespace, set.configSecret);
    if (isWritten(config))
      await modify(context.cluster, config, (secret) => withConfig(secret, configData(desired, set.role, password, decoded(secret))));
    const petSet = ref(KINDS.PetSet, live.namespace, set.name);
    if (isWritten(petSet)) await modify(context.cluster, petSet, (object) => withTemplate(object, desired));
  }
  await awaitPetSets(context, live);
}

function withTemplate(petSet: KubeObject, kafka: KubeObject): KubeObject {
  return { ...petSet, spec: { ...petSet.spec, template: withCertificateVolume(kafka, petSet.spec.template) } };
}

function decoded(secret: KubeObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]),
  );
}

function withConfig(secret: KubeObject, data: Readonly<Record<string, string>>): KubeObject {
  return {
    ...secret,
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')])),
  };
}

async function keystorePassword(context: ExecuteContext, kafka: KubeObject): Promise<string | undefined> {
  const secret = await context.cluster.get(ref(KINDS.Secret, kafka.metadata.namespace, keystoreCredSecret(kafka)));
  return secret === undefined ? undefined : decoded(secret)[KEYSTORE_PASSWORD_KEYS[0]];
}

/** A PetSet's updateRevision means something only once its controller has seen the new template. */
async function awaitPetSets(context: ExecuteContext, { namespace, petSets }: PetSetObservation): Promise<void> {
  for (const { name } of petSets) {
    const subject = ref(KINDS.PetSet, namespace, name);
    await waitUntil(context, {
      subject,
      watch: [{ kind: KINDS.PetSet, selection: { namespace, name } }],
      check: async () => {
        const set = await context.cluster.get(subject);
        const isSeen = (set?.status?.observedGeneration ?? 0) >= (set?.metadata.generation ?? 0);
        return isSeen ? { done: undefined } : { waitingFor: 'its controller has not seen the new template yet' };
      },
      deadlineMs: PASS_MS,
      failure: 'its template was not taken up',
    });
  }
}

/** Lets the provisioner at it once: what was written has to be what KubeDB itself would write, or it would be undone behind our back. */
export async function provisionerSync(run: NativeRun, step: ProvisionerSyncStep): Promise<void> {
  const { context } = run;
  await resume(context, step.subject);
  let seenAt: number | undefined;
  try {
    await waitUntil(context, {
      subject: step.subject,
      watch: [
        { kind: KINDS.Kafka, selection: { namespace: step.subject.namespace ?? '', name: step.subject.name } },
        { kind: KINDS.PetSet, selection: { namespace: step.subject.namespace ?? '' } },
      ],
      check: async () => {
        const live = await context.lookAtPetSets();
        const undone = petSetFindings({ bundle: context.bundle, live })[0];
        if (undone !== undefined)
          throw new OperationFailedError(`KubeDB has undone what was written: ${formatRef(undone.subject)}: ${undone.message}.`, {
            subject: step.subject,
          });
        const kafka = kafkaOf(live);
        const isSeen = (kafka.status?.observedGeneration ?? 0) >= (kafka.metadata.generation ?? 0);
        seenAt = isSeen ? (seenAt ?? context.clock.monotonicMs()) : undefined;
        const isSettled = seenAt !== undefined && context.clock.monotonicMs() - seenAt >= SETTLE_MS;
        return isSettled ? { done: undefined } : { waitingFor: isSeen ? 'KubeDB to leave it as it is' : 'KubeDB to look at it' };
      },
      deadlineMs: PASS_MS,
      failure: 'KubeDB has not looked at it',
      hint: 'Is its provisioner running?',
      retryMs: SETTLE_MS,
    });
  } catch (error) {
    if (error instanceof OperationFailedError) await restore(run);
    throw error;
  }
  await pause(run, step.subject);
}

/** Writes the TLS state back that the operation found. No pod was restarted yet. */
async function restore(run: NativeRun): Promise<void> {
  const request = run.request === undefined ? undefined : await run.context.cluster.get(run.request);
  const before = request === undefined ? undefined : stateBefore(request);
  if (before === undefined) return;
  const { namespace, petSets } = run.before;
  const sets = petSets.flatMap((set) => [ref(KINDS.PetSet, namespace, set.name), ref(KINDS.Secret, namespace, set.configSecret)]);
  // Not only what this run has written: an earlier one may have been killed after doing so.
  await writeTlsState(run, before, [run.plan.subject, ...sets]);
  emit(run.context, 'warning', run.plan.subject, 'its former TLS configuration was restored; no pod was restarted');
}
