/**
 * How long a plan will probably take, and how long of that it is an outage: an estimate, meant to be a little too long.
 *
 *     run       what comes before the restarts; then all restarts or, where all pods restart at once, the longest; without a cluster as many
 *               as the app says that there are nodes
 *     outage    in a cut-over only: with `stop` the longest restart; with `rolling` all from the one that costs the quorum its majority, which
 *               until then one side still has, to the last, until which a partition may lack the replicas it needs; where certificates have
 *               expired, the restarts of the pods that serve them
 *
 * How long a pod takes to start is read off the live pods, where one tells; the rest is assumed, and said to be. Waiting for gates or for
 * somebody else's operation is not in it, nor is the time that clients take to change over.
 */
import type { Cutover } from '#model/desired';
import { goDurationMs } from '#model/go-duration';
import { KINDS } from '#model/kube-object';
import type { Role } from '#model/kubedb';
import type { PodFacts } from '../model/observation';
import type { EvictStep, Plan, PlannedCutover, Step } from '../model/plan';
import { expiredAt } from './dates';
import type { PlanInput } from './plan-input';
import { areNodesUnknown } from './steps';

/** A stretch of time, and what it is for if its length is an assumption that a reader should know. */
interface Stretch {
  readonly ms: number;
  readonly assumedFor?: string;
}

/** From a pod's eviction until it is Ready again. KubeDB's documented runs show 10 to 40 s until it runs, and once 190 s. */
const RESTART: Stretch = { ms: 60_000, assumedFor: 'a pod to restart' };
/** What of a restart its start does not show: before it the old process ends in order, after it the new one catches up. */
const AROUND_START: Stretch = { ms: 10_000, assumedFor: 'it to stop and to catch up' };
/** The pods of a Kafka that has none yet start side by side. */
const FIRST_START: Stretch = { ms: 60_000, assumedFor: 'all pods to start' };
/** From a Certificate to its Secret, by an issuer in the cluster. KubeDB's documented runs show 6 to 10 s. */
const ISSUANCE: Stretch = { ms: 10_000, assumedFor: 'a certificate to be issued' };
/** What the ops-manager does before its first restart where TLS is on afterwards. KubeDB's documented runs show 109 to 138 s. */
const PREPARATION: Stretch = { ms: 140_000, assumedFor: 'KubeDB to prepare' };
/** KubeDB's provisioner looks, and leaves what was written as it is. */
const PASS: Stretch = { ms: 5_000 };
/** The ops-manager looks every 5 s, also between two pods. */
const BETWEEN_PODS: Stretch = { ms: 5_000 };
/** No two starts are alike, and all are known to the second only: they are rounded up to a multiple of this. */
const GRAIN_MS = 10_000;

/** Returns the estimate of a plan, or nothing for one that takes no time. */
export function estimateOf(input: PlanInput, { steps, cutover }: Pick<Plan, 'steps' | 'cutover'>): Pick<Plan, 'estimate'> {
  const before = steps.flatMap((step) => stretchesBefore(step, input));
  const evictions = steps.filter((s) => s.kind === 'evict');
  const arePodsUnknown = areNodesUnknown(input.live) && steps.some((s) => s.kind === 'submitOpsRequest');
  const hasRestarts = evictions.length > 0 || arePodsUnknown;
  const perPodMs = arePodsUnknown ? sumMs(restartOf('broker', input)) : 0;
  const pods = cutover?.mode === 'stop' ? 1 : input.bundle.desired.nodes;
  if (before.length === 0 && !hasRestarts) return {};
  return {
    estimate: {
      durationMs: sumMs(before) + restartsMs(evictions, input, cutover?.mode) + perPodMs * (pods ?? 0),
      ...(arePodsUnknown && pods === undefined ? { perPodMs } : {}),
      ...(cutover === undefined || evictions.length === 0
        ? {}
        : { outageMs: restartsMs(outageOf(evictions, input, cutover), input, cutover.mode) }),
      because: [
        ...(hasRestarts ? seen(input) : []),
        ...assumptions(hasRestarts ? [...restartOf('broker', input), ...before] : before),
      ].join('; '),
    },
  };
}

