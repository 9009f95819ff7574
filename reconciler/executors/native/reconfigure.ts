/**
 * Writes the TLS state into the Kafka, its PetSets and configuration Secrets. Then KubeDB's provisioner reconciles once, because what was
 * written must be what KubeDB itself would write. Otherwise KubeDB would revert it later.
 */

import { asKind, type Kafka, type PetSet } from '#model/kinds/index';
import { formatRef, isSameRef, KINDS, type KubeObject, type ObjectRef, ref, refOf } from '#model/kube-object';
import { KEYSTORE_PASSWORD_KEYS, keystoreCredSecret } from '#model/kubedb';
import { mapIn } from '#model/plain-data';
import type { TlsState } from '#model/tls';
import { OperationFailedError } from '#reconciler/errors';
import { configData, withCertificateVolume } from '#reconciler/model/broker-pod';
import type { PetSetObservation } from '#reconciler/model/observation';
import type { StepOf } from '#reconciler/model/plan';
import { petSetFindings } from '#reconciler/plan/checks/configuration';
import { desiredKafka } from '#reconciler/plan/plan-input';
import { stateBefore } from '#reconciler/plan/requests';
import { type ExecuteContext, emit, kafkaOf, modify, type StepResult } from '../../execute/context';
import { pause, resume } from '../../execute/pause';
import { configureTls } from '../../execute/steps';
import { waitUntil, watchObject } from '../../execute/wait';
import { type NativeRun, RECONFIGURED, record } from './request';

/** How long the provisioner may take, and how long the written state must stay unchanged after that. */
const SYNC_MS = 60_000;
const SETTLE_MS = 2_000;

/** Writes the desired TLS state into the objects of the step. */
export async function reconfigure(run: NativeRun, { objects }: StepOf<'reconfigure'>): Promise<StepResult> {
  const subjects = objects.map((o) => o.subject);
  if ((await writeTlsState(run, run.context.bundle.tls, subjects)) === 'replan') return 'replan';
  await record(run, RECONFIGURED);
  for (const { subject, findings } of objects) emit(run.context, 'reconfigured', subject, findings.map((f) => f.message).join('; '));
  return 'done';
}

async function writeTlsState(run: NativeRun, tls: TlsState, subjects: readonly ObjectRef[]): Promise<StepResult> {
  const context = { ...run.context, bundle: { ...run.context.bundle, tls } };
  const isWritten = (subject: ObjectRef) => subjects.some((s) => isSameRef(s, subject));
  const live = await context.lookAtPetSets();
  const kafka = kafkaOf(live);
  if (isWritten(refOf(kafka)) && (await configureTls(context, kafka)) === 'replan') return 'replan';
  const desired = desiredKafka(kafka, tls);
  const password = await keystorePassword(context, kafka);
  if (tls !== 'off' && password === undefined)
    throw new OperationFailedError('no configuration was written, because the Secret has no password for the JKS stores.', {
      subject: ref(KINDS.Secret, live.namespace, keystoreCredSecret(kafka)),
      hint: 'Restore the Secret: the stores in the certificate Secrets were written with its password.',
    });
  for (const set of live.petSets) {
    const config = ref(KINDS.Secret, live.namespace, set.configSecret);
    if (isWritten(config))
      await modify(context.cluster, config, (secret) => withConfig(secret, configData(desired, set.role, password, decoded(secret))));
    const petSet = ref(KINDS.PetSet, live.namespace, set.name);
    if (isWritten(petSet)) await modify(context.cluster, petSet, (object) => withTemplate(asKind('PetSet', object), desired));
  }
  await awaitPetSets(context, live);
  return 'done';
}

function withTemplate(petSet: PetSet, kafka: Kafka): KubeObject {
  return { ...petSet, spec: { ...petSet.spec, template: withCertificateVolume(kafka, petSet.spec.template) } };
}

