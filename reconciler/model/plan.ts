/** The vocabulary of a plan: why something must change (findings), what will be done (steps), and what blocks it (obstacles). */
import type { Acknowledged } from '#model/acknowledgement';
import type { Cutover, ExecutorName } from '#model/desired';
import type { KubeObject, ObjectRef } from '#model/kube-object';
import type { Role } from '#model/kubedb';
import type { Alias } from '#model/tls';
import type { PlannedStates } from './states';

/**
 * Why something must change, or what a reader must know: one situation each. Users meet the names in output and Events.
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
  CertificateLeftOver: 'a Certificate of ours is no longer wanted',
  TlsDisabled: 'TLS is wanted and the Kafka has none',
  TlsEnabled: 'the Kafka has TLS and none is wanted',
  IssuerChanged: 'the Kafka refers to another issuer than wanted',
  CertificatesChanged: 'spec.tls.certificates of the Kafka differs from the desired state',
  SecretMissing: 'the Secret of a certificate does not exist',
  SecretIncomplete: 'the Secret of a certificate lacks a key or cannot be read',
  SecretFromOtherIssuer: 'the Secret holds a certificate of another issuer',
  SecretLacksNames: 'the Secret holds a certificate without a wanted name or address',
  SecretHasOtherKey: 'the Secret holds a key of another algorithm or size than wanted',
  IssuerDropsNames: 'an issuer leaves wanted names out of the certificates that it issues',
  RootAdded: 'a Secret is to hold the old and the new root, so that nodes trust both',
  RootLeft: 'a Secret still holds the root that no node serves any more',
  RootBridged: 'a certificate belongs to another phase of a change of root than comes next',
  KeyEncodingDiffers: 'the Secret holds its key in another encoding than wanted',
  CertificateTooOld: 'a certificate was issued before issuedAfter',
  CertificateExpiring: 'a certificate is closer to its expiry than beforeExpiry',
  CaUnknown: 'the CA of an issuer cannot be read',
  CaReplaced: 'the issuer has replaced a CA certificate that was issued before issuedAfter',
  TemplateDiffers: 'a PetSet does not mount the Secret that the TLS state asks for',
  ConfigDiffers: 'a configuration Secret lacks the settings that the TLS state asks for',
  PodHasOldRevision: 'a pod was created from a template with another certificate than its PetSet has now',
  PodServesOtherProtocol: 'a pod serves TLS where plaintext is wanted, or the reverse',
  PodHasOldCertificate: 'a pod serves another certificate than its Secret holds',
  NodeCannotReload: 'a node cannot load its certificate while it runs',
  PodDistrustsSecret: 'a pod serves a certificate of another CA than its Secret holds',
  PodHasOldTrust: 'a pod may have loaded its trust store before that held the old and the new root',
  PodServesUnknown: 'a listener of a pod could not be observed',
  PodMissing: 'a pod of the Kafka does not exist',
  PodStuck: 'a pod cannot start',
  TrustMissing: 'the ConfigMap with the CA certificates that clients must trust does not exist',
  TrustDiffers: 'the ConfigMap with the CA certificates that clients must trust has other content',
  KafkaPaused: 'an earlier run left the Kafka paused',
  RequestUnfinished: 'an operation of ours is not finished',
  OwnerMissing: 'the Kafka does not yet belong to a KafkaTls',
  OwnerChanges: 'the Kafka belongs to another KafkaTls, and --take-over was given',
} as const;
export type Reason = keyof typeof REASONS;

export interface Finding {
  readonly subject: ObjectRef;
  readonly reason: Reason;
  /** What exactly differs, without the subject: `spec.tls.issuerRef is Issuer/a, wanted Issuer/b`. */
  readonly message: string;
}

/** What is done to the Kafka as a whole; `plan/operations.ts` says when. */
export type Operation = 'create' | 'configure' | 'add' | 'update' | 'rotate' | 'reload' | 'remove' | 'restart' | 'tidy' | 'none';

/** One row of the printed plan: the object it is about, and why. */
export interface StepPart {
  readonly subject: ObjectRef;
  readonly findings: readonly Finding[];
}

