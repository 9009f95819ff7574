/** Violations of `desired.yaml`, and of the number of pods of a Kafka that the app only refers to. */
import { ACKNOWLEDGEMENT_RULES } from './acknowledgement';
import { capabilitiesOf } from './capabilities';
import { isClusterDomain } from './cluster-domain';
import { CUTOVERS, DEFAULT_DEADLINES, type Desired, ROTATION_FALLBACKS, ROTATIONS, UNKNOWN_HEALTH_POLICIES } from './desired';
import { formatGoDuration, parseGoDuration } from './go-duration';
import { isInstant } from './instant';
import { isDnsLabel } from './kubernetes-names';
import { checkRules, isOneOf, type Rule } from './rules';
import type { Draft } from './validate-bundle';
import type { Violation } from './violation';

/**
 * Returns all violations of a desired state and of the number of pods of a Kafka that the app only refers to. Without `now`, the time of
 * synthesis, no instant counts as too far ahead.
 */
export function desiredViolations({ desired, nodes, now }: Pick<Draft, 'desired' | 'nodes' | 'now'>): readonly Violation[] {
  const { cutover, unknownHealthPolicy, namespace, kafka } = desired;
  // Fields are reported as the props that the user sets.
  const asProps = { ...desired, restart: { cutover, unknownHealthPolicy }, cluster: { nodes } };
  return checkRules(asProps, rulesAt(now), { apiVersion: '', kind: 'KafkaTls', namespace, name: kafka });
}

const SECOND = 1_000_000_000n;
/** A run holds the Lease of its Kafka while it waits, so every other run waits, too. */
const LONGEST_DEADLINE = 86_400n * SECOND;
/** Prefix of the labels by which the reconciler finds its own objects. */
const OWN_LABELS = 'kafka-tls/';
const MOST_RETRIES = 10;
const MOST_NODES = 1_000;
const YEAR_MS = 365 * 86_400_000;

/** Everything that is waited for takes longer than ten seconds, except `opsManagerDetection`, which delays every operation and may be 0. */
const shortest = (deadline: string) => (deadline === 'opsManagerDetection' ? 0n : 10n * SECOND);
const nanoseconds = (text: unknown) => parseGoDuration(String(text)) ?? -1n;
const limits = (deadline: string) => `Use a Duration of ${formatGoDuration(shortest(deadline))} to ${formatGoDuration(LONGEST_DEADLINE)}.`;
const DEADLINES = Object.keys(DEFAULT_DEADLINES).map((name) => `deadlines.${name}`);

const isWhole = (least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

const rulesAt = (now: Date | undefined): readonly Rule[] => [
  { field: 'namespace', must: isDnsLabel, message: 'that is not the name of a namespace. Use lower-case letters, digits and "-".' },
  {
    field: 'kafka',
    must: (kafka) => isDnsLabel(`${kafka}-pods`) && /^[a-z]/.test(String(kafka)),
    message:
      'that is not the name of a Kafka that KubeDB can run. Use at most 58 lower-case letters, digits and "-", beginning with a letter.',
  },
  {
    field: 'clusterDomain',
    must: (domain) => isClusterDomain(String(domain)),
    message:
      'that is not the DNS domain of a cluster. Write it as in the configuration of the kubelets, such as "cluster.local": lower-case labels, no dot at the beginning or end.',
  },
  {
    field: 'owner',
    must: (owner) => String(owner).trim() !== '',
    message: 'an owner id is not empty. Leave it out for "<namespace>/<kafka>".',
  },
  {
    field: 'labels[*]',
    must: (_, { key }) => !key.startsWith(OWN_LABELS),
    message: 'the reconciler finds its objects by its own labels. Give the chart another label.',
  },
  {
    field: 'issuedAfter',
    must: (instant) => isInstant(String(instant)),
    message: 'that is not an instant in RFC 3339. Write a date that exists, a time of day and a time zone, as "2026-11-23T09:00:00Z".',
  },
  { field: 'rotation.by', must: isOneOf(...ROTATIONS), message: 'there is no such choice. Use Rotation.reload() or Rotation.restart().' },
  {
    field: 'rotation.otherwise',
    must: isOneOf(...ROTATION_FALLBACKS),
    message: 'there is no such choice. Use RotationFallback.RESTART or RotationFallback.FAIL.',
  },
  ...ACKNOWLEDGEMENT_RULES,
  { field: 'restart.cutover', must: isOneOf(...CUTOVERS), message: 'there is no such choice. Use Cutover.ROLLING or Cutover.STOP.' },
  {
    field: 'restart.cutover',
    severity: 'warning',
    must: (cutover, { object }) => cutover !== 'stop' || capabilitiesOf(object as Desired).canStopAll,
    message: 'KubeDB restarts pods one after the other, so this changes nothing. Use Executor.native(), or leave it out.',
  },
  {
    field: 'restart.unknownHealthPolicy',
    must: isOneOf(...UNKNOWN_HEALTH_POLICIES),
    message: 'there is no such choice. Use UnknownHealthPolicy.READINESS or UnknownHealthPolicy.REFUSE.',
  },
  {
    field: 'retries',
    must: isWhole(0, MOST_RETRIES),
    message: `that is not a number of retries. Use a whole number from 0 to ${MOST_RETRIES}.`,
  },
  {
    field: DEADLINES,
    must: (deadline, { key }) => nanoseconds(deadline) >= 0n && (nanoseconds(deadline) > 0n || shortest(key) === 0n),
    message: (_, { key }) => `that is not a positive duration. ${limits(key)}`,
  },
  {
    field: DEADLINES,
    must: (deadline, { key }) => nanoseconds(deadline) >= shortest(key),
    message: (_, { key }) => `that is too short to wait. ${limits(key)}`,
  },
  {
    field: DEADLINES,
    must: (deadline) => nanoseconds(deadline) <= LONGEST_DEADLINE,
    message: (_, { key }) => `a run would hold the Lease of the Kafka for longer than a day. ${limits(key)}`,
  },
  {
    field: 'beforeExpiry',
    must: (margin) => nanoseconds(margin) >= SECOND,
    message: 'that is not a positive duration. Use a Duration of a second or more.',
  },
  {
    field: 'trustFor',
    must: (time) => nanoseconds(time) >= SECOND,
    message: 'that is not a positive duration. Use a Duration of a second or more.',
  },
  {
    field: 'keepOldRootFor',
    must: (time) => nanoseconds(time) >= SECOND,
    message: 'that is not a positive duration. Use a Duration of a second or more, or leave it out: the old root is then removed at once.',
  },
  {
    // A run waits for an instant in the future, so a mistyped year would stop all rotations by `issuedAfter`. An instant that was accepted once
    // is accepted in every later synthesis, because it only comes nearer.
    field: 'issuedAfter',
    must: (instant) => now === undefined || !(Date.parse(String(instant)) - now.getTime() > YEAR_MS),
    message:
      'it is more than a year ahead, and nothing is rotated before. Write the present time to rotate now. Rotation before expiry needs no instant.',
  },
  {
    field: 'cluster.nodes',
    must: isWhole(1, MOST_NODES),
    message: `that is not a number of pods. Use a whole number from 1 to ${MOST_NODES}, or leave it out.`,
  },
];
