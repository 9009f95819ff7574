/**
 * desired x live -> what will be done, in order, and why.
 *
 * 1. An obstacle (`obstacles.ts`) ends the planning: nothing is done.
 * 2. The live state is compared with the desired one layer by layer (`checks.ts`); the plan starts at the first layer that does not agree.
 *    A run that died anywhere is thereby picked up where it stopped.
 * 3. From the findings follow the operation, the pods that have to restart and whether they can talk meanwhile (`trust.ts`).
 * 4. The executor decides who does it: `native` plans every write itself, `ops-request` plans the requests for KubeDB's ops-manager.
 *
 * Pure, synchronous, deterministic: a bundle, an observation and an instant are enough. What is printed is what is executed: an executor may
 * refuse, wait, or take the pods of one group in another order; it does nothing that is not here. A plan without steps means: nothing to do.
 */
import type { Bundle } from '../../constructs/model/bundle';
import { conditionOf, contentHash, formatRef, hasTrueCondition, isEqual, KINDS, type KubeObject, type ObjectRef, ref, refOf } from '../../constructs/model/kube-object';
import { ANNOTATION_OWNER, attemptName, LABEL_KAFKA, PAUSE_REASON, REQUEST, restartRequestName, rotateRequestName } from '../../constructs/model/names';
import { ALIASES, type Alias, certificateOf, defaultSecretName, formatIssuerRef, tlsStateOf, type TlsState } from '../../constructs/model/tls';
import {
  type AliasFinding,
  certificateFindings,
  kafkaFindings,
  petSetFindings,
  podFindings,
  rotationFindings,
  secretFindings,
  unknownPodFindings,
  wantedCertificate,
  type World,
} from './checks';
import { issuingSteps, leftOverSteps } from './issuing';
import type { Finding, Obstacle, Operation, Plan, Step } from './nouns';
import type { Observation, PodFacts } from './observation';
import { obstacleOf } from './obstacles';
import { reissues } from './reissue';
import { annotationOf, type AttemptRules, isNative, isOurs, nextAttempt, unfinished } from './requests';
import { restartOrder } from './restart';
import { type Cut, cutOf, missingAcknowledgement } from './trust';

export interface PlanOptions {
  /** Take the Kafka over from another KafkaTls. */
  readonly takeOver?: boolean;
  /** Whatever failed before does not count. */
  readonly retry?: boolean;
}

/** All findings, by layer, and what follows from them for every executor. */
interface Comparison {
  readonly kafka: readonly Finding[];
  readonly certificates: readonly AliasFinding[];
  readonly secrets: readonly AliasFinding[];
  readonly rotation: readonly AliasFinding[];
  readonly petSets: readonly Finding[];
  readonly pods: readonly Finding[];
  readonly unknown: readonly Finding[];
  readonly reissued: ReadonlySet<Alias>;
  readonly cut: Cut | undefined;
}

/** Returns what has to be done so that the live state becomes the desired one. */
export function plan(bundle: Bundle, live: Observation, now: Date, options: PlanOptions = {}): Plan {
  const world: World = { bundle, live, now };
  const obstacle = obstacleOf(world, { takeOver: options.takeOver === true });
  const draft = obstacle === undefined ? draftPlan(world, options) : { operation: 'none' as const, steps: [], obstacle };
  return {
    subject: ref(KINDS.Kafka, live.namespace, live.name),
    executor: bundle.desired.executor,
    summary: summaryOf(live, bundle.tls),
    notes: [],
    ...draft,
  };
}

type Draft = Pick<Plan, 'operation' | 'steps'> & Partial<Pick<Plan, 'cutover' | 'notes' | 'obstacle'>>;

function draftPlan(world: World, options: PlanOptions): Draft {
  const { live } = world;
  if (live.kafka === undefined) return createKafka(world);
  if (wasNeverStarted(live)) return configureKafka(world);
  const found = compare(world);
  const missing = missingAcknowledgement(found.cut, world);
  if (missing !== undefined) return { operation: operationOf(world, found), steps: [], obstacle: missing };
  return world.bundle.desired.executor === 'native' ? planNative(world, found, options) : planOpsRequests(world, found, options);
}

function compare(world: World): Comparison {
  const certificates = certificateFindings(world);
  const secrets = secretFindings(world);
  const rotation = rotationFindings(world);
  const reissued = reissues(world, [...certificates, ...secrets, ...rotation]);
  return {
    kafka: kafkaFindings(world),
    certificates,
    secrets,
    rotation,
    petSets: petSetFindings(world),
    pods: podFindings(world),
    unknown: unknownPodFindings(world),
    reissued,
    cut: cutOf(world, reissued),
  };
}

