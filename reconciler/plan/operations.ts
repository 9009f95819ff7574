/**
 * The operations, as a table: when each is needed, and how it is asked for. A new operation is a row here and the steps it needs.
 *
 * A Kafka without pods is created or configured directly. A Kafka with pods changes through a KafkaOpsRequest, whose steps the executor
 * drafts. Several operations can be needed at once, such as an update and a rotation; `restart` only if no other operation restarts pods.
 */

import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import { contentHash } from '#model/content-hash';
import { hasTrueCondition, type KubeObject, refOf } from '#model/kube-object';
import { restartRequestName, rotateRequestName } from '#model/names';
import { ALIASES, tlsStateOf } from '#model/tls';
import type { Draft, Finding, Operation, Step } from '../model/plan';
import { certificateFindings } from './checks/certificates';
import { kafkaFindings } from './checks/configuration';
import { secretFindings } from './checks/secrets';
import { convergingFindings, type Diff } from './diff';
import { issuerSteps, retrySteps } from './issuer-manifests';
import { certificateSecret, kafkaRef, type PlanInput } from './plan-input';
import { claimOwnershipSteps, issueSteps } from './steps';
import { firstTrustBundle } from './trust-bundle-steps';

/** How the KafkaOpsRequest of an operation is made. */
export interface RequestTemplate {
  readonly manifest: KubeObject;
  /** Name of the first attempt. Rotation and restart are named by the leaf certificates: the same leaves give the same request. */
  readonly base: string;
  /** The request writes the TLS state into the Kafka, so it records which state it replaces. */
  readonly changesTls: boolean;
}

interface OperationRow {
  readonly operation: Operation;
  /** Returns why the operation is needed; nothing when it is not. */
  readonly why: (input: PlanInput, diff: Diff) => readonly Finding[];
  /** How a Kafka with pods is changed. */
  readonly request?: (input: PlanInput) => RequestTemplate | undefined;
  /** How a Kafka without pods is changed. */
  readonly draft?: (input: PlanInput, findings: readonly Finding[]) => Draft;
}

const OPERATIONS: readonly OperationRow[] = [
  { operation: 'create', why: kafkaIsMissing, draft: draftCreate },
  { operation: 'configure', why: kafkaHasNoPods, draft: draftConfigure },
  { operation: 'add', why: tlsIsOff, request: converge },
  { operation: 'remove', why: tlsIsOn, request: converge },
  { operation: 'update', why: tlsDiffers, request: converge },
  { operation: 'rotate', why: leavesAreOld, request: rotate },
  { operation: 'restart', why: podsAreOutdated, request: restart },
];

/** An operation that the live state needs, and why. */
export interface NeededOperation {
  readonly operation: Operation;
  readonly findings: readonly Finding[];
}

/** An operation of a Kafka with pods. */
export interface NeededRequest extends NeededOperation {
  readonly request: RequestTemplate;
}

/** Returns the draft of the operation that a Kafka without pods needs, or undefined when there are pods. */
export function draftOfFirstPods(input: PlanInput, diff: Diff): Draft | undefined {
  for (const { draft, why } of OPERATIONS) {
    const findings = draft === undefined ? [] : why(input, diff);
    if (findings.length > 0) return draft?.(input, findings);
  }
  return undefined;
}

/** Returns the operations that a Kafka with pods needs, in the order in which they are carried out. */
export function neededOperations(input: PlanInput, diff: Diff): readonly NeededRequest[] {
  return OPERATIONS.flatMap(({ operation, why, request }) => {
    const findings = request === undefined ? [] : why(input, diff);
    const template = findings.length === 0 ? undefined : request?.(input);
    return template === undefined ? [] : [{ operation, findings, request: template }];
  });
}

function kafkaIsMissing({ bundle, live }: PlanInput): readonly Finding[] {
  if (live.kafka !== undefined || bundle.kafka === undefined) return [];
  return [{ subject: kafkaRef(live), reason: 'KafkaMissing', message: 'missing' }];
}

