/** What is wrong with the part of a desired state that is no manifest: `desired.yaml`, and how many pods the Kafka has. */

import { acknowledgementViolations } from './acknowledgement';
import { isClusterDomain } from './cluster-domain';
import { CUTOVERS, type Deadlines, type Desired, UNKNOWN_HEALTH_POLICIES } from './desired';
import { formatGoDuration, parseGoDuration } from './go-duration';
import { isInstant } from './instant';
import { isDnsLabel } from './kubernetes-names';
import { type Violation, violationsFor } from './violation';

const SECOND = 1_000_000_000n;
/** Nothing that a deadline is for happens sooner than this. `claim` may be none at all: it delays every operation. */
const SHORTEST_DEADLINE: Readonly<Record<keyof Deadlines, bigint>> = {
  issuance: 10n * SECOND,
  podReady: 10n * SECOND,
  gate: 10n * SECOND,
  foreignOperation: 10n * SECOND,
  requestAcceptance: 10n * SECOND,
  opsManagerDetection: 0n,
};
/** A run holds the Lease of its Kafka while it waits, so that nothing else is done meanwhile. */
const LONGEST_DEADLINE = 86_400n * SECOND;
/** Prefix of the labels of our own. */
const OWN_LABELS = 'kafka-tls/';
const MOST_RETRIES = 10;
const MOST_NODES = 1_000;
const YEAR_MS = 365 * 86_400_000;

/** Returns what is wrong with a desired state; `now` is when it is synthesised. */
export function desiredViolations(desired: Desired, now: Date | undefined): readonly Violation[] {
  return [
    ...identityViolations(desired),
    ...instantViolations(desired, now),
    ...acknowledgementViolations(desired.acknowledge, complaints(desired).error),
    ...choiceViolations(desired),
    ...limitViolations(desired),
  ];
}

function complaints(desired: Desired) {
  return violationsFor({ apiVersion: '', kind: 'KafkaTls', namespace: desired.namespace, name: desired.kafka });
}

function identityViolations(desired: Desired): readonly Violation[] {
  const { error } = complaints(desired);
  const found: Violation[] = [];
  if (!isDnsLabel(desired.namespace)) {
    found.push(error('namespace', desired.namespace, 'that is not the name of a namespace', 'Use lower-case letters, digits and "-".'));
  }
  if (!isDnsLabel(`${desired.kafka}-pods`) || !/^[a-z]/.test(desired.kafka)) {
    found.push(
      error(
        'kafka',
        desired.kafka,
        'that is not the name of a Kafka that KubeDB can run',
        'Use at most 58 lower-case letters, digits and "-", beginning with a letter.',
      ),
    );
  }
  if (desired.clusterDomain !== undefined && !isClusterDomain(desired.clusterDomain)) {
    found.push(
      error(
        'clusterDomain',
        desired.clusterDomain,
        'that is not the DNS domain of a cluster',
        'Write it as the kubelets have it, such as "cluster.local": lower-case labels, no dot at the beginning or end.',
      ),
    );
  }
  if (desired.owner.trim() === '')
    found.push(error('owner', desired.owner, 'a Kafka belongs to somebody', 'Leave it out for "<namespace>/<kafka>".'));
  for (const [key, value] of Object.entries(desired.labels ?? {})) {
    if (key.startsWith(OWN_LABELS))
      found.push(error(`labels[${key}]`, value, 'the reconciler finds its objects by its own labels', 'Give the chart another label.'));
  }
  return found;
}

/**
 * An instant to come is waited for, so a mistyped year would silence the rotation. What is accepted once is accepted ever after: the
 * instant only comes nearer.
 */
function instantViolations(desired: Desired, now: Date | undefined): readonly Violation[] {
  const { issuedAfter } = desired;
  if (issuedAfter === undefined) return [];
  const { error } = complaints(desired);
  if (!isInstant(issuedAfter)) {
    const hint = 'Write a date that exists, a time of day and a time zone, as "2026-11-23T09:00:00Z".';
    return [error('issuedAfter', issuedAfter, 'that is not an instant in RFC 3339', hint)];
  }
  if (now === undefined || Date.parse(issuedAfter) - now.getTime() <= YEAR_MS) return [];
  const why = 'it lies more than a year ahead, and nothing is rotated before';
  return [error('issuedAfter', issuedAfter, why, 'Write the present time to rotate now. Rotation before expiry is done by itself.')];
}

function choiceViolations(desired: Desired): readonly Violation[] {
  const { cutover, unknownHealthPolicy, executor } = desired;
  const { error, warning } = complaints(desired);
  const found: Violation[] = [];
  if (!CUTOVERS.includes(cutover))
    found.push(error('restart.cutover', cutover, 'there is no such choice', 'Use Cutover.ROLLING or Cutover.STOP.'));
  if (!UNKNOWN_HEALTH_POLICIES.includes(unknownHealthPolicy)) {
    const hint = 'Use UnknownHealthPolicy.READINESS or UnknownHealthPolicy.REFUSE.';
    found.push(error('restart.unknownHealthPolicy', unknownHealthPolicy, 'there is no such choice', hint));
  }
  if (cutover === 'stop' && executor !== 'native') {
    const why = 'KubeDB restarts pods one after the other, so this changes nothing';
    found.push(warning('restart.cutover', cutover, why, 'Use Executor.native(), or leave it out.'));
  }
  return found;
}

function limitViolations(desired: Desired): readonly Violation[] {
  const { error } = complaints(desired);
  const found: Violation[] = [];
  if (!Number.isInteger(desired.retries) || desired.retries < 0 || desired.retries > MOST_RETRIES) {
    found.push(error('retries', desired.retries, 'that is not a number of retries', `Use a whole number from 0 to ${MOST_RETRIES}.`));
  }
  for (const name of Object.keys(SHORTEST_DEADLINE) as readonly (keyof Deadlines)[]) {
    const problem = deadlineProblem(desired.deadlines[name], SHORTEST_DEADLINE[name]);
    if (problem !== undefined) found.push(error(`deadlines.${name}`, desired.deadlines[name], problem.why, problem.hint));
  }
  if (desired.beforeExpiry !== undefined && (parseGoDuration(desired.beforeExpiry) ?? 0n) < SECOND)
    found.push(error('beforeExpiry', desired.beforeExpiry, 'that is not a positive duration', 'Use a Duration of a second or more.'));
  return found;
}

function deadlineProblem(text: string, shortest: bigint): { readonly why: string; readonly hint: string } | undefined {
  const deadline = parseGoDuration(text);
  const limits = `${formatGoDuration(shortest)} to ${formatGoDuration(LONGEST_DEADLINE)}`;
  const hint = `Use a Duration of ${limits}.`;
  if (deadline === undefined || deadline < 0n || (deadline === 0n && shortest > 0n))
    return { why: 'that is not a positive duration', hint };
  if (deadline < shortest) return { why: 'nothing that is waited for takes so little', hint };
  if (deadline > LONGEST_DEADLINE) return { why: 'a run would hold the Lease of the Kafka for longer than a day', hint };
  return undefined;
}

/** Returns what is wrong with the number of pods of a Kafka that is only referenced. */
export function nodesViolations(desired: Desired, nodes: number): readonly Violation[] {
  if (Number.isInteger(nodes) && nodes > 0 && nodes <= MOST_NODES) return [];
  const hint = `Use a whole number from 1 to ${MOST_NODES}, or leave it out.`;
  return [complaints(desired).error('cluster.nodes', nodes, 'that is not a number of pods', hint)];
}