function wasNeverStarted({ kafka, pods }: Observation): boolean {
  return kafka !== undefined && pods.length === 0 && !hasTrueCondition(kafka, 'Provisioned');
}

function summaryOf(live: Observation, wants: TlsState): string {
  const words = (state: TlsState) => (state === 'off' ? 'off' : `on (issuer ${formatIssuerRef(state.issuerRef)})`);
  const has = live.kafka === undefined ? 'no Kafka' : words(tlsStateOf(live.kafka.spec));
  return has === words(wants) ? `TLS: ${has}` : `TLS: ${has} -> ${words(wants)}`;
}

// A Kafka that has no pods yet: no operation, no restart

function createKafka(world: World): Draft {
  const { bundle, live } = world;
  const manifest = bundle.kafka as KubeObject; // `kafkaIsMissing` is an obstacle unless the Kafka is declared
  const subject = refOf(manifest);
  const findings: readonly Finding[] = [{ subject, reason: 'KafkaMissing', message: 'missing' }];
  return {
    operation: 'create',
    steps: [
      ...issuingSteps(world),
      ...issueBeforeKafka(world),
      { kind: 'create', subject, findings, manifest },
      { kind: 'awaitReady', subject, findings },
      { kind: 'verify', subject, findings },
    ],
    notes: live.pods.length > 0 ? ['Pods of an earlier Kafka of this name exist.'] : [],
  };
}

function configureKafka(world: World): Draft {
  const subject = ref(KINDS.Kafka, world.live.namespace, world.live.name);
  const findings = kafkaFindings(world);
  const waiting: Finding = { subject, reason: 'KafkaNotProvisioned', message: 'was never provisioned' };
  return {
    operation: findings.length > 0 ? 'configure' : 'create',
    steps: [
      ...ownStep(world),
      ...issuingSteps(world),
      ...issueBeforeKafka(world),
      ...(findings.length > 0 ? [{ kind: 'configure' as const, subject, findings }] : []),
      { kind: 'awaitReady', subject, findings: [waiting] },
      { kind: 'verify', subject, findings: [waiting] },
    ],
  };
}

/** Without an ops-manager nobody else writes the certificates that the first pods mount. */
function issueBeforeKafka(world: World): readonly Step[] {
  if (world.bundle.desired.executor !== 'native') return [];
  const findings = [...certificateFindings(world), ...secretFindings(world)];
  return findings.length === 0 ? [] : [issueStep(world, findings, [], false)];
}

// native: every write is ours

function planNative(world: World, found: Comparison, options: PlanOptions): Draft {
  const { live, bundle } = world;
  const subject = ref(KINDS.Kafka, live.namespace, live.name);
  const toIssue: readonly AliasFinding[] = [...found.certificates, ...found.secrets, ...found.rotation];
  const toConfigure = [...found.kafka, ...found.petSets];
  const pods = podsToRestart(world, found);
  const isContinuing = unfinished(live.requests).some((r) => isOurs(r, bundle.desired.owner) && isNative(r));
  const operation = operationOf(world, found);
  const needsRequest = toIssue.length > 0 || toConfigure.length > 0 || pods.length > 0 || isContinuing;
  if (!needsRequest) return finishing(world, found, subject);

  const submit = submitNative(world, found, operation, options);
  if ('obstacle' in submit) return { operation, steps: [], obstacle: submit.obstacle };
  const rotate = ALIASES.filter((a) => found.rotation.some((f) => f.alias === a) || needsTrigger(found, a));
  // A template that was written and not yet looked at by KubeDB has to pass before pods are made from it.
  const mustPass = toConfigure.length > 0 || (submit.isContinued && found.pods.some((f) => f.reason === 'PodHasOldRevision'));
  const because = [...toIssue, ...toConfigure, ...found.pods];
  return {
    operation,
    steps: [
      ...ownStep(world),
      ...issuingSteps(world),
      submit,
      { kind: 'pause', subject, findings: [] },
      ...(toIssue.length > 0 ? [issueStep(world, toIssue, rotate, found.cut?.kind === 'trust')] : []),
      ...(toConfigure.length > 0 ? [{ kind: 'reconfigure' as const, subject, findings: toConfigure }] : []),
      ...(mustPass ? [{ kind: 'provisionerPass' as const, subject, findings: [] }] : []),
      ...evictSteps(pods, found, 'kafka-tls', because),
      { kind: 'verify', subject, findings: [], request: submit.subject.name },
      { kind: 'resume', subject, findings: [] },
      ...leftOverSteps(world),
    ],
    ...cutoverOf(world, found, pods),
    notes: notesOf(world, found, pods),
  };
}