/** A pod that restarts. Its position in the list is its expected position in the order of restarts. */
export interface PlannedRestart extends StepPart {
  readonly role: Role;
  /** Why the pod has this place in the order. */
  readonly place: string;
}

/** A node that loads its certificate while it runs. */
export interface PlannedReload extends StepPart {
  readonly role: Role;
  /** Why the node has this place in the order. */
  readonly place: string;
  /** Its settings are not known yet. If they do not allow it, the pod restarts. */
  readonly isUndecided?: true;
}

/** A broker Certificate that is written and has to be issued. */
export interface PlannedCertificate extends StepPart {
  readonly alias: Alias;
  readonly manifest: KubeObject;
  /** cert-manager must issue the certificate again although the Certificate asks for nothing new. */
  readonly isRotation: boolean;
}

/** Every kind of step, with what a step of that kind holds besides its subject and findings. */
interface StepKinds {
  /** Asks an issuer for a certificate that nothing uses, to see which root it signs with. The rest is planned again with the answer. */
  probe: {
    /** The CertificateRequest, without `spec.request`. */
    readonly request: KubeObject;
    /** Names of the certificate. */
    readonly names: { readonly commonName?: string; readonly dnsName: string };
  };
  /** Server-side apply of an Issuer or Certificate. */
  apply: { readonly manifest: KubeObject; readonly change: 'create' | 'configure' };
  /** Writes the ConfigMap with the CA certificates that clients must trust. Its content is computed when the step is reached. */
  publishTrustBundle: { readonly change: 'create' | 'configure' };
  /** POST of a declared Kafka that does not exist. */
  create: { readonly manifest: KubeObject };
  /** Has cert-manager issue a Certificate again that stays as it is, and waits for it. */
  reissue: {
    /** Its revision when the plan was made. */
    readonly revision: number;
  };
  /** Removes ca.crt from the Secret of a CA whose key another CA has signed. */
  withdrawRoot: {
    /** The issuer that must have signed it. */
    readonly signer: string;
  };
  /** Has cert-manager write trust stores of several roots beside a certificate that stays, and waits until new pods get them. */
  widenTrust: {
    /** In PEM, with their SHA-256. What signs the certificate comes first. */
    readonly roots: readonly { readonly fingerprint: string; readonly pem: string }[];
  };
  /** Makes cert-manager retry a failed issuance. Without it cert-manager waits for an hour or more. */
  retryIssuance: unknown;
  /** Waits until the subject is what kstatus calls Current. */
  awaitReady: unknown;
  /** Waits until KubeDB reports the Kafka Ready. */
  awaitHealth: unknown;
  /** Sets the owner annotation of the Kafka. */
  claimOwnership: { readonly owner: string };
  /** Records on the Kafka that a change began, or that it is complete. */
  record: {
    readonly phase: 'begun' | 'complete';
    /** The new value of the annotation, and its value when the plan was made. */
    readonly record: string;
    readonly before?: string;
  };
  /** JSON patch of spec.enableSSL and spec.tls of a Kafka that has no pods yet. */
  configure: unknown;
  /** Creates a KafkaOpsRequest, or continues an unfinished one of ours. */
  submitOpsRequest: {
    readonly manifest: KubeObject;
    readonly operation: Operation;
    /** The request exists already and is continued. */
    readonly isContinued: boolean;
    /** Pods that KubeDB's ops-manager restarts for the request; none when the reconciler carries it out. */
    readonly pods: readonly PlannedRestart[];
  };
  /** Marks an unfinished `native` request Failed (Superseded), because the desired state no longer needs it. */
  supersede: unknown;
  /** Sets the `Paused` condition of the Kafka. */
  pause: unknown;
  /** Creates the Secret with the password of the JKS stores. cert-manager needs it to write them. */
  createPassword: unknown;
  /** Writes broker Certificates and waits until their Secrets hold the new certificates. */
  issue: {
    readonly certificates: readonly PlannedCertificate[];
    /** A change of root was acknowledged, so the issued certificates may have another root than pods trust. */
    readonly isRootChange: boolean;
  };
  /** Writes the TLS state into the Kafka, PetSets and configuration Secrets. */
  reconfigure: { readonly objects: readonly StepPart[] };
  /** Lets KubeDB's provisioner reconcile once, and requires that it keeps what was written. */
  provisionerSync: unknown;
  /** Restarts pods, one at a time unless the cut-over stops all of them. */
  evict: { readonly pods: readonly PlannedRestart[] };
  /** Makes nodes load their certificates while they run, one after the other, and proves each by handshakes. */
  reload: { readonly nodes: readonly PlannedReload[] };
  /** TLS handshake with every listener, compared with the certificate in its Secret. */
  verify: {
    /** KafkaOpsRequest that is marked as verified when every listener is right. */
    readonly request?: string;
  };
  /** Removes our `Paused` condition and, under `native`, ends the request. */
  resume: unknown;
  /** Deletes a Certificate that is ours and no longer wanted. Its Secret is kept. */
  delete: { readonly uid: string };
}