function kafkaHasNoPods({ live }: PlanInput): readonly Finding[] {
  if (live.kafka === undefined || live.pods.length > 0 || hasTrueCondition(live.kafka, 'Provisioned')) return [];
  return [{ subject: kafkaRef(live), reason: 'KafkaNotProvisioned', message: 'was never provisioned' }];
}

function tlsIsOff({ live }: PlanInput, diff: Diff): readonly Finding[] {
  return diff.kafka.length > 0 && tlsStateOf(live.kafka?.spec) === 'off' ? convergingFindings(diff) : [];
}

function tlsIsOn({ bundle, live }: PlanInput, diff: Diff): readonly Finding[] {
  return diff.kafka.length > 0 && tlsStateOf(live.kafka?.spec) !== 'off' && bundle.tls === 'off' ? convergingFindings(diff) : [];
}

function tlsDiffers(input: PlanInput, diff: Diff): readonly Finding[] {
  return tlsIsOff(input, diff).length + tlsIsOn(input, diff).length > 0 ? [] : convergingFindings(diff);
}

/** Where another operation issues the same leaves again, it replaces the rotation. */
function leavesAreOld(_: PlanInput, { rotation, replaced }: Diff): readonly Finding[] {
  return rotation.filter((f) => !replaced.has(f.alias));
}

function podsAreOutdated(input: PlanInput, diff: Diff): readonly Finding[] {
  return convergingFindings(diff).length + leavesAreOld(input, diff).length > 0 ? [] : diff.pods;
}

function converge({ bundle: { converge: manifest } }: PlanInput): RequestTemplate {
  return { manifest, base: manifest.metadata.name, changesTls: true };
}

function rotate({ bundle, live }: PlanInput): RequestTemplate | undefined {
  if (bundle.rotate === undefined) return undefined;
  return { manifest: bundle.rotate, base: rotateRequestName(live.name, leafHash(bundle, live)), changesTls: false };
}

/** Returns how the request of a restart is made. */
export function restart({ bundle, live }: PlanInput): RequestTemplate {
  return { manifest: bundle.restart, base: restartRequestName(live.name, leafHash(bundle, live)), changesTls: false };
}

/** Names the leaf certificates that are in the Secrets now. */
function leafHash({ tls }: Bundle, live: PlanInput['live']): string {
  return tls === 'off' ? 'plain' : contentHash(ALIASES.map((alias) => certificateSecret(live, tls, alias)?.leaf?.fingerprint ?? ''));
}

/** Creates a declared Kafka that does not exist. */
export function draftCreate(input: PlanInput, findings: readonly Finding[]): Draft {
  const manifest = input.bundle.kafka as KubeObject; // preconditions refuse a missing Kafka that is not declared
  const subject = refOf(manifest);
  return {
    operation: 'create',
    steps: [
      ...issuerSteps(input),
      ...certificatesOfFirstPods(input),
      { kind: 'create', subject, findings, manifest },
      { kind: 'awaitReady', subject, findings: [] },
      { kind: 'verify', subject, findings: [] },
      ...firstTrustBundle(input),
    ],
  };
}

/** Writes the desired TLS state into a Kafka that exists and has no pods. */
export function draftConfigure(input: PlanInput, findings: readonly Finding[]): Draft {
  const subject = kafkaRef(input.live);
  const differing = kafkaFindings(input);
  const configure: readonly Step[] = differing.length > 0 ? [{ kind: 'configure', subject, findings: differing }] : [];
  return {
    operation: differing.length > 0 ? 'configure' : 'create',
    steps: [
      ...claimOwnershipSteps(input),
      ...issuerSteps(input),
      ...certificatesOfFirstPods(input),
      ...configure,
      { kind: 'awaitReady', subject, findings },
      { kind: 'verify', subject, findings },
      ...firstTrustBundle(input),
    ],
  };
}

/** KubeDB writes the certificates that the first pods mount, unless the executor owns them. */
function certificatesOfFirstPods(input: PlanInput): readonly Step[] {
  const certificates = certificateFindings(input);
  if (!capabilitiesOf(input.bundle.desired).ownsCertificates) return retrySteps(input, certificates);
  return issueSteps(input, { findings: [...certificates, ...secretFindings(input)], rotate: [], isRootChange: false });
}