/** An alias that is issued anew only on demand: its Certificate is as wanted, its Secret is not. */
function needsTrigger(found: Comparison, alias: Alias): boolean {
  const reasons = ['KeyEncodingDiffers', 'SecretFromOtherIssuer', 'SecretLacksNames', 'SecretIncomplete'];
  return found.secrets.some((f) => f.alias === alias && reasons.includes(f.reason)) && found.reissued.has(alias);
}

type SubmitStep = Extract<Step, { kind: 'submitOpsRequest' }>;

function submitNative(world: World, found: Comparison, operation: Operation, options: PlanOptions): SubmitStep | { obstacle: Obstacle } {
  const { live, bundle } = world;
  const candidate = candidateOf(world, found);
  const mine = unfinished(live.requests).find((r) => isOurs(r, bundle.desired.owner) && isNative(r));
  const findings = [...found.kafka, ...found.certificates, ...found.secrets, ...found.petSets, ...found.rotation];
  if (mine !== undefined && isStillWanted(mine, world, candidate)) {
    const unfinishedFinding: Finding = { subject: refOf(mine), reason: 'RequestUnfinished', message: 'was begun and is not finished' };
    return { kind: 'submitOpsRequest', subject: refOf(mine), findings: [unfinishedFinding], manifest: mine, operation, isContinued: true };
  }
  const submit = submitStep(world, candidate, operation, findings.length > 0 ? findings : found.pods, options);
  return mine === undefined || 'obstacle' in submit ? submit : { ...submit, supersedes: mine.metadata.name };
}

/** A request is gone on with if what is left to do is what it asks for: its own content, or only the restarts at its end. */
function isStillWanted(mine: KubeObject, { bundle }: World, candidate: Candidate): boolean {
  if (mine.spec?.type === 'ReconfigureTLS' && mine.spec?.tls?.rotateCertificates !== true) {
    return mine.metadata.name.startsWith(bundle.converge.metadata.name);
  }
  if (mine.spec?.tls?.rotateCertificates === true) return candidate.kind !== 'converge';
  return candidate.kind === 'restart';
}

/** Nothing has to change; what remains is to end, mark or clean up what earlier runs left. */
function finishing(world: World, found: Comparison, subject: ObjectRef): Draft {
  const { live } = world;
  const paused = live.kafka === undefined ? undefined : conditionOf(live.kafka, 'Paused');
  const isOurPause = paused?.status === 'True' && paused.reason === PAUSE_REASON;
  const resume: readonly Step[] = isOurPause
    ? [{ kind: 'resume', subject, findings: [{ subject, reason: 'KafkaPaused', message: 'still paused by an earlier run' }] }]
    : [];
  const steps = [...ownStep(world), ...issuingSteps(world), ...supersedeSteps(world), ...resume, ...verifyStep(world, found, subject), ...leftOverSteps(world)];
  return { operation: steps.length === 0 ? 'none' : 'tidy', steps, notes: notesOf(world, found, []) };
}

/** Requests that an earlier `native` run left and that nobody will ever carry out. */
function supersedeSteps({ bundle, live }: World): readonly Step[] {
  if (bundle.desired.executor === 'native') return [];
  return unfinished(live.requests)
    .filter((r) => isOurs(r, bundle.desired.owner) && isNative(r))
    .map((r) => ({
      kind: 'supersede' as const,
      subject: refOf(r),
      findings: [{ subject: refOf(r), reason: 'RequestUnfinished' as const, message: 'was begun by the native executor' }],
    }));
}

/** Pods that could not be looked at, and a Successful request whose effect was not confirmed yet, ask for a verification. */
function verifyStep({ bundle, live }: World, found: Comparison, subject: ObjectRef): readonly Step[] {
  const last = live.requests.filter((r) => isOurs(r, bundle.desired.owner)).at(-1);
  const isUnmarked = last?.status?.phase === 'Successful' && annotationOf(last, REQUEST.verified) === undefined;
  if (found.unknown.length === 0 && !isUnmarked) return [];
  return [{ kind: 'verify', subject, findings: found.unknown, ...(isUnmarked ? { request: last.metadata.name } : {}) }];
}

