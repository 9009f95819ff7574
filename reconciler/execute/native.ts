/**
 * Carries an operation out without KubeDB's ops-manager: pause, issue, reconfigure, restart, resume, with the conditions that KubeDB
 * writes, in its order, so that `kubectl get kafkaopsrequests` reads as usual.
 *
 * It touches only requests that it created. A new request is left alone for a while first: if anything appears on it, or on the Kafka,
 * that we did not write, an ops-manager is there, and this executor gives up. KubeDB's provisioner is closed source; therefore it is let
 * at what was written once (`provisionerPass`), and no pod restarts unless it leaves that as it is.
 */
import { conditionOf, formatRef, KINDS, type KubeObject, type ObjectRef, ref } from '../../constructs/model/kube-object';
import { configData, keystoreCredSecret, KEYSTORE_PASSWORD_KEYS, withCertificateVolume } from '../../constructs/model/kubedb';
import { PAUSE_REASON, REQUEST } from '../../constructs/model/names';
import { ALIASES, certificateOf, defaultSecretName, type TlsState } from '../../constructs/model/tls';
import { BlockedError, InvalidInputError, KafkaTlsError, OperationFailedError } from '../errors';
import { certificateFindings, certificateOwner, desiredKafka, petSetFindings, secretFindings } from '../plan/checks';
import type { EvictStep, IssueStep, PauseStep, Plan, ProvisionerPassStep, ReconfigureStep, ResumeStep, Step, SubmitOpsRequestStep, SupersedeStep } from '../plan/nouns';
import type { Observation } from '../plan/observation';
import { stateBefore } from '../plan/requests';
import { configureTls } from './steps';
import { deadlineMs, type ExecuteContext, kafkaOf, modify, say, withAnnotations, withCondition, withoutCondition } from './context';
import { assertReachable, restartPods } from './restart';
import { type Progress, waitUntil } from './wait';

/** How long the provisioner gets to look, and how long what was written has to stay as it is after that. */
const PASS_MS = 60_000;
const SETTLE_MS = 2_000;

/** One operation under way. */
export interface NativeRun {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  /** What was observed before anything was done. */
  readonly before: Observation;
  request?: ObjectRef;
}

export type NativeStep = SubmitOpsRequestStep | SupersedeStep | PauseStep | IssueStep | ReconfigureStep | ProvisionerPassStep | ResumeStep;

/** Carries one step out; restarts come together, through `restart`. */
export async function runNative(run: NativeRun, step: NativeStep): Promise<void> {
  switch (step.kind) {
    case 'submitOpsRequest':
      return submit(run, step);
    case 'supersede':
      return supersede(run, step.subject);
    case 'pause':
      return pause(run, step.subject);
    case 'issue':
      return issue(run, step);
    case 'reconfigure':
      return reconfigure(run, step);
    case 'provisionerPass':
      return provisionerPass(run, step);
    case 'resume':
      return finish(run, step);
  }
}

// The request

async function submit(run: NativeRun, step: SubmitOpsRequestStep): Promise<void> {
  const { context, plan } = run;
  if (plan.steps.some((s) => s.kind === 'evict')) assertReachable(run.before);
  if (step.supersedes !== undefined) await supersede(run, ref(KINDS.KafkaOpsRequest, step.subject.namespace, step.supersedes));
  run.request = step.subject;
  if (!step.isContinued) {
    await context.cluster.create(step.manifest);
    say(context, 'submitted', step.subject, step.operation);
  }
  const request = await context.cluster.get(step.subject);
  if (!request?.status?.phase) await awaitNoClaim(run, step.subject, plan.subject);
  await record(run, 'ReconfigureTLS', startCondition(step.manifest));
}

const START = {
  Restart: { reason: 'Restart', message: 'Kafka ops-request has started to restart kafka nodes' },
  ReconfigureTLS: { reason: 'ReconfigureTLS', message: 'Kafka ops-request has started to reconfigure tls for kafka nodes' },
} as const;

