/**
 * Requests that a plan may submit. The bundle holds them as candidates; which attempt of which it will be is decided here, by the live
 * state. Rotation and restart are named by the leaf certificates concerned: asked for again for the same leaves, it is the same request.
 */
import { contentHash, formatRef, KINDS, type KubeObject, refOf } from '../../constructs/model/kube-object';
import { ANNOTATION_OWNER, LABEL_KAFKA, REQUEST, restartRequestName, rotateRequestName } from '../../constructs/model/names';
import { ALIASES, certificateOf, tlsStateOf } from '../../constructs/model/tls';
import type { World } from './checks/world';
import { type Comparison, convergingFindings } from './comparison';
import type { Finding, Obstacle, Operation, SubmitOpsRequestStep } from './nouns';
import { nextAttempt } from './requests';

export interface Candidate {
  readonly kind: 'converge' | 'rotate' | 'restart';
  /** Name of the first attempt. */
  readonly base: string;
  readonly manifest: KubeObject;
  /** Why it is wanted. */
  readonly findings: readonly Finding[];
}

/** Returns the requests that the live state asks for, in order. A rotation is left out where converging replaces the same leaves. */
export function wantedCandidates(world: World, found: Comparison): readonly Candidate[] {
  const { bundle, live } = world;
  const wanted: Candidate[] = [];
  const converging = convergingFindings(found);
  if (converging.length > 0) {
    wanted.push({ kind: 'converge', base: bundle.converge.metadata.name, manifest: bundle.converge, findings: converging });
  }
  const replaced = new Set([...found.certificates, ...found.secrets].map((f) => f.alias).filter((alias) => found.reissued.has(alias)));
  const toRotate = found.rotation.filter((f) => !replaced.has(f.alias));
  if (toRotate.length > 0 && bundle.rotate !== undefined) {
    wanted.push({
      kind: 'rotate',
      base: rotateRequestName(live.name, leafFingerprint(world)),
      manifest: bundle.rotate,
      findings: toRotate,
    });
  }
  if (wanted.length === 0 && found.pods.length > 0) {
    wanted.push({
      kind: 'restart',
      base: restartRequestName(live.name, leafFingerprint(world)),
      manifest: bundle.restart,
      findings: found.pods,
    });
  }
  return wanted;
}

/** Names the leaf certificates that are in the Secrets now. */
function leafFingerprint({ bundle, live }: World): string {
  const { tls } = bundle;
  if (tls === 'off') return 'plain';
  return contentHash(
    ALIASES.map((alias) => live.secrets.find((s) => s.name === certificateOf(live.name, tls, alias).secretName)?.leaf?.fingerprint ?? ''),
  );
}

/** Returns the step that submits the next attempt of a candidate, or why there may be none. */
export function submitStep(
  world: World,
  candidate: Candidate,
  operation: Operation,
  retry: boolean,
): SubmitOpsRequestStep | { readonly obstacle: Obstacle } {
  const { bundle, live } = world;
  const next = nextAttempt(candidate.base, candidate.findings.map((f) => `${formatRef(f.subject)}: ${f.message}`).join('; '), {
    requests: live.requests,
    owner: bundle.desired.owner,
    namespace: live.namespace,
    kafkaGeneration: live.kafka?.metadata.generation,
    retries: bundle.desired.retries,
    retry,
  });
  if (next.kind === 'stop') return { obstacle: next.obstacle };
  if (next.kind === 'continue') return continueStep(next.request, operation);
  const manifest = requestManifest(world, candidate, next.name);
  return { kind: 'submitOpsRequest', subject: refOf(manifest), findings: candidate.findings, manifest, operation, isContinued: false };
}

/** Returns the step that goes on with a request of ours. */
export function continueStep(request: KubeObject, operation: Operation): SubmitOpsRequestStep {
  const subject = refOf(request);
  const findings: readonly Finding[] = [{ subject, reason: 'RequestUnfinished', message: 'was begun and is not finished' }];
  return { kind: 'submitOpsRequest', subject, findings, manifest: request, operation, isContinued: true };
}

function requestManifest({ bundle, live }: World, { kind, manifest }: Candidate, name: string): KubeObject {
  const { metadata } = manifest;
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
        ...(kind === 'converge' ? { [REQUEST.from]: JSON.stringify(tlsStateOf(live.kafka?.spec)) } : {}),
      },
      // Argo CD then shows the request under its Kafka, and it lives as long as that.
      ownerReferences: [
        { apiVersion: KINDS.Kafka.apiVersion, kind: KINDS.Kafka.kind, name: live.name, uid: live.kafka?.metadata.uid ?? '' },
      ],
    },
  };
}