// ops-request: KubeDB's ops-manager does it

function planOpsRequests(world: World, found: Comparison, options: PlanOptions): Draft {
  const { live, bundle } = world;
  const subject = ref(KINDS.Kafka, live.namespace, live.name);
  const running = unfinished(live.requests).find((r) => isOurs(r, bundle.desired.owner) && !isNative(r));
  if (running !== undefined) return follow(world, found, running, subject);

  const operation = operationOf(world, found);
  const wantsConverge = found.kafka.length + found.certificates.length + found.secrets.filter((f) => f.reason !== 'KeyEncodingDiffers').length + found.petSets.length > 0;
  const toRotate: readonly AliasFinding[] = [...found.rotation, ...found.secrets.filter((f) => f.reason === 'KeyEncodingDiffers')];
  const isRotatedAnyway = wantsConverge && toRotate.every((f) => found.reissued.has(f.alias) && found.certificates.some((c) => c.alias === f.alias));
  const wanted: Candidate[] = [
    ...(wantsConverge ? [convergeCandidate(world)] : []),
    ...(toRotate.length > 0 && !isRotatedAnyway ? [rotateCandidate(world)] : []),
  ];
  if (wanted.length === 0 && found.pods.length > 0) wanted.push(restartCandidate(world));
  if (wanted.length === 0) return finishing(world, found, subject);

  const steps: Step[] = [...ownStep(world), ...issuingSteps(world), ...supersedeSteps(world)];
  const all = placed(live.pods, live);
  for (const candidate of wanted) {
    const findings = candidate.kind === 'converge' ? [...found.kafka, ...found.certificates, ...found.secrets, ...found.petSets] : candidate.kind === 'rotate' ? toRotate : found.pods;
    const submit = submitStep(world, candidate, candidate.kind === 'converge' ? operation : candidate.kind, findings, options);
    if ('obstacle' in submit) return { operation, steps: [], obstacle: submit.obstacle };
    steps.push(submit, ...evictSteps(all, found, 'ops-manager', findings), { kind: 'verify', subject, findings: [], request: submit.subject.name });
  }
  return {
    operation,
    steps: [...steps, ...leftOverSteps(world)],
    ...cutoverOf(world, found, all),
    notes: notesOf(world, found, all),
  };
}

/** A request of ours is under way: it is followed to its end, whatever the desired state has become; then everything is planned anew. */
function follow(world: World, found: Comparison, running: KubeObject, subject: ObjectRef): Draft {
  const findings: readonly Finding[] = [{ subject: refOf(running), reason: 'RequestUnfinished', message: 'was begun and is not finished' }];
  const done = new Set<string>(
    (running.status?.conditions ?? [])
      .filter((c: { type: string; status: string }) => c.type.startsWith('CheckPodRunning--') && c.status === 'True')
      .map((c: { type: string }) => c.type.slice('CheckPodRunning--'.length)),
  );
  const pods = placed(world.live.pods.filter((p) => !done.has(p.name)), world.live);
  return {
    operation: running.spec?.type === 'Restart' ? 'restart' : operationOf(world, found),
    steps: [
      { kind: 'submitOpsRequest', subject: refOf(running), findings, manifest: running, operation: 'none', isContinued: true },
      ...evictSteps(pods, found, 'ops-manager', findings),
      { kind: 'verify', subject, findings: [], request: running.metadata.name },
    ],
    ...cutoverOf(world, found, pods),
    notes: notesOf(world, found, pods),
  };
}

// What both share

interface Candidate {
  readonly kind: 'converge' | 'rotate' | 'restart';
  readonly base: string;
  readonly manifest: KubeObject;
}

function candidateOf(world: World, found: Comparison): Candidate {
  const converges = found.kafka.length + found.certificates.length + found.petSets.length > 0;
  const others = found.secrets.some((f) => f.reason !== 'KeyEncodingDiffers');
  if (converges || others) return convergeCandidate(world);
  return found.rotation.length > 0 || found.secrets.length > 0 ? rotateCandidate(world) : restartCandidate(world);
}

function convergeCandidate({ bundle }: World): Candidate {
  return { kind: 'converge', base: bundle.converge.metadata.name, manifest: bundle.converge };
}

function rotateCandidate(world: World): Candidate {
  const { bundle, live } = world;
  return { kind: 'rotate', base: rotateRequestName(live.name, leafFingerprint(world)), manifest: bundle.rotate ?? bundle.converge };
}

