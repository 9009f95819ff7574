/** The vocabulary of a plan: why something must change (findings), what will be done (steps), and what stands in the way. */
import type { Acknowledged } from '#model/acknowledgement';
import type { Cutover, ExecutorName } from '#model/desired';
import { formatRef, type KubeObject, type ObjectRef } from '#model/kube-object';
import type { Role } from '#model/kubedb';
import type { Alias } from '#model/tls';

/**
 * Why something must change, or what a reader has to know. PascalCase states, one situation each; users meet them in output and Events.
 */
export const REASONS = {
  KafkaMissing: 'the Kafka is declared and does not exist',
  KafkaNotProvisioned: 'the Kafka was never provisioned and has no pods',
  IssuerMissing: 'an issuer of the bundle does not exist',
  IssuerDiffers: 'an issuer of the bundle exists with other content',
  IssuerNotReady: 'an issuer exists and is not Ready',
  CertificateMissing: 'a Certificate does not exist',
  CertificateDiffers: 'a Certificate exists with other content',
  CertificateNotReady: 'a Certificate is being issued or is not Ready',
  CertificateLeftOver: 'a Certificate is ours and no longer wanted',
  TlsDisabled: 'TLS is wanted and the Kafka has none',
  TlsEnabled: 'the Kafka has TLS and none is wanted',
  IssuerChanged: 'the Kafka refers to another issuer than wanted',
  CertificatesChanged: 'the Kafka describes its certificates otherwise than wanted',
  SecretMissing: 'the Secret of a certificate does not exist',
  SecretIncomplete: 'the Secret of a certificate lacks a key or cannot be read',
  SecretFromOtherIssuer: 'the Secret holds a certificate of another issuer',
  SecretLacksNames: 'the Secret holds a certificate without a wanted name or address',
  SecretHasOtherKey: 'the Secret holds a key of another algorithm or size than wanted',
  IssuerDropsNames: 'an issuer leaves wanted names out of the certificates that it issues',
  KeyEncodingDiffers: 'the Secret holds its key in another encoding than wanted',
  CertificateTooOld: 'a certificate was issued before issuedAfter',
  CertificateExpiring: 'a certificate is closer to its expiry than beforeExpiry',
  CaUnknown: 'what an issuer signs with cannot be read',
  CaReplaced: 'the issuer has replaced a CA certificate that was issued before issuedAfter',
  TemplateDiffers: 'a PetSet does not mount what the TLS state asks for',
  ConfigDiffers: 'a configuration Secret does not say what the TLS state asks for',
  PodHasOldRevision: 'a pod was made from a template that mounts another certificate than its PetSet does now',
  PodServesOtherProtocol: 'a pod serves TLS where plaintext is wanted, or the reverse',
  PodHasOldCertificate: 'a pod serves another certificate than its Secret holds',
  PodDistrustsSecret: 'a pod serves a certificate of another CA than its Secret holds',
  PodServesUnknown: 'what a pod serves could not be seen',
  PodMissing: 'a pod of the Kafka does not exist',
  PodStuck: 'a pod cannot start',
  TrustMissing: 'the ConfigMap with the CA certificates that clients have to trust does not exist',
  TrustDiffers: 'the ConfigMap with the CA certificates that clients have to trust holds others than it should',
  KafkaPaused: 'the Kafka is still paused by us',
  RequestUnfinished: 'an operation that we started is not finished',
  OwnerMissing: 'the Kafka does not yet belong to a KafkaTls',
  OwnerChanges: 'the Kafka belongs to another KafkaTls, which was told to give it up',
} as const;
export type Reason = keyof typeof REASONS;

export interface Finding {
  readonly subject: ObjectRef;
  readonly reason: Reason;
  /** What exactly differs, without the subject: `spec.tls.issuerRef is Issuer/a, wanted Issuer/b`. */
  readonly message: string;
}

/** What the reconciler or KubeDB does to the Kafka as a whole. */
export type Operation = 'create' | 'configure' | 'add' | 'update' | 'rotate' | 'remove' | 'restart' | 'tidy' | 'none';

interface StepBase {
  /** The object the step is about. */
  readonly subject: ObjectRef;
  /** Why. */
  readonly findings: readonly Finding[];
}