/** A step of one kind. Its subject is the Kafka where the step holds several pods, certificates or objects. */
export type StepOf<K extends keyof StepKinds> = StepPart & { readonly kind: K } & StepKinds[K];
export type Step = { [K in keyof StepKinds]: StepOf<K> }[keyof StepKinds];

/** One function for each kind of step. The compiler refuses a table that lacks a kind. */
export type StepCases<T> = { readonly [K in Step['kind']]: (step: StepOf<K>) => T };

export function matchStep<T>(step: Step, cases: StepCases<T>): T {
  return (cases[step.kind] as (step: Step) => T)(step);
}

/** What a step is to a reader who does not know its kind. */
interface StepTraits {
  /** The separate rows of the printed plan: its pods, certificates or objects, or the step itself. */
  readonly parts: readonly StepPart[];
  /** The pods that restart, in the expected order. Undefined: no pod restarts. Empty: a plan without a cluster does not know the pods. */
  readonly restarts?: readonly PlannedRestart[];
}

const single = (step: Step): StepTraits => ({ parts: [step] });

const TRAITS: StepCases<StepTraits> = {
  probe: single,
  apply: single,
  publishTrustBundle: single,
  create: single,
  retryIssuance: single,
  reissue: single,
  withdrawRoot: single,
  widenTrust: single,
  awaitReady: single,
  awaitHealth: single,
  claimOwnership: single,
  record: single,
  configure: single,
  submitOpsRequest: (s) => ({ parts: [s, ...s.pods], restarts: s.pods }),
  supersede: single,
  pause: single,
  createPassword: single,
  issue: ({ certificates }) => ({ parts: certificates }),
  reconfigure: ({ objects }) => ({ parts: objects }),
  provisionerSync: single,
  evict: ({ pods }) => ({ parts: pods, restarts: pods }),
  reload: ({ nodes }) => ({ parts: nodes }),
  verify: single,
  resume: single,
  delete: single,
};

/** Returns the parts of a step that are separate rows of the printed plan. */
export function partsOf(step: Step): readonly StepPart[] {
  return matchStep(step, TRAITS).parts;
}

/** Returns the pods that restart, in the expected order, whether the reconciler or the ops-manager restarts them. */
export function restartsOf(steps: readonly Step[]): readonly PlannedRestart[] {
  return steps.flatMap((s) => matchStep(s, TRAITS).restarts ?? []);
}

/** Tells whether a step restarts pods, also where a plan without a cluster does not know them. */
export function mayRestartPods(step: Step): boolean {
  return matchStep(step, TRAITS).restarts !== undefined;
}

/** Why nothing may be done now, and what resolves it. */
export interface Obstacle {
  readonly subject: ObjectRef;
  /**
   * `wait`: time or another actor resolves it, within a deadline (exit 4 after it). `blocked`: another actor must resolve it (exit 4).
   * `invalid`: only a commit resolves it (exit 2). `failed`: it was tried and has failed (exit 1).
   */
  readonly kind: 'wait' | 'blocked' | 'invalid' | 'failed';
  readonly message: string;
  readonly hint?: string;
  /** With `wait`: which deadline. */
  readonly until?: 'foreignOperation' | 'issuance' | 'podReady' | 'requestAcceptance' | 'gate';
  /** The obstacle depends on where the plan is made; a run elsewhere may not meet it. */
  readonly isAboutPlace?: true;
}