function restartCandidate(world: World): Candidate {
  const { bundle, live } = world;
  return { kind: 'restart', base: restartRequestName(live.name, leafFingerprint(world)), manifest: bundle.restart };
}

/** Names the leaf certificates that are in the Secrets now. */
function leafFingerprint({ bundle, live }: World): string {
  if (bundle.tls === 'off') return 'plain';
  const tls = bundle.tls;
  const leaves = ALIASES.map((alias) => live.secrets.find((s) => s.name === certificateOf(live.name, tls, alias).secretName)?.leaf?.fingerprint ?? '');
  return contentHash(leaves);
}

function submitStep(world: World, candidate: Candidate, operation: Operation, findings: readonly Finding[], options: PlanOptions): SubmitStep | { obstacle: Obstacle } {
  const { bundle, live } = world;
  const rules: AttemptRules = {
    requests: live.requests,
    owner: bundle.desired.owner,
    namespace: live.namespace,
    kafkaGeneration: live.kafka?.metadata.generation,
    retries: bundle.desired.retries,
    retry: options.retry === true,
  };
  const missing = findings.map((f) => `${formatRef(f.subject)}: ${f.message}`).join('; ');
  const next = nextAttempt(candidate.base, missing, rules);
  if (next.kind === 'stop') return { obstacle: next.obstacle };
  const name = next.kind === 'create' ? next.name : next.request.metadata.name;
  const manifest = next.kind === 'create' ? requestManifest(world, candidate, name) : next.request;
  return { kind: 'submitOpsRequest', subject: refOf(manifest), findings, manifest, operation, isContinued: next.kind === 'continue' };
}

function requestManifest({ bundle, live }: World, candidate: Candidate, name: string): KubeObject {
  const { metadata } = candidate.manifest;
  const isChange = candidate.kind === 'converge';
  return {
    ...candidate.manifest,
    metadata: {
      ...metadata,
      name,
      namespace: live.namespace,
      labels: { ...metadata.labels, [LABEL_KAFKA]: live.name },
      annotations: {
        ...metadata.annotations,
        [ANNOTATION_OWNER]: bundle.desired.owner,
        [REQUEST.executor]: bundle.desired.executor,
        ...(isChange ? { [REQUEST.from]: JSON.stringify(tlsStateOf(live.kafka?.spec)) } : {}),
      },
      // Argo CD then shows the request under its Kafka, and it lives as long as that.
      ownerReferences: [
        { apiVersion: KINDS.Kafka.apiVersion, kind: KINDS.Kafka.kind, name: live.name, uid: live.kafka?.metadata.uid ?? '', controller: false, blockOwnerDeletion: false },
      ],
    },
  };
}

function ownStep({ bundle, live }: World): readonly Step[] {
  const has = live.kafka?.metadata.annotations?.[ANNOTATION_OWNER];
  if (has === bundle.desired.owner) return [];
  const subject = ref(KINDS.Kafka, live.namespace, live.name);
  const finding: Finding =
    has === undefined
      ? { subject, reason: 'OwnerMissing', message: 'belongs to no KafkaTls yet' }
      : { subject, reason: 'OwnerChanges', message: `belongs to ${has}, which gives it up` };
  return [{ kind: 'own', subject, findings: [finding], owner: bundle.desired.owner }];
}

function issueStep(world: World, findings: readonly AliasFinding[], rotate: readonly Alias[], isTrustCut: boolean): Step {
  const aliases = ALIASES.filter((alias) => findings.some((f) => f.alias === alias));
  const manifests = aliases.map((alias) => wantedCertificate(world, alias));
  const subject = ref(KINDS.Certificate, world.live.namespace, defaultSecretName(world.live.name, aliases[0] ?? 'server'));
  return { kind: 'issue', subject, findings, manifests, rotate: rotate.filter((a) => aliases.includes(a)), isTrustCut };
}

/** All pods, if what they mount changes; else those that do not serve what they should. */
function podsToRestart({ live, bundle }: World, found: Comparison): readonly Placed[] {
  const isEverybody = found.reissued.has('server') || found.petSets.length > 0 || (found.kafka.length > 0 && tlsStateOf(live.kafka?.spec) === 'off') || (bundle.tls === 'off' && found.kafka.length > 0);
  const stale = new Set(found.pods.map((f) => f.subject.name));
  return placed(live.pods.filter((p) => !p.isTerminating && (isEverybody || stale.has(p.name))), live);
}

