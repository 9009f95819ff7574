/** Steps that both executors plan. */
import type { Cutover } from '#model/desired';
import { conditionOf, KINDS, type KubeObject, type ObjectRef, ref, refOf } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import { ANNOTATION_CHANGE, ANNOTATION_OWNER, PAUSE_REASON, REQUEST } from '#model/names';
import { ALIASES, type Alias, brokerCertificateName } from '#model/tls';
import type { Observation, PodFacts } from '../model/observation';
import type { EvictStep, Finding, IssueStep, Plan, RecordStep, ResumeStep, Step, SupersedeStep } from '../model/plan';
import { type ChangeRecord, changeRecordOf, formatChangeRecord } from './change-record';
import type { CutoverCause } from './cutover';
import { expiredAt } from './dates';
import type { Diff } from './diff';
import { spelledAsLive } from './issuer-manifests';
import { type AliasFinding, certificateOwner, type PlanInput, wantedCertificate } from './plan-input';
import { annotationOf, isNative, isOurs, unfinished } from './requests';
import { type Placed, restartOrder } from './restart';

/** Returns the reference of the Kafka that a plan is about. */
export function kafkaRef(live: Observation): ObjectRef {
  return ref(KINDS.Kafka, live.namespace, live.name);
}

/** Returns the step that makes the Kafka ours, where it is not. */
export function claimOwnershipSteps({ bundle, live }: PlanInput): readonly Step[] {
  const has = live.kafka?.metadata.annotations?.[ANNOTATION_OWNER];
  if (has === bundle.desired.owner) return [];
  const subject = kafkaRef(live);
  const finding: Finding =
    has === undefined
      ? { subject, reason: 'OwnerMissing', message: 'belongs to no KafkaTls yet' }
      : { subject, reason: 'OwnerChanges', message: `belongs to ${has}, which gives it up` };
  return [{ kind: 'claimOwnership', subject, findings: [finding], owner: bundle.desired.owner }];
}

/** Returns the steps around a change that is recorded on the Kafka: it has to remember `begun` first, and `complete` in the end. */
export function recordSteps(
  { live }: PlanInput,
  begun: ChangeRecord,
  complete: ChangeRecord,
): { readonly begin: readonly RecordStep[]; readonly end: readonly RecordStep[] } {
  const subject = kafkaRef(live);
  const step = (phase: RecordStep['phase'], before: string | undefined, record: string): RecordStep => {
    return { kind: 'record', subject, findings: [], phase, record, ...(before === undefined ? {} : { before }) };
  };
  const has = live.kafka?.metadata.annotations?.[ANNOTATION_CHANGE];
  const [first, last] = [formatChangeRecord(begun), formatChangeRecord(complete)];
  const isBegun = formatChangeRecord(changeRecordOf(live)) === first;
  return {
    begin: isBegun ? [] : [step('begun', has, first)],
    end: first === last ? [] : [step('complete', isBegun ? has : first, last)],
  };
}

/** Returns the steps that have the certificates issued that these findings are about; those in `rotate` are asked for anew. */
export function issueSteps(
  input: PlanInput,
  findings: readonly AliasFinding[],
  rotate: readonly Alias[],
  isTrustCut: boolean,
): readonly Step[] {
  const { live } = input;
  const aliases = ALIASES.filter((alias) => findings.some((f) => f.alias === alias));
  if (aliases.length === 0) return [];
  const issues = aliases.map(
    (alias): IssueStep => ({
      kind: 'issue',
      subject: ref(KINDS.Certificate, live.namespace, brokerCertificateName(live.name, alias)),
      findings: findings.filter((f) => f.alias === alias),
      alias,
      manifest: spelledAsLive(
        wantedCertificate(input, alias),
        live.certificates.find((c) => c.metadata.name === brokerCertificateName(live.name, alias)),
      ),
      isRotation: rotate.includes(alias),
      isTrustCut,
    }),
  );
  return [...passwordSteps(input), ...issues];
}

function passwordSteps(input: PlanInput): readonly Step[] {
  const { live } = input;
  const { keystoreCredSecret: name } = certificateOwner(input);
  if (live.secrets.some((s) => s.name === name)) return [];
  const subject = ref(KINDS.Secret, live.namespace, name);
  return [{ kind: 'createPassword', subject, findings: [{ subject, reason: 'SecretMissing', message: 'the JKS stores need a password' }] }];
}

/** Returns pods in restart order, by what is known of the quorum. */
export function inRestartOrder(pods: readonly PodFacts[], { facts }: Observation): readonly Placed<PodFacts>[] {
  return restartOrder(pods, 'value' in facts ? facts.value.quorum.leaderId : undefined);
}

/** Returns one restart a pod; `because` is for pods that are as they should be now and will not be then. */
export function evictSteps(
  pods: readonly Placed<PodFacts>[],
  live: Observation,
  diff: Diff,
  because: readonly Finding[],
): readonly EvictStep[] {
  return pods.map(({ pod, place }, i) => {
    const subject = ref(KINDS.Pod, live.namespace, pod.name);
    const own = diff.pods.find((f) => f.subject.name === pod.name);
    const finding = own ?? { subject, reason: 'PodHasOldCertificate' as const, message: whyRestart(because) };
    return { kind: 'evict', subject, findings: [finding], role: pod.role, position: i + 1, of: pods.length, place, by: 'kafka-tls' };
  });
}