function startCondition(request: KubeObject) {
  return request.spec?.type === 'Restart' ? START.Restart : START.ReconfigureTLS;
}

/** Gives an ops-manager the time to show itself before anything is done in its place. */
async function awaitNoClaim({ context }: NativeRun, subject: ObjectRef, kafka: ObjectRef): Promise<void> {
  const end = context.clock.monotonicMs() + deadlineMs(context, 'claim');
  const claimed = async (): Promise<Progress<undefined>> => {
    const [request, owner] = await Promise.all([context.cluster.get(subject), context.cluster.get(kafka)]);
    const paused = owner === undefined ? undefined : conditionOf(owner, 'Paused');
    const isClaimed = Boolean(request?.status?.phase) || (request?.status?.conditions ?? []).length > 0;
    if (isClaimed || (paused?.status === 'True' && paused.reason !== PAUSE_REASON)) {
      throw new BlockedError('an ops-manager works on it, and the native executor is for clusters without one.', {
        subject,
        hint: 'Use Executor.opsRequest(). The request is left to the ops-manager.',
      });
    }
    return context.clock.monotonicMs() >= end ? { done: undefined } : { waitingFor: 'for an ops-manager to claim it' };
  };
  const left = Math.max(1, end - context.clock.monotonicMs());
  await waitUntil(context, {
    subject,
    watch: [
      { kind: KINDS.KafkaOpsRequest, selection: { namespace: subject.namespace ?? '', name: subject.name } },
      { kind: KINDS.Kafka, selection: { namespace: kafka.namespace ?? '', name: kafka.name } },
    ],
    check: claimed,
    deadlineMs: left + 60_000,
    retryMs: left,
    failure: 'not started',
  });
}

/** Adds a condition to our request, with the phase that goes with it. */
async function record(run: NativeRun, type: string, said: { reason?: string; message: string }, phase = 'Progressing'): Promise<void> {
  const { context } = run;
  if (run.request === undefined) return;
  await modify(
    context.cluster,
    run.request,
    (request) => {
      const { generation = 1 } = request.metadata;
      const condition = { type, status: 'True' as const, observedGeneration: generation, ...said };
      const next = withCondition(request, condition, context.clock.now());
      return { ...next, status: { ...next.status, phase, observedGeneration: generation } };
    },
    { status: true },
  );
}

/** KubeDB words the conditions of single actions like this. */
function action(words: string, pod?: string): { message: string } {
  return { message: `${words}; ConditionStatus:True${pod === undefined ? '' : `; PodName:${pod}`}` };
}

/** Marks a request of ours Failed because what it asks for is no longer wanted; that counts as no failed attempt. */
async function supersede(run: NativeRun, subject: ObjectRef): Promise<void> {
  const { cluster, clock } = run.context;
  await modify(cluster, subject, (request) => withAnnotations(request, { [REQUEST.superseded]: 'true' }));
  await modify(
    cluster,
    subject,
    (request) => {
      const condition = { type: 'Failed', status: 'True' as const, reason: 'Superseded', message: 'the desired state has changed', observedGeneration: request.metadata.generation ?? 1 };
      const next = withCondition(request, condition, clock.now());
      return { ...next, status: { ...next.status, phase: 'Failed' } };
    },
    { status: true },
  );
  say(run.context, 'warning', subject, 'superseded: the desired state has changed');
}

// Pause and resume

async function pause({ context, request }: NativeRun, kafka: ObjectRef): Promise<void> {
  const message = request === undefined ? 'paused' : `for ${formatRef(request)}`;
  await modify(
    context.cluster,
    kafka,
    (object) => {
      const has = conditionOf(object, 'Paused');
      if (has?.status === 'True' && has.reason !== PAUSE_REASON) {
        throw new BlockedError(`was paused by somebody else meanwhile (${[has.reason, has.message].filter(Boolean).join(': ')}).`, { subject: kafka });
      }
      const condition = { type: 'Paused', status: 'True' as const, reason: PAUSE_REASON, message, observedGeneration: object.metadata.generation ?? 1 };
      return withCondition(object, condition, context.clock.now());
    },
    { status: true },
  );
  say(context, 'paused', kafka, message);
}