type Placed = ReturnType<typeof restartOrder<PodFacts>>[number];

function placed(pods: readonly PodFacts[], live: Observation): readonly Placed[] {
  return restartOrder(pods, 'value' in live.facts ? live.facts.value.quorum.leaderId : undefined);
}

function evictSteps(pods: readonly Placed[], found: Comparison, by: 'kafka-tls' | 'ops-manager', because: readonly Finding[]): readonly Step[] {
  return pods.map(({ pod, place }, i) => {
    const own = found.pods.find((f) => f.subject.name === pod.name);
    const subject = ref(KINDS.Pod, found.kafka[0]?.subject.namespace ?? because[0]?.subject.namespace, pod.name);
    const reason = own ?? { subject, reason: 'PodHasOldCertificate' as const, message: whyRestart(because) };
    return { kind: 'evict', subject, findings: [reason], role: pod.role, position: i + 1, of: pods.length, place: by === 'ops-manager' ? `${pod.role}, KubeDB's order` : place, by };
  });
}

function whyRestart(because: readonly Finding[]): string {
  const has = (reason: Finding['reason']) => because.some((f) => f.reason === reason);
  if (has('TlsDisabled')) return 'TLS is turned on';
  if (has('TlsEnabled')) return 'TLS is turned off';
  if (has('RequestUnfinished')) return 'the operation is under way';
  return has('TemplateDiffers') ? 'its template changes' : 'its certificate changes';
}

function operationOf({ bundle, live }: World, found: Comparison): Operation {
  const has = tlsStateOf(live.kafka?.spec);
  if (found.kafka.length > 0) return has === 'off' ? 'add' : bundle.tls === 'off' ? 'remove' : 'update';
  if (found.certificates.length + found.petSets.length > 0) return 'update';
  if (found.secrets.length + found.rotation.length > 0) return 'rotate';
  return found.pods.length > 0 ? 'restart' : 'none';
}

function cutoverOf({ bundle }: World, { cut }: Comparison, pods: readonly unknown[]): Pick<Plan, 'cutover'> {
  if (cut === undefined || pods.length === 0) return {};
  // KubeDB knows no other way than one pod after the other.
  const mode = bundle.desired.executor === 'native' ? bundle.desired.cutover : 'rolling';
  return { cutover: { mode, because: cut.because } };
}

function notesOf({ bundle, live }: World, found: Comparison, pods: readonly Placed[]): readonly string[] {
  const { executor } = bundle.desired;
  const notes: string[] = [];
  if (pods.length > 0 && executor === 'ops-request') notes.push("The order is KubeDB's; it is not gated between pods.");
  if (pods.length > 0 && executor === 'native' && 'unknown' in live.facts) notes.push(`Gates rest on pod readiness alone: ${live.facts.unknown}.`);
  if (found.cut?.kind === 'protocol' && pods.length > 0) notes.push('Cut-over: restarted and not yet restarted nodes cannot talk; clients must switch protocol.');
  if (found.cut?.kind === 'trust' && pods.length > 0) notes.push('Trust cut: restarted and not yet restarted nodes refuse each other; clients must trust the new root.');
  notes.push(...foreignDifferences(bundle, live), ...rotationIsPending(bundle, live));
  return notes;
}

/** Fields of a declared Kafka that are not TLS are other operations: reported, never applied. */
function foreignDifferences({ kafka }: Bundle, live: Observation): readonly string[] {
  if (kafka === undefined || live.kafka === undefined) return [];
  const fields = Object.keys(kafka.spec ?? {}).filter((f) => f !== 'tls' && f !== 'enableSSL' && !containsAll(live.kafka?.spec?.[f], kafka.spec[f]));
  return fields.length === 0 ? [] : [`Not TLS, left alone: spec.${fields.join(', spec.')} of the Kafka differ${fields.length === 1 ? 's' : ''} from what is declared.`];
}

function containsAll(has: unknown, declared: unknown): boolean {
  if (typeof declared !== 'object' || declared === null || Array.isArray(declared)) return isEqual(has, declared);
  return Object.entries(declared).every(([key, value]) => containsAll((has as Record<string, unknown> | undefined)?.[key], value));
}

function rotationIsPending({ desired }: Bundle, live: Observation): readonly string[] {
  const { issuedAfter } = desired;
  return issuedAfter !== undefined && Date.parse(issuedAfter) > Date.parse(live.observedAt) ? [`A rotation is pending: issuedAfter is ${issuedAfter}.`] : [];
}