/** The expected duration, in milliseconds. */
export interface Estimate {
  /** Of the whole run. */
  readonly durationMs: number;
  /** Of the whole run, if every pod restarts of which it is not known whether its node can load the certificate. */
  readonly restartingMs?: number;
  /** Additional time for each pod that restarts, where the number of pods is unknown. */
  readonly perPodMs?: number;
  /** With a cut-over: the time in which Kafka serves no client, or not all topics. */
  readonly outageMs?: number;
  /** Of each row of the printed plan, in the order of `partsOf`. Pods that stop together take this time side by side. */
  readonly rowsMs?: readonly number[];
  /** What was observed and what is assumed. */
  readonly because: string;
}

/** How pods restart that cannot talk to each other meanwhile. */
export interface PlannedCutover {
  /** Why they cannot talk: the listeners' protocol, the root of their certificates, or an expired certificate. */
  readonly kind: 'protocol' | 'root' | 'expired';
  readonly mode: Cutover;
  readonly because: string;
}

/** A phase of a change of root; `plan/bridge/bridge.ts` and `plan/dual/dual.ts` say what nodes serve and trust in each. */
export interface PlannedPhase {
  readonly name: 'bridged' | 'anchored' | 'both' | 'issued' | 'new' | 'old';
  /** `now`: this plan carries it out. `waits`: an obstacle keeps it from beginning. */
  readonly status: 'done' | 'now' | 'waits' | 'later';
  /** Number of pods that restart, or whose nodes load their certificate; absent when it is done. */
  readonly pods?: number;
  readonly by?: 'restart' | 'reload';
  readonly durationMs?: number;
}

/** A change of root in phases, none of which is a cut-over. */
export interface PlannedRootChange {
  /** Issuers of the old and the new root. */
  readonly from: string;
  readonly to: string;
  /** SHA-256 of the roots; the new one is absent before cert-manager has made it. */
  readonly oldRoot: string;
  readonly newRoot?: string;
  /** Nodes trust both roots in between. Otherwise a bridge leads from one to the other. */
  readonly trustsBoth?: boolean;
  /** The old root is wanted again. */
  readonly isBack?: boolean;
  readonly phases: readonly PlannedPhase[];
  /** What the phase from which on clients need the new root still needs. Everything before is done without it. */
  readonly acknowledge?: Acknowledged;
  /** When the published bundle has held the new root for as long as the desired state demands. */
  readonly trustedFrom?: string;
  /** How long the old root stays in the published bundle after the last phase; absent if it is removed at once. */
  readonly keepOldRootFor?: string;
}

export interface Plan {
  readonly subject: ObjectRef;
  readonly executor: ExecutorName;
  readonly operation: Operation;
  /** One line: `TLS: off -> on (issuer Issuer/orders-ca)`. */
  readonly summary: string;
  readonly steps: readonly Step[];
  /** Some Secrets may not be read, so the plan lacks what depends on them and cannot be applied. A note names them. */
  readonly isPartial?: true;
  /** Present if the plan is part of a change of root in phases. */
  readonly rootChange?: PlannedRootChange;
  /** Present if restarted and not yet restarted pods cannot talk. */
  readonly cutover?: PlannedCutover;
  /** Whether every two nodes can talk while the plan is carried out; absent if no node gets another certificate or protocol. */
  readonly states?: PlannedStates;
  /** The acknowledgements that the plan relies on; absent when it needs none. */
  readonly acknowledged?: readonly Acknowledged[];
  /** Absent when no step takes time. */
  readonly estimate?: Estimate;
  /** What a reader should know besides the steps. */
  readonly notes: readonly string[];
  /** All blockers, the most severe first. A plan with obstacles has no steps, except in a preview that a run elsewhere could apply. */
  readonly obstacles: readonly Obstacle[];
}

/** A plan before the preflight checks. */
export type Draft = Pick<Plan, 'operation' | 'steps'> & Partial<Pick<Plan, 'cutover' | 'acknowledged' | 'notes' | 'obstacles'>>;

/** Tells whether there is anything to do. */
export function hasWork({ steps, obstacles = [] }: Draft): boolean {
  return steps.length > 0 || obstacles.length > 0;
}