/** What a step takes that comes before the restarts. */
function stretchesBefore(step: Step, { bundle }: PlanInput): readonly Stretch[] {
  const { executor, deadlines } = bundle.desired;
  switch (step.kind) {
    case 'issue':
      return [ISSUANCE];
    case 'awaitReady':
      if (step.subject.kind === KINDS.Kafka.kind) return [FIRST_START];
      return step.subject.kind === KINDS.Certificate.kind ? [ISSUANCE] : [];
    case 'submitOpsRequest':
      if (executor === 'native') return step.isContinued ? [] : [{ ms: goDurationMs(deadlines.opsManagerDetection) ?? 0 }];
      return bundle.tls === 'off' || step.operation === 'restart' ? [] : [PREPARATION];
    case 'provisionerSync':
      return [PASS];
    default:
      return [];
  }
}

/** What a pod of a role takes to restart. */
function restartOf(role: Role, input: PlanInput): readonly Stretch[] {
  const { live, bundle } = input;
  const startMs =
    longestStart(
      live.pods.filter((p) => p.role === role),
      input,
    ) ?? longestStart(live.pods, input);
  const restart = startMs === undefined ? [RESTART] : [{ ms: startMs }, AROUND_START];
  return bundle.desired.executor === 'native' ? restart : [...restart, BETWEEN_PODS];
}

function restartsMs(evictions: readonly EvictStep[], input: PlanInput, mode: Cutover | undefined): number {
  const each = evictions.map(({ role }) => sumMs(restartOf(role, input)));
  return mode === 'stop' ? Math.max(0, ...each) : each.reduce((sum, ms) => sum + ms, 0);
}

/** The restarts during which Kafka serves nobody, or not everything. */
function outageOf(evictions: readonly EvictStep[], input: PlanInput, { kind }: PlannedCutover): readonly EvictStep[] {
  if (kind !== 'expired') return withoutQuorum(evictions, input);
  const expired = input.live.pods.filter((p) => expiredAt(p, input.now) !== undefined);
  return evictions.filter((s) => expired.some((p) => p.name === s.subject.name));
}

/** The restarts of a cut-over from the one on that leaves neither side a quorum. Controllers restart first; some of them can be spared. */
function withoutQuorum(evictions: readonly EvictStep[], { live }: PlanInput): readonly EvictStep[] {
  const roll = evictions.slice(0, evictions[0]?.of); // of two requests that restart all pods one is the cut-over
  const controllers = live.pods.filter((p) => p.role !== 'broker');
  const converted = controllers.length - roll.filter((s) => s.role !== 'broker').length;
  const majority = Math.floor(controllers.length / 2) + 1;
  // A node that is a broker as well takes replicas along, and a partition may have two on the first two nodes.
  const spare = Math.min(controllers.length - majority, controllers.some((p) => p.role === 'combined') ? 1 : Number.POSITIVE_INFINITY);
  return roll.slice(Math.max(0, spare - converted));
}

/** A pod that took longer than any run waits has lost its readiness later, and says nothing of its start. */
function longestStart(pods: readonly PodFacts[], { bundle }: PlanInput): number | undefined {
  const limit = goDurationMs(bundle.desired.deadlines.podReady) ?? 0;
  const known = pods.flatMap(({ startMs }) => (startMs === undefined || startMs > limit ? [] : [startMs]));
  return known.length === 0 ? undefined : (Math.floor(Math.max(...known) / GRAIN_MS) + 1) * GRAIN_MS;
}

function seen(input: PlanInput): readonly string[] {
  const startMs = longestStart(input.live.pods, input);
  return startMs === undefined ? [] : [`a pod took up to ${startMs / 1000} s to get Ready`];
}

function assumptions(stretches: readonly Stretch[]): readonly string[] {
  const said = stretches.flatMap(({ ms, assumedFor }) => (assumedFor === undefined ? [] : [`${ms / 1000} s for ${assumedFor}`]));
  return said.length === 0 ? [] : [`assumed: ${[...new Set(said)].join(', ')}`];
}

function sumMs(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { ms }) => sum + ms, 0);
}