/** Server-side apply of an Issuer or Certificate. */
export interface ApplyStep extends StepBase {
  readonly kind: 'apply';
  readonly manifest: KubeObject;
  readonly change: 'create' | 'configure';
}
/** Exports the CA certificates that clients have to trust, as they are when the step is reached: some may be issued on the way to it. */
export interface PublishTrustBundleStep extends StepBase {
  readonly kind: 'publishTrustBundle';
  readonly change: 'create' | 'configure';
}
/** POST of a declared Kafka that is missing. */
export interface CreateStep extends StepBase {
  readonly kind: 'create';
  readonly manifest: KubeObject;
}
/** Asks an issuer for a certificate that is not used, to see which root it signs with; what follows is planned again by the answer. */
export interface ProbeStep extends StepBase {
  readonly kind: 'probe';
  /** The CertificateRequest, without the request itself. */
  readonly request: KubeObject;
  /** What the certificate would be for. */
  readonly names: { readonly commonName?: string; readonly dnsName: string };
}
/** Wait until the subject is what kstatus calls Current. */
export interface AwaitReadyStep extends StepBase {
  readonly kind: 'awaitReady';
}
/** Has cert-manager try a failed issuance again: by itself it would wait for an hour or more. */
export interface RetryIssuanceStep extends StepBase {
  readonly kind: 'retryIssuance';
}
/** Wait until KubeDB calls the Kafka Ready again. */
export interface AwaitHealthStep extends StepBase {
  readonly kind: 'awaitHealth';
}
/** Sets the owner annotation of the Kafka. */
export interface ClaimOwnershipStep extends StepBase {
  readonly kind: 'claimOwnership';
  readonly owner: string;
}
/** Records on the Kafka that a change began, or that it is complete. */
export interface RecordStep extends StepBase {
  readonly kind: 'record';
  readonly phase: 'begun' | 'complete';
  /** The annotation as it has to be, and as it was when the plan was made. */
  readonly record: string;
  readonly before?: string;
}
/** JSON patch of spec.enableSSL and spec.tls of a Kafka that has no pods yet. */
export interface ConfigureStep extends StepBase {
  readonly kind: 'configure';
}
/** Creates a KafkaOpsRequest, or goes on with our own unfinished one. */
export interface SubmitOpsRequestStep extends StepBase {
  readonly kind: 'submitOpsRequest';
  readonly manifest: KubeObject;
  readonly operation: Operation;
  /** The request exists and is ours: go on with it. */
  readonly isContinued: boolean;
}
/** Marks an unfinished `native` request of ours Failed (Superseded): what it asks for is no longer wanted. */
export interface SupersedeStep extends StepBase {
  readonly kind: 'supersede';
}
/** Sets the `Paused` condition of the Kafka. */
export interface PauseStep extends StepBase {
  readonly kind: 'pause';
}
/** Creates the Secret with the password of the JKS stores, which cert-manager needs before it can write them. */
export interface CreatePasswordStep extends StepBase {
  readonly kind: 'createPassword';
}
/** Writes a broker Certificate and waits until its Secret holds what it should. */
export interface IssueStep extends StepBase {
  readonly kind: 'issue';
  readonly alias: Alias;
  readonly manifest: KubeObject;
  /** The certificate has to be issued anew though its Certificate asks for nothing new. */
  readonly isRotation: boolean;
  /** Another root was acknowledged: pods trusting the old one cannot talk to restarted ones. */
  readonly isTrustCut: boolean;
}
/** Writes the TLS state into the Kafka, a PetSet or a configuration Secret. */
export interface ReconfigureStep extends StepBase {
  readonly kind: 'reconfigure';
}
/** Lets KubeDB's provisioner look once, and requires that it changes nothing of what was written. */
export interface ProvisionerSyncStep extends StepBase {
  readonly kind: 'provisionerSync';
}
/** Restarts one pod. */
export interface EvictStep extends StepBase {
  readonly kind: 'evict';
  readonly role: Role;
  readonly position: number;
  readonly of: number;
  /** Why the pod has this place in the order. */
  readonly place: string;
  readonly by: 'kafka-tls' | 'ops-manager';
}
/** Handshake with every listener, compared with what its Secret holds. */
export interface VerifyStep extends StepBase {
  readonly kind: 'verify';
  /** Request that is marked verified when all is well. */
  readonly request?: string;
}
/** Removes our `Paused` condition and, if there is a request, ends it. */
export interface ResumeStep extends StepBase {
  readonly kind: 'resume';
}
/** Deletes a Certificate that is ours and no longer wanted. Secrets are kept. */
export interface DeleteStep extends StepBase {
  readonly kind: 'delete';
  readonly uid: string;
}

export type Step =
  | ProbeStep
  | ApplyStep
  | PublishTrustBundleStep
  | CreateStep
  | RetryIssuanceStep
  | AwaitReadyStep
  | AwaitHealthStep
  | ClaimOwnershipStep
  | RecordStep
  | ConfigureStep
  | SubmitOpsRequestStep
  | SupersedeStep
  | PauseStep
  | CreatePasswordStep
  | IssueStep
  | ReconfigureStep
  | ProvisionerSyncStep
  | EvictStep
  | VerifyStep
  | ResumeStep
  | DeleteStep;

/** Why nothing may be done now, and what cures it. */
export interface Obstacle {
  readonly subject: ObjectRef;
  /**
   * `wait`: time or another actor cures it, within a deadline (exit 4 after it). `blocked`: another actor has to (exit 4).
   * `invalid`: only a commit cures it (exit 2). `failed`: it was tried and has failed (exit 1).
   */
  readonly kind: 'wait' | 'blocked' | 'invalid' | 'failed';
  readonly message: string;
  readonly hint?: string;
  /** With `wait`: which deadline. */
  readonly until?: 'foreignOperation' | 'issuance' | 'podReady' | 'requestAcceptance' | 'gate';
  /** It is about the place that the plan is made at: elsewhere it may not be met. */
  readonly isAboutPlace?: true;
}

