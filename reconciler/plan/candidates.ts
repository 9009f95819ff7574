/**
 * Requests that a plan may submit. The bundle holds them as candidates; which attempt of which it will be is decided here, by the live
 * state. Rotation and restart are named by the leaf certificates concerned: asked for again for the same leaves, it is the same request.
 */
import { contentHash } from '#model/content-hash';
import { formatRef, isSameRef, KINDS, type KubeObject, refOf } from '#model/kube-object';
import { ANNOTATION_OWNER, isAttemptOf, LABEL_KAFKA, REQUEST, restartRequestName, rotateRequestName } from '#model/names';
import { ALIASES, certificateOf, formatIssuerRef, issuerOf, type TlsState, tlsStateOf } from '#model/tls';
import { isSameTls } from '#model/tls-effect';
import { issuanceFailure } from '../model/object-status';
import type { Observation } from '../model/observation';
import type { Finding, Obstacle, Operation, SubmitOpsRequestStep } from '../model/plan';
import { rotationDue } from './checks/secrets';
import { convergingFindings, type Diff } from './diff';
import { aliasViews, type PlanInput } from './plan-input';
import { annotationOf, isOurs, lastConverging, nextAttempt, stateBefore } from './requests';

export interface RequestCandidate {
  readonly kind: 'converge' | 'rotate' | 'restart';
  /** Name of the first attempt. */
  readonly base: string;
  readonly manifest: KubeObject;
  /** Why it is wanted. */
  readonly findings: readonly Finding[];
}

/** Returns the requests that the live state asks for, in order. A rotation is left out where converging replaces the same leaves. */
export function wantedCandidates(input: PlanInput, diff: Diff): readonly RequestCandidate[] {
  const { bundle, live } = input;
  const wanted: RequestCandidate[] = [];
  const converging = convergingFindings(diff);
  if (converging.length > 0) {
    wanted.push({ kind: 'converge', base: bundle.converge.metadata.name, manifest: bundle.converge, findings: converging });
  }
  const toRotate = diff.rotation.filter((f) => !diff.replaced.has(f.alias));
  if (toRotate.length > 0 && bundle.rotate !== undefined) {
    wanted.push({
      kind: 'rotate',
      base: rotateRequestName(live.name, leafFingerprint(input)),
      manifest: bundle.rotate,
      findings: toRotate,
    });
  }
  if (wanted.length === 0 && diff.pods.length > 0) {
    wanted.push({
      kind: 'restart',
      base: restartRequestName(live.name, leafFingerprint(input)),
      manifest: bundle.restart,
      findings: diff.pods,
    });
  }
  return wanted;
}

/** Names the leaf certificates that are in the Secrets now. */
function leafFingerprint({ bundle, live }: PlanInput): string {
  const { tls } = bundle;
  if (tls === 'off') return 'plain';
  return contentHash(
    ALIASES.map((alias) => live.secrets.find((s) => s.name === certificateOf(live.name, tls, alias).secretName)?.leaf?.fingerprint ?? ''),
  );
}

/** Returns the step that submits the next attempt of a candidate, or why there may be none. */
export function submitStep(
  input: PlanInput,
  candidate: RequestCandidate,
  operation: Operation,
  retry: boolean,
): SubmitOpsRequestStep | { readonly obstacle: Obstacle } {
  const { bundle, live } = input;
  const inVain = candidate.kind === 'rotate' && !retry ? rotationIneffective(input, candidate) : undefined;
  if (inVain !== undefined) return { obstacle: inVain };
  const next = nextAttempt(candidate.base, candidate.findings.map((f) => `${formatRef(f.subject)}: ${f.message}`).join('; '), {
    requests: live.requests,
    owner: bundle.desired.owner,
    namespace: live.namespace,
    kafkaGeneration: live.kafka?.metadata.generation,
    retries: bundle.desired.retries,
    retry,
  });
  if (next.kind === 'stop') return { obstacle: withIssuanceFailures(next.obstacle, live) };
  if (next.kind === 'continue') return continueStep(next.request, operation);
  const manifest = requestManifest(input, candidate, next.name);
  return { kind: 'submitOpsRequest', subject: refOf(manifest), findings: candidate.findings, manifest, operation, isContinued: false };
}