/** Returns the restarts of an operation that KubeDB carries out: all pods, controllers first, each by ordinal, with no gates between them. */
export function opsManagerSteps(
  pods: readonly PodFacts[],
  live: Observation,
  diff: Diff,
  because: readonly Finding[],
): readonly EvictStep[] {
  const order = [...pods].sort((a, b) => Number(a.role === 'broker') - Number(b.role === 'broker') || a.ordinal - b.ordinal);
  return evictSteps(
    order.map((pod) => ({ pod, place: `${pod.role}, KubeDB's order` })),
    live,
    diff,
    because,
  ).map((step) => ({ ...step, by: 'ops-manager' }));
}

function whyRestart(because: readonly Finding[]): string {
  const has = (reason: Finding['reason']) => because.some((f) => f.reason === reason);
  if (has('TlsDisabled')) return 'TLS is turned on';
  if (has('TlsEnabled')) return 'TLS is turned off';
  if (has('RequestUnfinished')) return 'the operation is under way';
  return has('TemplateDiffers') ? 'its template changes' : 'its certificate changes';
}

/** Tells whether it is not known how many pods there are: without a cluster, of a Kafka that is only referred to. */
export function areNodesUnknown({ kafka }: Observation): boolean {
  return kafka !== undefined && nodesOf(kafka).length === 0;
}

/** Returns how pods restart when they cannot talk meanwhile. KubeDB knows no other way than one after the other. */
export function cutoverOf(input: PlanInput, { cutoverCause }: Diff, restarted: readonly PodFacts[]): Pick<Plan, 'cutover'> {
  const { bundle, live } = input;
  if (cutoverCause === undefined || (restarted.length === 0 && !areNodesUnknown(live))) return {};
  const isNative = bundle.desired.executor === 'native';
  const areAllExpired = restarted.every((p) => expiredAt(p, input.now) !== undefined);
  // Pods that serve what holds are not taken down for the sake of others that do not.
  const mode = isNative && (cutoverCause.kind !== 'expired' || areAllExpired) ? bundle.desired.cutover : 'rolling';
  const { kind } = cutoverCause;
  return { cutover: { kind, mode, because: `${cutoverCause.because}; ${outage(cutoverCause, mode, areAllExpired || !isNative)}` } };
}

function outage(cut: CutoverCause, mode: Cutover, isWholeRoll: boolean): string {
  if (cut.kind === 'expired') {
    const refused = 'clients refuse it, and so do restarted nodes';
    if (mode === 'stop') return `${refused}: all pods restart at once: expect an outage of one restart`;
    if (isWholeRoll) return `${refused}, so no gate is asked between pods: expect an outage until the last pod is back`;
    return `${refused}: the pods that serve it restart first, without gates: expect an outage until the last of them is back`;
  }
  const clients = cut.kind === 'protocol' ? 'clients must switch protocol' : 'clients must trust the new root';
  return mode === 'stop'
    ? `all pods restart at once, and ${clients}: expect an outage of one restart`
    : `restarted and not yet restarted nodes cannot talk, and ${clients}: expect an outage until the last pod is back`;
}

/** Returns what ends, marks or cleans up what earlier runs left, when nothing else has to change. */
export function finishingSteps(input: PlanInput, diff: Diff): readonly Step[] {
  return [...resumeSteps(input), ...verifySteps(input, diff)];
}

/** Returns the end of a pause that a run of ours left behind. A pause of another owner is that one's to lift. */
export function resumeSteps({ bundle, live }: Pick<PlanInput, 'bundle' | 'live'>): readonly ResumeStep[] {
  const { kafka } = live;
  const paused = kafka === undefined ? undefined : conditionOf(kafka, 'Paused');
  if (paused?.status !== 'True' || paused.reason !== PAUSE_REASON) return [];
  if (kafka?.metadata.annotations?.[ANNOTATION_OWNER] !== bundle.desired.owner) return [];
  const subject = kafkaRef(live);
  return [{ kind: 'resume', subject, findings: [{ subject, reason: 'KafkaPaused', message: 'still paused by an earlier run' }] }];
}

/** Pods that could not be looked at, and a Successful request whose effect was not confirmed yet, ask for a verification. */
function verifySteps({ bundle, live }: PlanInput, diff: Diff): readonly Step[] {
  const last = live.requests.filter((r) => isOurs(r, bundle.desired.owner)).at(-1);
  const isUnmarked = last?.status?.phase === 'Successful' && !isJudged(last, live);
  if (diff.unknown.length === 0 && !isUnmarked) return [];
  return [{ kind: 'verify', subject: kafkaRef(live), findings: diff.unknown, ...(isUnmarked ? { request: last.metadata.name } : {}) }];
}

/** A request that was without effect stays so until the Kafka changes: judging it again would find the same, round after round. */
function isJudged(request: KubeObject, { kafka }: Observation): boolean {
  const isIneffective = annotationOf(request, REQUEST.ineffectiveAt) === String(kafka?.metadata.generation);
  return isIneffective || annotationOf(request, REQUEST.verified) !== undefined;
}

/** Returns the end of requests that an earlier `native` run left and that nobody will carry out any more. */
export function supersedeSteps({ bundle, live }: PlanInput): readonly SupersedeStep[] {
  return unfinished(live.requests)
    .filter((r) => isOurs(r, bundle.desired.owner) && isNative(r))
    .map((r) => {
      const subject = refOf(r);
      return {
        kind: 'supersede',
        subject,
        findings: [{ subject, reason: 'RequestUnfinished', message: 'was begun by the native executor' }],
      };
    });
}
