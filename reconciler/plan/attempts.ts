/** The next attempt of a KafkaOpsRequest: create it under a new name, continue the unfinished one, or stop with a reason. */
import type { KafkaOpsRequest } from '#model/kinds/index';
import { formatRef, isSameRef, KINDS, type KubeObject, refOf } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import { ANNOTATION_OWNER, attemptName, isAttemptOf, LABEL_KAFKA, REQUEST } from '#model/names';
import { ALIASES, formatIssuerRef, issuerOf, type TlsState, tlsStateOf } from '#model/tls';
import { isSameTls } from '#model/tls-effect';
import { issuanceFailure } from '../model/object-status';
import type { Obstacle, Operation, StepOf } from '../model/plan';
import { rotationDue } from './checks/secrets';
import type { NeededRequest, RequestTemplate } from './operations';
import { aliasViews, type PlanInput } from './plan-input';
import { annotationOf, attemptsOf, failedAttempts, failureOf, isOurs, lastConverging, stateBefore } from './requests';

export type SubmitStep = StepOf<'submitOpsRequest'>;

/** How to continue when an operation has failed as often as the desired state allows. */
export const FIX_AND_RETRY = 'Fix the cause, then run "kafka-tls apply --retry".';

/** How to continue when an issuer issues certificates that are due at once. */
export const BACKDATED =
  'The issuer backdates them: choose an earlier issuedAfter or a shorter beforeExpiry, or fix the issuer and run "kafka-tls apply --retry".';

/** Returns the step that submits the next attempt of an operation, or why there must be none. */
export function submitStep(input: PlanInput, needed: NeededRequest, retry: boolean): SubmitStep | Obstacle {
  const { bundle, live } = input;
  const { base } = needed.request;
  const attempts = attemptsOf(base, live.requests, bundle.desired.owner);
  const last = attempts.at(-1);
  if (last !== undefined && !isFinishedRequest(last)) return continueStep(last, needed.operation);
  const refused = retry ? undefined : (rotationIneffective(input, needed) ?? refusal(input, needed, attempts));
  if (refused !== undefined) return refused;
  const taken = live.requests.filter((r) => isAttemptOf(r.metadata.name, base)).length;
  const manifest = requestManifest(input, needed.request, attemptName(base, taken + 1));
  const { operation, findings } = needed;
  return { kind: 'submitOpsRequest', subject: refOf(manifest), findings, manifest, operation, isContinued: false, pods: [] };
}

/** Returns the step that continues an unfinished request of ours. */
export function continueStep(request: KubeObject, operation: Operation): SubmitStep {
  const subject = refOf(request);
  const message = 'was begun and is not finished';
  const findings = [{ subject, reason: 'RequestUnfinished' as const, message }];
  return { kind: 'submitOpsRequest', subject, findings, manifest: request, operation, isContinued: true, pods: [] };
}

/** Returns why an operation must not be tried again after its finished attempts. */
function refusal(input: PlanInput, needed: NeededRequest, attempts: readonly KafkaOpsRequest[]): Obstacle | undefined {
  const last = attempts.at(-1);
  if (last === undefined) return undefined;
  switch (last.status?.phase) {
    case 'Denied': {
      const hint = 'It is not submitted again with the same content. Change the desired state, or run "kafka-tls apply --retry".';
      return { kind: 'blocked', subject: refOf(last), message: withIssuanceFailures('was denied', input), hint };
    }
    case 'Successful':
      return successWithoutEffect(input, needed, last);
    default:
      return tooManyFailures(input, attempts);
  }
}

function successWithoutEffect(input: PlanInput, { findings }: NeededRequest, last: KubeObject): Obstacle | undefined {
  if (annotationOf(last, REQUEST.verified) !== undefined) return undefined;
  const ineffectiveAt = annotationOf(last, REQUEST.ineffectiveAt);
  const { kafka, requests } = input.live;
  // Without a mark, the run that should have verified the request was killed. A newer request has changed the Kafka since.
  if (ineffectiveAt === undefined && requests.at(-1) !== last) return undefined;
  if (ineffectiveAt !== undefined && ineffectiveAt !== String(kafka?.metadata.generation)) return undefined;
  const missing = findings.map((f) => `${formatRef(f.subject)}: ${f.message}`).join('; ');
  return {
    kind: 'failed',
    subject: refOf(last),
    message: withIssuanceFailures(`was Successful without effect: ${missing}`, input),
    hint: 'It is not tried again until the Kafka changes. Look at the log of the ops-manager, or run "kafka-tls apply --retry".',
  };
}