/** Lifts our own pause; that of somebody else is left. */
export async function resume(context: ExecuteContext, kafka: ObjectRef): Promise<void> {
  let isLifted = false;
  await modify(
    context.cluster,
    kafka,
    (object) => {
      isLifted = conditionOf(object, 'Paused')?.reason === PAUSE_REASON;
      return isLifted ? withoutCondition(object, 'Paused') : undefined;
    },
    { status: true },
  );
  if (isLifted) say(context, 'resumed', kafka, 'KubeDB looks after it again');
}

// Certificates

async function issue(run: NativeRun, step: IssueStep): Promise<void> {
  const { context } = run;
  await ensureKeystorePassword(run);
  const baseline = await recordBaseline(run, step);
  for (const manifest of step.manifests) {
    await context.cluster.apply(manifest);
    say(context, 'applied', ref(KINDS.Certificate, manifest.metadata.namespace, manifest.metadata.name), 'configured');
  }
  for (const alias of step.rotate) await trigger(run, alias, baseline[alias]);
  const live = await awaitIssued(run, step, baseline);
  if (!step.isTrustCut) assertSameRoot(run, live);
  await record(run, 'GetCertificate', action('get certificate'));
  await record(run, 'CheckReadyCondition', action('check ready condition'));
  await record(run, 'IssuingCondition', action('issuing condition'));
  await record(run, 'CertificateSynced', { reason: 'CertificateSynced', message: 'Successfully synced all certificates' });
  const names = step.manifests.map((m) => m.metadata.name).join(', ');
  say(context, 'issued', step.subject, `${names} in their Secrets`);
}

/** cert-manager needs a password before it can write JKS stores. KubeDB makes one when there is none; so do we. */
async function ensureKeystorePassword({ context, before }: NativeRun): Promise<void> {
  const name = certificateOwner(before).keystoreCredSecret;
  const subject = ref(KINDS.Secret, before.namespace, name);
  if ((await context.cluster.get(subject)) !== undefined) return;
  const password = Buffer.from(context.random(24)).toString('base64');
  await context.cluster.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: before.namespace },
    type: 'Opaque',
    data: Object.fromEntries(KEYSTORE_PASSWORD_KEYS.map((key) => [key, password])),
  });
  say(context, 'applied', subject, 'created, with a new password for the JKS stores');
}

interface Issued {
  readonly revision: number;
  readonly fingerprint: string;
}
type Baseline = Readonly<Record<string, Issued>>;

/** What the Secrets held before the trigger. Written down on the request, so that a later run measures against the same. */
async function recordBaseline(run: NativeRun, step: IssueStep): Promise<Baseline> {
  const { context, request, before } = run;
  const now = Object.fromEntries(ALIASES.map((alias) => [alias, issuedOf(before, context, alias)]));
  if (request === undefined || step.rotate.length === 0) return now;
  const object = await modify(context.cluster, request, (r) =>
    r.metadata.annotations?.[REQUEST.baseline] === undefined ? withAnnotations(r, { [REQUEST.baseline]: JSON.stringify(now) }) : undefined,
  );
  return JSON.parse(object.metadata.annotations?.[REQUEST.baseline] ?? '{}');
}

function issuedOf(live: Observation, { bundle }: ExecuteContext, alias: string): Issued {
  const certificate = live.certificates.find((c) => c.metadata.name === defaultSecretName(live.name, alias));
  const secretName = bundle.tls === 'off' ? undefined : certificateOf(live.name, bundle.tls, alias).secretName;
  const leaf = live.secrets.find((s) => s.name === secretName)?.leaf;
  return { revision: certificate?.status?.revision ?? 0, fingerprint: leaf?.fingerprint ?? '' };
}