function decoded(secret: KubeObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(mapIn(secret.data)).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]),
  );
}

function withConfig(secret: KubeObject, data: Readonly<Record<string, string>>): KubeObject {
  return {
    ...secret,
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')])),
  };
}

async function keystorePassword(context: ExecuteContext, kafka: Kafka): Promise<string | undefined> {
  const secret = await context.cluster.get(ref(KINDS.Secret, kafka.metadata.namespace, keystoreCredSecret(kafka)));
  return secret === undefined ? undefined : decoded(secret)[KEYSTORE_PASSWORD_KEYS[0]];
}

/** The updateRevision of a PetSet is current only after its controller has observed the new template. */
async function awaitPetSets(context: ExecuteContext, { namespace, petSets }: PetSetObservation): Promise<void> {
  for (const { name } of petSets) {
    const subject = ref(KINDS.PetSet, namespace, name);
    await waitUntil(context, {
      subject,
      watch: [watchObject(KINDS.PetSet, subject)],
      check: async () => {
        const set = asKind('PetSet', await context.cluster.get(subject));
        const isSeen = (set?.status?.observedGeneration ?? 0) >= (set?.metadata.generation ?? 0);
        return isSeen ? { done: undefined } : { waitingFor: 'its controller has not observed the new template yet' };
      },
      deadlineMs: SYNC_MS,
      failure: 'its new template was not observed',
    });
  }
}

/** Lets the provisioner reconcile once. If it reverts what was written, the previous state is restored. */
export async function provisionerSync(run: NativeRun, step: StepOf<'provisionerSync'>): Promise<StepResult> {
  const { context } = run;
  await resume(context, step.subject);
  let seenAt: number | undefined;
  try {
    await waitUntil(context, {
      subject: step.subject,
      watch: [watchObject(KINDS.Kafka, step.subject), { kind: KINDS.PetSet, selection: { namespace: step.subject.namespace ?? '' } }],
      check: async () => {
        const live = await context.lookAtPetSets();
        const reverted = petSetFindings({ bundle: context.bundle, live })[0];
        if (reverted !== undefined)
          throw new OperationFailedError(`KubeDB has reverted what was written: ${formatRef(reverted.subject)}: ${reverted.message}.`, {
            subject: step.subject,
          });
        const kafka = kafkaOf(live);
        const isSeen = (kafka.status?.observedGeneration ?? 0) >= (kafka.metadata.generation ?? 0);
        seenAt = isSeen ? (seenAt ?? context.clock.monotonicMs()) : undefined;
        const isSettled = seenAt !== undefined && context.clock.monotonicMs() - seenAt >= SETTLE_MS;
        return isSettled ? { done: undefined } : { waitingFor: isSeen ? 'for KubeDB to keep it' : 'for KubeDB to reconcile it' };
      },
      deadlineMs: SYNC_MS,
      failure: 'KubeDB has not reconciled it',
      hint: 'Is its provisioner running?',
      retryMs: SETTLE_MS,
    });
  } catch (error) {
    if (error instanceof OperationFailedError) await restore(run);
    throw error;
  }
  return pause(context, step.subject, run.request);
}

/** Restores the TLS state from before the operation. No pod has restarted yet. */
async function restore(run: NativeRun): Promise<void> {
  const request = run.request === undefined ? undefined : await run.context.cluster.get(run.request);
  const before = request === undefined ? undefined : stateBefore(request);
  if (before === undefined) return;
  const { namespace, petSets } = run.before;
  const sets = petSets.flatMap((set) => [ref(KINDS.PetSet, namespace, set.name), ref(KINDS.Secret, namespace, set.configSecret)]);
  // All objects, because an earlier run may have written some of them before it was killed.
  const result = await writeTlsState(run, before, [run.plan.subject, ...sets]);
  if (result === 'replan') return;
  emit(run.context, 'warning', run.plan.subject, 'its previous TLS configuration was restored; no pod was restarted');
}