function tooManyFailures(input: PlanInput, attempts: readonly KafkaOpsRequest[]): Obstacle | undefined {
  const failed = failedAttempts(attempts);
  const last = failed.at(-1);
  if (last === undefined || failed.length <= input.bundle.desired.retries) return undefined;
  const times = failed.length === 1 ? 'once' : `${failed.length} times`;
  const message = withIssuanceFailures(`failed ${times}: ${failureOf(last)}`, input);
  return { kind: 'failed', subject: refOf(last), message, hint: FIX_AND_RETRY };
}

/** A request that waited for certificates reports only that they were not issued. cert-manager reports why. */
function withIssuanceFailures(message: string, { live }: PlanInput): string {
  const failures = live.certificates.flatMap((c) => {
    const failure = issuanceFailure(c);
    return failure === undefined ? [] : [`${formatRef(refOf(c))}: ${failure}`];
  });
  return [message, ...failures].join('; ');
}

/**
 * Returns why another rotation would not help: the last one was Successful, and the certificates it issued are again too old or too close
 * to their expiry, because their issuer backdates them.
 */
function rotationIneffective(input: PlanInput, { operation, findings, request: { base } }: NeededRequest): Obstacle | undefined {
  if (operation !== 'rotate') return undefined;
  const { bundle, live } = input;
  const isDone = (r: KafkaOpsRequest) =>
    r.spec.tls?.rotateCertificates === true && r.status?.phase === 'Successful' && isOurs(r, bundle.desired.owner);
  const last = live.requests.filter(isDone).at(-1);
  const askedAt = Date.parse(last?.metadata.creationTimestamp ?? '');
  // A rotation that issued nothing has the same base: that is a success without effect.
  if (last === undefined || isAttemptOf(last.metadata.name, base)) return undefined;
  if (!findings.every((f) => (dueSince(f, input) ?? Number.POSITIVE_INFINITY) <= askedAt)) return undefined;
  const { tls } = bundle;
  const issuers = tls === 'off' ? [] : [...new Set(ALIASES.map((alias) => formatIssuerRef(issuerOf(tls, alias))))];
  return {
    kind: 'failed',
    subject: refOf(last),
    message: `was Successful, and ${issuers.join(' and ')} issues certificates that are already too old: ${findings.map((f) => f.message).join('; ')}`,
    hint: BACKDATED,
  };
}

/** Returns the instant from which the leaf of a finding had to be replaced for its age; undefined for any other reason. */
function dueSince({ reason, subject }: NeededRequest['findings'][number], input: PlanInput): number | undefined {
  const { issuedAfter, beforeExpiry } = input.bundle.desired;
  const leaf = aliasViews(input).find((view) => isSameRef(view.subject, subject))?.secret?.leaf;
  if (reason === 'CertificateTooOld' && issuedAfter !== undefined) return Date.parse(issuedAfter);
  return reason === 'CertificateExpiring' && leaf !== undefined ? rotationDue(leaf, beforeExpiry) : undefined;
}

function requestManifest(input: PlanInput, { manifest, base, changesTls }: RequestTemplate, name: string): KubeObject {
  const { bundle, live } = input;
  const { metadata } = manifest;
  const from = changesTls ? replacedState(input, base) : undefined;
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
      // Argo CD then shows the request below its Kafka, and Kubernetes deletes both together.
      ownerReferences: [
        { apiVersion: KINDS.Kafka.apiVersion, kind: KINDS.Kafka.kind, name: live.name, uid: live.kafka?.metadata.uid ?? '' },
      ],
    },
  };
}

/**
 * Returns the TLS state that a request replaces. If the Kafka's spec is as desired already, an unfinished earlier attempt wrote it, and the
 * state that this attempt replaced counts. Otherwise the request only repairs other layers and replaces nothing.
 */
function replacedState({ bundle, live }: PlanInput, base: string): TlsState | undefined {
  const has = tlsStateOf(live.kafka?.spec);
  if (!isSameTls(live.name, has, bundle.tls)) return has;
  const last = lastConverging(live.requests, bundle.desired.owner);
  const isUnended = last !== undefined && isAttemptOf(last.metadata.name, base) && annotationOf(last, REQUEST.verified) === undefined;
  return isUnended ? stateBefore(last) : undefined;
}