/** Asks cert-manager for a new certificate the way `cmctl renew` does: by the Issuing condition. Nothing is asked for twice. */
async function trigger({ context, before }: NativeRun, alias: string, base: Issued | undefined): Promise<void> {
  const subject = ref(KINDS.Certificate, before.namespace, defaultSecretName(before.name, alias));
  await modify(
    context.cluster,
    subject,
    (certificate) => {
      const isDone = (certificate.status?.revision ?? 0) > (base?.revision ?? 0);
      if (isDone || conditionOf(certificate, 'Issuing')?.status === 'True') return undefined;
      const condition = {
        type: 'Issuing',
        status: 'True' as const,
        reason: 'ManuallyTriggered',
        message: 'Certificate re-issuance manually triggered',
        observedGeneration: certificate.metadata.generation ?? 1,
      };
      return withCondition(certificate, condition, context.clock.now());
    },
    { status: true },
  );
}

/** Ready stays True while a certificate is issued anew; only revision, Issuing, generation and the Secret's content together tell. */
async function awaitIssued(run: NativeRun, step: IssueStep, baseline: Baseline): Promise<Observation> {
  const { context, before } = run;
  const names = step.manifests.map((m) => m.metadata.name);
  return waitUntil(context, {
    subject: step.subject,
    watch: [{ kind: KINDS.Certificate, selection: { namespace: before.namespace } }],
    check: async () => {
      const live = await context.observe();
      const world = { bundle: context.bundle, live, now: context.clock.now() };
      const open = [...certificateFindings(world), ...secretFindings(world)].find((f) => names.includes(f.subject.name));
      if (open !== undefined) return { waitingFor: `${open.subject.name} ${open.message}` };
      const same = step.rotate.find((alias) => issuedOf(live, context, alias).fingerprint === baseline[alias]?.fingerprint);
      return same === undefined ? { done: live } : { waitingFor: `${defaultSecretName(before.name, same)} was not issued anew yet` };
    },
    deadlineMs: deadlineMs(context, 'issuance'),
    failure: 'not issued',
    hint: 'Look at its CertificateRequest and its issuer. No pod was restarted.',
    retryMs: 1000,
  });
}

/** The chain that really came has the last word on whether pods will be able to talk. */
function assertSameRoot({ context, before, plan }: NativeRun, live: Observation): void {
  const { tls } = context.bundle;
  if (tls === 'off' || !before.pods.some((p) => p.served.some((s) => s.protocol === 'tls'))) return;
  const keys = (o: Observation) => (o.secrets.find((s) => s.name === certificateOf(o.name, tls, 'server').secretName)?.ca ?? []).map((c) => c.publicKey);
  const trusted = keys(before);
  if (trusted.length === 0 || keys(live).some((key) => trusted.includes(key))) return;
  throw new InvalidInputError('the issued certificate has another root than pods trust: no pod was restarted.', {
    subject: plan.subject,
    hint: `When clients trust it, add acknowledge: [Acknowledgement.trustRootChangesTo('${tls.issuerRef.name}')] to its Tls and commit.`,
  });
}

// Kafka, PetSets, configuration

async function reconfigure(run: NativeRun, step: ReconfigureStep): Promise<void> {
  await writeTlsState(run, run.context.bundle.tls);
  await record(run, 'UpdatePetSets', { reason: 'UpdatePetSets', message: 'successfully reconciled the Kafka with tls configuration' });
  say(run.context, 'reconfigured', step.subject, step.findings.map((f) => f.message).join('; '));
}