/** A request that waited for certificates knows only that they did not come. */
function withIssuanceFailures(obstacle: Obstacle, live: Observation): Obstacle {
  const failures = live.certificates.flatMap((c) => {
    const failure = issuanceFailure(c);
    return failure === undefined ? [] : [`${formatRef(refOf(c))}: ${failure}`];
  });
  return failures.length === 0 ? obstacle : { ...obstacle, message: [obstacle.message, ...failures].join('; ') };
}

/** Returns the step that goes on with a request of ours. */
export function continueStep(request: KubeObject, operation: Operation): SubmitOpsRequestStep {
  const subject = refOf(request);
  const findings: readonly Finding[] = [{ subject, reason: 'RequestUnfinished', message: 'was begun and is not finished' }];
  return { kind: 'submitOpsRequest', subject, findings, manifest: request, operation, isContinued: true };
}

/**
 * Returns what a converging request reverses. When the Kafka's spec is as desired already, an earlier attempt wrote it and came to no end:
 * what that one found counts. Else only other layers are repaired, and nothing is reversed by asking for the same again.
 */
function reversedBy({ bundle, live }: PlanInput, base: string): TlsState | undefined {
  const has = tlsStateOf(live.kafka?.spec);
  if (!isSameTls(live.name, has, bundle.tls)) return has;
  const last = lastConverging(live.requests, bundle.desired.owner);
  const isUnended = last !== undefined && isAttemptOf(last.metadata.name, base) && annotationOf(last, REQUEST.verified) === undefined;
  return isUnended ? stateBefore(last) : undefined;
}

/**
 * A rotation that issued new leaves which are too old, or too close to their expiry, as they come: their issuer backdates them, and no
 * rotation ever makes them younger. One that issued nothing is without effect, which is another matter.
 */
function rotationIneffective(input: PlanInput, { base, findings }: RequestCandidate): Obstacle | undefined {
  const { bundle, live } = input;
  const { owner } = bundle.desired;
  const isDone = (r: KubeObject) => r.spec?.tls?.rotateCertificates === true && r.status?.phase === 'Successful' && isOurs(r, owner);
  const last = live.requests.filter(isDone).at(-1);
  const askedAt = Date.parse(last?.metadata.creationTimestamp ?? '');
  if (last === undefined || isAttemptOf(last.metadata.name, base)) return undefined;
  if (!findings.every((f) => (dueSince(f, input) ?? Number.POSITIVE_INFINITY) <= askedAt)) return undefined;
  const { tls } = bundle;
  const issuers = tls === 'off' ? [] : [...new Set(ALIASES.map((alias) => formatIssuerRef(issuerOf(tls, alias))))];
  return {
    kind: 'failed',
    subject: refOf(last),
    message: `was Successful, and certificates are too old as they come from ${issuers.join(' and ')}: ${findings.map((f) => f.message).join('; ')}`,
    hint: 'The issuer backdates them: choose an earlier issuedAfter or a shorter beforeExpiry, or have the issuer mended and run "kafka-tls apply --retry".',
  };
}

/** Returns the instant from which the leaf that a finding is about had to be replaced for its age; undefined for any other reason. */
function dueSince({ reason, subject }: Finding, input: PlanInput): number | undefined {
  const { issuedAfter, beforeExpiry } = input.bundle.desired;
  const leaf = aliasViews(input).find((view) => isSameRef(view.subject, subject))?.secret?.leaf;
  if (reason === 'CertificateTooOld' && issuedAfter !== undefined) return Date.parse(issuedAfter);
  return reason === 'CertificateExpiring' && leaf !== undefined ? rotationDue(leaf, beforeExpiry) : undefined;
}

function requestManifest(input: PlanInput, { kind, manifest, base }: RequestCandidate, name: string): KubeObject {
  const { bundle, live } = input;
  const { metadata } = manifest;
  const from = kind === 'converge' ? reversedBy(input, base) : undefined;
  return {
    ...manifest,
    metadata: {
      ...metadata,
      name,
      namespace: live.namespace,
      labels: { ...metadata.labels, [LABEL_KAFKA]: live.name },
      annotations: {
        ...metadata.annotations,
        [ANNOTATION_OWNER]: bundle.desired.owner,
        [REQUEST.executor]: bundle.desired.executor,
        ...(from === undefined ? {} : { [REQUEST.from]: JSON.stringify(from) }),
      },
      // Argo CD then shows the request under its Kafka, and it lives as long as that.
      ownerReferences: [
        { apiVersion: KINDS.Kafka.apiVersion, kind: KINDS.Kafka.kind, name: live.name, uid: live.kafka?.metadata.uid ?? '' },
      ],
    },
  };
}