/** How long something will probably take, in milliseconds. */
export interface Estimate {
  /** Of the whole run. */
  readonly durationMs: number;
  /** And that for every pod that restarts, where it is not known how many do. */
  readonly perPodMs?: number;
  /** With a cut-over: of the time in which Kafka serves nobody, or not everything. */
  readonly outageMs?: number;
  /** What was seen and what is assumed. */
  readonly because: string;
}

/** How pods restart that cannot talk to each other meanwhile. */
export interface PlannedCutover {
  /** What parts them: the listeners' protocol, the root of their certificates, or certificates that have expired. */
  readonly kind: 'protocol' | 'trust' | 'expired';
  readonly mode: Cutover;
  readonly because: string;
}

export interface Plan {
  readonly subject: ObjectRef;
  readonly executor: ExecutorName;
  readonly operation: Operation;
  /** One line: `TLS: off -> on (issuer Issuer/orders-ca)`. */
  readonly summary: string;
  readonly steps: readonly Step[];
  /** Secrets could not be read: what rests on them is not in the plan, and a note says so. It cannot be carried out like that. */
  readonly isPartial?: true;
  /** Restarted and not yet restarted pods cannot talk: why, and what that means for clients. */
  readonly cutover?: PlannedCutover;
  /** The acknowledgements that the plan rests on; absent when it needs none. */
  readonly acknowledged?: readonly Acknowledged[];
  /** Absent when nothing in it takes time. */
  readonly estimate?: Estimate;
  /** Things to know: what clients see, what is not gated, what was left alone. */
  readonly notes: readonly string[];
  /** All that stands in the way, most final first. Where there is anything, there is no step, unless another place would carry them out. */
  readonly obstacles: readonly Obstacle[];
}

/** What a plan may come to, before it is known whether anything stands in its way. */
export type Draft = Pick<Plan, 'operation' | 'steps'> & Partial<Pick<Plan, 'cutover' | 'acknowledged' | 'notes' | 'obstacles'>>;

/** Tells whether there is anything to do, or to be in the way of. */
export function hasWork({ steps, obstacles = [] }: Draft): boolean {
  return steps.length > 0 || obstacles.length > 0;
}

/** Returns what a step does in one word and a sentence; total over all kinds. */
export function describeStep(step: Step): { readonly change: string; readonly waitsFor: string; readonly why: string } {
  const why = [...new Set(step.findings.map((f) => f.message))].join('; ');
  switch (step.kind) {
    case 'apply':
    case 'publishTrustBundle':
      return { change: step.change, waitsFor: '', why };
    case 'probe':
      return { change: 'probe', waitsFor: 'answer', why };
    case 'create':
      return { change: 'create', waitsFor: '', why };
    case 'retryIssuance':
      return { change: 'retry', waitsFor: '', why };
    case 'awaitReady':
      return { change: 'wait', waitsFor: 'Ready', why };
    case 'awaitHealth':
      return { change: 'wait', waitsFor: 'Ready', why: "KubeDB's health check has to pass" };
    case 'claimOwnership':
      return { change: 'annotate', waitsFor: '', why: `owner ${step.owner}` };
    case 'record':
      return { change: 'annotate', waitsFor: '', why: `records that the change ${step.phase === 'begun' ? 'began' : 'is complete'}` };
    case 'configure':
      return { change: 'configure', waitsFor: '', why };
    case 'submitOpsRequest':
      return step.isContinued
        ? { change: 'continue', waitsFor: '', why }
        : { change: 'create', waitsFor: '', why: `${step.operation}: ${step.findings[0]?.message ?? ''}` };
    case 'supersede':
      return { change: 'supersede', waitsFor: '', why };
    case 'pause':
      return { change: 'pause', waitsFor: '', why: 'KubeDB leaves it alone meanwhile' };
    case 'createPassword':
      return { change: 'create', waitsFor: '', why };
    case 'issue':
      return { change: 'issue', waitsFor: 'issued', why };
    case 'reconfigure':
      return { change: 'configure', waitsFor: '', why };
    case 'provisionerSync':
      return { change: 'check', waitsFor: 'KubeDB', why: 'KubeDB must keep what was written' };
    case 'evict':
      return { change: 'restart', waitsFor: 'Ready', why: `${why} (${step.position} of ${step.of}, ${step.place})` };
    case 'verify':
      return { change: 'verify', waitsFor: 'handshake', why: 'every listener serves what it should' };
    case 'resume':
      return { change: 'resume', waitsFor: '', why: why || 'KubeDB looks after it again' };
    case 'delete':
      return { change: 'delete', waitsFor: '', why };
  }
}

/** Returns a step's subject as it is printed. */
export function formatSubject(step: Step): string {
  return formatRef(step.subject);
}