async function writeTlsState(run: NativeRun, tls: TlsState): Promise<void> {
  const context = { ...run.context, bundle: { ...run.context.bundle, tls } };
  const live = await context.observe();
  const kafka = kafkaOf(live);
  await configureTls(context, kafka);
  const desired = desiredKafka(kafka, tls);
  const password = await keystorePassword(context, kafka);
  for (const set of live.petSets) {
    await modify(context.cluster, ref(KINDS.Secret, live.namespace, set.configSecret), (secret) => withConfig(secret, configData(desired, set.role, password, decoded(secret))));
    await modify(context.cluster, ref(KINDS.PetSet, live.namespace, set.name), (petSet) => ({
      ...petSet,
      spec: { ...petSet.spec, template: withCertificateVolume(desired, petSet.spec.template) },
    }));
  }
  await awaitPetSets(context, live);
}

function decoded(secret: KubeObject): Record<string, string> {
  return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString('utf8')]));
}

function withConfig(secret: KubeObject, data: Readonly<Record<string, string>>): KubeObject {
  return { ...secret, data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')])) };
}

async function keystorePassword(context: ExecuteContext, kafka: KubeObject): Promise<string | undefined> {
  const secret = await context.cluster.get(ref(KINDS.Secret, kafka.metadata.namespace, keystoreCredSecret(kafka)));
  return secret === undefined ? undefined : decoded(secret)[KEYSTORE_PASSWORD_KEYS[0]];
}

/** A PetSet's updateRevision means something only once its controller has seen the new template. */
async function awaitPetSets(context: ExecuteContext, { namespace, petSets }: Observation): Promise<void> {
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
async function provisionerPass(run: NativeRun, step: ProvisionerPassStep): Promise<void> {
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
        const live = await context.observe();
        const undone = petSetFindings({ bundle: context.bundle, live, now: context.clock.now() })[0];
        if (undone !== undefined) throw new OperationFailedError(`KubeDB has undone what was written: ${formatRef(undone.subject)}: ${undone.message}.`, { subject: step.subject });
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
  await writeTlsState(run, before);
  say(run.context, 'warning', run.plan.subject, 'its former TLS configuration was restored; no pod was restarted');
}

// Restarts, and the end

/** Restarts the pods of the plan and keeps the request's conditions. */
export async function restartNative(run: NativeRun, steps: readonly EvictStep[]): Promise<void> {
  await restartPods({
    context: run.context,
    plan: run.plan,
    steps,
    hooks: {
      onEvict: async (pod) => {
        await record(run, `GetPod--${pod}`, action('get pod', pod));
        await record(run, `EvictPod--${pod}`, action('evict pod', pod));
      },
      onRunning: (pod) => record(run, `CheckPodRunning--${pod}`, action('check pod running', pod)),
    },
  });
  await record(run, 'RestartNodes', { reason: 'RestartNodes', message: 'Successfully restarted all nodes' });
}

async function finish(run: NativeRun, step: ResumeStep): Promise<void> {
  const { context } = run;
  await resume(context, step.subject);
  if (run.request === undefined) return;
  await modify(context.cluster, run.request, (r) => withAnnotations(r, { [REQUEST.verified]: context.clock.now().toISOString() }));
  const isRestart = run.plan.operation === 'restart';
  const message = isRestart ? 'Successfully restarted kafka nodes.' : 'Successfully completed reconfigureTLS for kafka.';
  await record(run, 'Successful', { reason: 'Successful', message }, 'Successful');
}

/** Leaves no Kafka paused and no request in doubt, however the run ended. What cannot be written any more is left to the next run. */
export async function giveUp(run: NativeRun, error: unknown, steps: readonly Step[]): Promise<void> {
  if (!steps.some((s) => s.kind === 'pause' || s.kind === 'provisionerPass')) return;
  await resume(run.context, run.plan.subject);
  // Blocked or interrupted work is continued by the next run; only a failure ends the request.
  if (!(error instanceof OperationFailedError)) return;
  await record(run, 'Failed', { reason: 'Failed', message: (error as KafkaTlsError).message }, 'Failed');
}
