/** Steps that several drafts share. */
import { conditionOf, KINDS, ref, refOf } from '#model/kube-object';
import { ANNOTATION_CHANGE, ANNOTATION_OWNER, PAUSE_REASON, REQUEST } from '#model/names';
import { ALIASES, type Alias, brokerCertificateName } from '#model/tls';
import { type ChangeRecord, changeRecordOf, formatChangeRecord } from '../model/change-record';
import type { Observation, PodFacts } from '../model/observation';
import type { Finding, PlannedCertificate, PlannedRestart, Step, StepOf } from '../model/plan';
import type { Diff } from './diff';
import { spelledAsLive } from './issuer-manifests';
import { type AliasFinding, certificateOwner, kafkaRef, type PlanInput, podRef, wantedCertificate } from './plan-input';
import { annotationOf, isByReconciler, isOurs, unfinished } from './requests';
import type { Placed } from './restart-order';

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

/** Returns the steps around a change that is recorded on the Kafka: the record of its begin, and of its end. */
export function recordSteps(
  { live }: PlanInput,
  begun: ChangeRecord,
  complete: ChangeRecord,
): { readonly begin: readonly Step[]; readonly end: readonly Step[] } {
  const step = (phase: StepOf<'record'>['phase'], before: string | undefined, record: string): Step => {
    return { kind: 'record', subject: kafkaRef(live), findings: [], phase, record, ...(before === undefined ? {} : { before }) };
  };
  const has = live.kafka?.metadata.annotations?.[ANNOTATION_CHANGE];
  const [first, last] = [formatChangeRecord(begun), formatChangeRecord(complete)];
  const isBegun = formatChangeRecord(changeRecordOf(live)) === first;
  return {
    begin: isBegun ? [] : [step('begun', has, first)],
    end: first === last ? [] : [step('complete', isBegun ? has : first, last)],
  };
}

export interface Issuance {
  readonly findings: readonly AliasFinding[];
  /** Aliases whose certificates must be issued again although nothing about the Certificate changes. */
  readonly rotate: readonly Alias[];
  readonly isRootChange: boolean;
}

/** Returns the steps that issue the certificates that the findings are about. */
export function issueSteps(input: PlanInput, { findings, rotate, isRootChange }: Issuance): readonly Step[] {
  const { live } = input;
  const certificates = ALIASES.flatMap((alias): readonly PlannedCertificate[] => {
    const why = findings.filter((f) => f.alias === alias);
    if (why.length === 0) return [];
    const name = brokerCertificateName(live.name, alias);
    const has = live.certificates.find((c) => c.metadata.name === name);
    const manifest = spelledAsLive(wantedCertificate(input, alias), has);
    return [{ subject: ref(KINDS.Certificate, live.namespace, name), findings: why, alias, manifest, isRotation: rotate.includes(alias) }];
  });
  if (certificates.length === 0) return [];
  return [...passwordSteps(input), { kind: 'issue', subject: kafkaRef(live), findings: [], certificates, isRootChange }];
}

function passwordSteps(input: PlanInput): readonly Step[] {
  const { live } = input;
  const { keystoreCredSecret: name } = certificateOwner(input);
  if (live.secrets.some((s) => s.name === name)) return [];
  const subject = ref(KINDS.Secret, live.namespace, name);
  return [{ kind: 'createPassword', subject, findings: [{ subject, reason: 'SecretMissing', message: 'the JKS stores need a password' }] }];
}

/** Returns one restart for each pod. `because` is for pods that have no finding now and will be outdated by then. */
export function plannedRestarts(
  pods: readonly Placed<PodFacts>[],
  live: Observation,
  diff: Diff,
  because: readonly Finding[],
): readonly PlannedRestart[] {
  return pods.map(({ pod, place }) => {
    const subject = podRef(live, pod.name);
    const own = diff.pods.find((f) => f.subject.name === pod.name);
    const finding = own ?? { subject, reason: 'PodHasOldCertificate' as const, message: whyRestart(because) };
    return { subject, findings: [finding], role: pod.role, place };
  });
}

function whyRestart(because: readonly Finding[]): string {
  const has = (reason: Finding['reason']) => because.some((f) => f.reason === reason);
  if (has('TlsDisabled')) return 'TLS is turned on';
  if (has('TlsEnabled')) return 'TLS is turned off';
  if (has('RequestUnfinished')) return 'the operation is under way';
  return has('TemplateDiffers') ? 'its template changes' : 'its certificate changes';
}

/** Returns the steps that end, mark or clean up the work of earlier runs, when nothing else must change. */
export function finishingSteps(input: PlanInput, diff: Diff): readonly Step[] {
  return [...resumeSteps(input), ...verifySteps(input, diff)];
}

/** Returns the step that lifts a pause that an earlier run of ours left behind. Only the owner that paused a Kafka lifts the pause. */
export function resumeSteps({ bundle, live }: Pick<PlanInput, 'bundle' | 'live'>): readonly Step[] {
  const { kafka } = live;
  const paused = kafka === undefined ? undefined : conditionOf(kafka, 'Paused');
  if (paused?.status !== 'True' || paused.reason !== PAUSE_REASON) return [];
  if (kafka?.metadata.annotations?.[ANNOTATION_OWNER] !== bundle.desired.owner) return [];
  const subject = kafkaRef(live);
  return [{ kind: 'resume', subject, findings: [{ subject, reason: 'KafkaPaused', message: 'still paused by an earlier run' }] }];
}

/** Pods that could not be observed, and a Successful request that was not verified yet, need a verification. */
function verifySteps({ bundle, live }: PlanInput, diff: Diff): readonly Step[] {
  const last = live.requests.filter((r) => isOurs(r, bundle.desired.owner)).at(-1);
  // A request without effect stays so until the Kafka changes: verifying it again in every round would find the same.
  const isIneffective = last !== undefined && annotationOf(last, REQUEST.ineffectiveAt) === String(live.kafka?.metadata.generation);
  const isUnverified = last?.status?.phase === 'Successful' && !isIneffective && annotationOf(last, REQUEST.verified) === undefined;
  if (diff.unknown.length === 0 && !isUnverified) return [];
  return [{ kind: 'verify', subject: kafkaRef(live), findings: diff.unknown, ...(isUnverified ? { request: last.metadata.name } : {}) }];
}

/** Returns the steps that end requests of an earlier `native` run that no run will carry out any more. */
export function supersedeSteps({ bundle, live }: PlanInput): readonly Step[] {
  return unfinished(live.requests)
    .filter((r) => isOurs(r, bundle.desired.owner) && isByReconciler(r))
    .map((r) => {
      const subject = refOf(r);
      const message = 'was begun by the native executor';
      return { kind: 'supersede', subject, findings: [{ subject, reason: 'RequestUnfinished', message }] };
    });
}
