/**
 * How long a plan will probably take, and how much of that is an outage. The estimate is meant to be slightly too long.
 *
 *     run       the steps before the restarts; then all restarts or, where all pods stop at once, one stop and the longest start. Without a
 *               cluster the app gives the number of nodes
 *     outage    in a cut-over only. With `stop`: one stop and the longest start. With `rolling`: from the end of the first pod whose loss
 *               stops acknowledgements until the last pod is back (`rolling-outage.ts`). With expired certificates: the restarts of their pods
 *
 * The start times of the live pods show how long a pod takes to start: the longest of its role, or the shortest where a run does not wait until
 * it is Ready. PetSets show how long pods may take to end. Everything else is assumed, and the estimate names the assumptions.
 * It does not include waiting for gates or other operations, nor the time that clients need.
 */

import { capabilitiesOf } from '#model/capabilities';
import { goDurationMs } from '#model/go-duration';
import { KINDS } from '#model/kube-object';
import type { Role } from '#model/kubedb';
import type { PodFacts } from '../model/observation';
import {
  matchStep,
  mayRestartPods,
  type Plan,
  type PlannedCutover,
  type PlannedRestart,
  partsOf,
  restartsOf,
  type Step,
  type StepCases,
} from '../model/plan';
import { areNodesUnknown, type PlanInput } from './plan-input';
import { graceMs, type RollingOutage, rollingOutage } from './rolling-outage';
import { expiredAt } from './served';

/** A span of time, and what it is for if its length is assumed. */
interface Span {
  readonly ms: number;
  readonly assumedFor?: string;
}

/** From a pod's eviction until it is Ready again. KubeDB's documented runs show 10 to 40 s until it runs, and once 190 s. */
const RESTART: Span = { ms: 60_000, assumedFor: 'a pod to restart' };
/** Parts of a restart besides the start: before it the old process shuts down, after it the new one catches up. */
const AROUND_START: Span = { ms: 10_000, assumedFor: 'it to stop and to catch up' };
/** Where all pods stop, nothing is written meanwhile, and so nothing is left to catch up with. */
const STOP: Span = { ms: 5_000, assumedFor: 'it to stop' };
/** The first pods of a Kafka start in parallel. */
const FIRST_START: Span = { ms: 60_000, assumedFor: 'all pods to start' };
/** From a Certificate to its Secret, by an issuer in the cluster. KubeDB's documented runs show 6 to 10 s. */
const ISSUANCE: Span = { ms: 10_000, assumedFor: 'a certificate to be issued' };
/** cert-manager writes trust stores, and then a run waits until new pods get them. */
const STORES: Span = { ms: 15_000 };
/** The ops-manager's work before its first restart, if TLS is on afterwards. KubeDB's documented runs show 109 to 138 s. */
const PREPARATION: Span = { ms: 140_000, assumedFor: 'KubeDB to prepare' };
/** KubeDB's provisioner reconciles once. */
const PROVISIONER_SYNC: Span = { ms: 5_000 };
/** The ops-manager polls every 5 s, also between two pods. */
const BETWEEN_PODS: Span = { ms: 5_000 };
/** Kubelets update the files of a Secret within about a minute. */
const MOUNT: Span = { ms: 60_000, assumedFor: 'kubelets to bring a new certificate to the pods' };
/** Nodes load it side by side, and are asked one after the other: on a busy machine six of them took 12 s. */
const RELOAD: Span = { ms: 2_000, assumedFor: 'a node to load it' };
/** Start times vary and are known to the second only, so they are rounded up to a multiple of this. */
const GRAIN_MS = 5_000;
/** Below this the variation is greater than the time. */
const SHORTEST_START_MS = 10_000;

/** Returns the estimate of a plan, or nothing when no step takes time. */
export function estimateOf(input: PlanInput, { steps, cutover }: Pick<Plan, 'steps' | 'cutover'>): Pick<Plan, 'estimate'> {
  const spans = spansBefore(input);
  const before = steps.flatMap((step) => matchStep(step, spans));
  const restarts = restartsOf(steps);
  const restartingMs = restartingInsteadMs(steps, input);
  const arePodsUnknown = areNodesUnknown(input.live) && steps.some((s) => mayRestartPods(s) || s.kind === 'reload');
  const hasRestarts = restarts.length > 0 || arePodsUnknown || restartingMs !== undefined;
  const perPodMs = arePodsUnknown ? sumMs(restartOf('broker', input)) : 0;
  const pods = cutover?.mode === 'stop' ? 1 : input.bundle.desired.nodes;
  const rolling = rolledOver(steps, input, cutover);
  // Without brokers to restart, a cut-over of some controllers costs nothing.
  const outage = cutover === undefined ? 0 : outageMs(restarts, input, cutover, rolling);
  if (before.length === 0 && !hasRestarts) return {};
  const eachMs = steps.some(mayRestartPods) ? perPodMs : RELOAD.ms;
  return {
    estimate: {
      durationMs:
        sumMs(before) + restartsMs(restarts, input, cutover?.mode === 'stop', rolling) + (arePodsUnknown ? eachMs * (pods ?? 0) : 0),
      ...(restartingMs === undefined ? {} : { restartingMs }),
      ...(arePodsUnknown && pods === undefined ? { perPodMs } : {}),
      ...(outage === 0 ? {} : { outageMs: outage }),
      rowsMs: rowsMs(steps, input, cutover?.mode === 'stop', rolling),
      because: [
        ...(hasRestarts ? observed(input, rolling) : []),
        ...graceUsedUp(input, rolling),
        ...assumptions(hasRestarts ? [...restartOf('broker', input, cutover?.mode === 'stop' ? 'stop' : 'gated'), ...before] : before),
      ].join('; '),
    },
  };
}

/** Returns the time that each kind of step takes before the restarts. */
function spansBefore({ bundle: { desired, tls } }: PlanInput): StepCases<readonly Span[]> {
  const none = () => [];
  return {
    probe: none,
    apply: none,
    publishTrustBundle: none,
    create: none,
    retryIssuance: none,
    reissue: () => [ISSUANCE],
    withdrawRoot: none,
    widenTrust: () => [STORES],
    awaitReady: ({ subject }) =>
      subject.kind === KINDS.Kafka.kind ? [FIRST_START] : subject.kind === KINDS.Certificate.kind ? [ISSUANCE] : [],
    awaitHealth: none,
    claimOwnership: none,
    record: none,
    configure: none,
    submitOpsRequest: ({ isContinued, operation }) => {
      if (capabilitiesOf(desired).needsOpsManager) return tls === 'off' || operation === 'restart' ? [] : [PREPARATION];
      return isContinued ? [] : [{ ms: goDurationMs(desired.deadlines.opsManagerDetection) ?? 0 }];
    },
    supersede: none,
    pause: none,
    createPassword: none,
    issue: ({ certificates }) => certificates.map(() => ISSUANCE),
    reconfigure: none,
    provisionerSync: () => [PROVISIONER_SYNC],
    evict: none,
    reload: ({ nodes }) => [MOUNT, ...nodes.map(() => RELOAD)],
    verify: none,
    resume: none,
    delete: none,
  };
}

const NONE: RollingOutage = { restarts: [], cutOff: [] };

/** How a pod restarts: behind gates, together with all others, or in a cut-over in which its node finds no controller at its end. */
type Manner = 'gated' | 'stop' | 'cutOff';

/** Returns the time that a pod of a role takes to restart. */
function restartOf(role: Role, input: PlanInput, manner: Manner = 'gated'): readonly Span[] {
  const { live, bundle } = input;
  const { shortest, longest } = startsOf(
    live.pods.filter((p) => p.role === role),
    input,
  );
  // The last start may have been in a cut-over, too, where pods wait for each other. A pod that is cut off is not waited for.
  const startMs = manner === 'cutOff' ? shortest : longest;
  const around = { gated: AROUND_START, stop: STOP, cutOff: { ms: graceMs(live, role) } }[manner];
  const restart = startMs === undefined ? [RESTART, ...(manner === 'cutOff' ? [around] : [])] : [{ ms: startMs }, around];
  return capabilitiesOf(bundle.desired).needsOpsManager ? [...restart, BETWEEN_PODS] : restart;
}

/** Returns how long the run takes if all pods restart of which it is not known whether their nodes can load the certificate. */
function restartingInsteadMs(steps: readonly Step[], input: PlanInput): number | undefined {
  const { live, bundle } = input;
  const nodes = steps.flatMap((s) => (s.kind === 'reload' ? s.nodes : []));
  const undecided = nodes.filter((n) => n.isUndecided === true);
  const isCounted = areNodesUnknown(live) && steps.some((s) => s.kind === 'reload') && bundle.desired.nodes !== undefined;
  if (undecided.length === 0 && !isCounted) return undefined;
  const { needsOpsManager } = capabilitiesOf(bundle.desired);
  // KubeDB cannot restart single pods.
  const roles = isCounted
    ? Array<Role>(bundle.desired.nodes ?? 0).fill('broker')
    : (needsOpsManager ? live.pods : undecided).map((n) => n.role);
  const spans = spansBefore(input);
  const others = steps.filter((s) => s.kind !== 'reload' || undecided.length < nodes.length);
  const claimMs = needsOpsManager ? PREPARATION.ms : (goDurationMs(bundle.desired.deadlines.opsManagerDetection) ?? 0);
  const planned = restartsMs(restartsOf(steps), input, false);
  return (
    sumMs(others.flatMap((step) => matchStep(step, spans))) + claimMs + planned + sumMs(roles.flatMap((role) => restartOf(role, input)))
  );
}

function restartsMs(restarts: readonly PlannedRestart[], input: PlanInput, isStop: boolean, { cutOff }: RollingOutage = NONE): number {
  const manner = (restart: PlannedRestart) => (isStop ? 'stop' : cutOff.includes(restart) ? 'cutOff' : 'gated');
  const each = restarts.map((restart) => sumMs(restartOf(restart.role, input, manner(restart))));
  return isStop ? Math.max(0, ...each) : each.reduce((sum, ms) => sum + ms, 0);
}

/** Returns the time of each row. Where a step has more spans than rows, its first row has those that are before all of them. */
function rowsMs(steps: readonly Step[], input: PlanInput, isStop: boolean, rolling?: RollingOutage): readonly number[] {
  const spans = spansBefore(input);
  return steps.flatMap((step) => {
    const restarts = restartsOf([step]);
    const own = partsOf(step).slice(0, partsOf(step).length - restarts.length);
    const each = matchStep(step, spans).map(({ ms }) => ms);
    const more = Math.max(0, each.length - own.length);
    const first = each.slice(0, more + 1).reduce((sum, ms) => sum + ms, 0);
    return [
      ...own.map((_, i) => (i === 0 ? first : (each[more + i] ?? 0))),
      ...restarts.map((restart) => restartsMs([restart], input, isStop, rolling)),
    ];
  });
}

/** Of two requests that restart all pods only the first is the cut-over. */
function rolledOver(steps: readonly Step[], { live }: PlanInput, cutover: PlannedCutover | undefined): RollingOutage | undefined {
  if (cutover === undefined || cutover.kind === 'expired' || cutover.mode === 'stop') return undefined;
  return rollingOutage(steps.map((step) => restartsOf([step])).find((restarts) => restarts.length > 0) ?? [], live);
}

/** Returns the time during which Kafka serves no client, or not all topics. */
function outageMs(restarts: readonly PlannedRestart[], input: PlanInput, { kind, mode }: PlannedCutover, rolling?: RollingOutage): number {
  if (rolling !== undefined) {
    const { servesUntilItsEnd: first } = rolling;
    return restartsMs(rolling.restarts, input, false, rolling) - (first === undefined ? 0 : graceMs(input.live, first.role));
  }
  const expired = input.live.pods.filter((p) => expiredAt(p, input.now) !== undefined);
  const within = kind === 'expired' ? restarts.filter((s) => expired.some((p) => p.name === s.subject.name)) : restarts;
  return restartsMs(within, input, mode === 'stop');
}

interface Starts {
  readonly shortest: number | undefined;
  readonly longest: number | undefined;
}

/**
 * Returns how long these pods took to start; where that is not known of them, how long all pods took. A pod that took longer than a run waits
 * for it has lost its readiness later, so the time is not that of its start.
 */
function startsOf(pods: readonly PodFacts[], input: PlanInput): Starts {
  const limit = goDurationMs(input.bundle.desired.deadlines.podReady) ?? 0;
  const known = pods.flatMap(({ startMs }) => (startMs === undefined || startMs > limit ? [] : [startMs]));
  const rounded = (ms: number) => Math.max(SHORTEST_START_MS, (Math.floor(ms / GRAIN_MS) + 1) * GRAIN_MS);
  if (known.length > 0) return { shortest: rounded(Math.min(...known)), longest: rounded(Math.max(...known)) };
  return pods === input.live.pods ? { shortest: undefined, longest: undefined } : startsOf(input.live.pods, input);
}

function observed(input: PlanInput, { cutOff }: RollingOutage = NONE): readonly string[] {
  const { shortest, longest } = startsOf(input.live.pods, input);
  if (shortest === undefined || longest === undefined) return [];
  const range = cutOff.length > 0 && shortest < longest ? `${shortest / 1000} to ${longest / 1000}` : `up to ${longest / 1000}`;
  return [`a pod took ${range} s to get Ready`];
}

function graceUsedUp({ live }: PlanInput, { cutOff: [first] }: RollingOutage = NONE): readonly string[] {
  return first === undefined ? [] : [`${graceMs(live, first.role) / 1000} s for a broker without a controller to end`];
}

function assumptions(spans: readonly Span[]): readonly string[] {
  const texts = spans.flatMap(({ ms, assumedFor }) => (assumedFor === undefined ? [] : [`${ms / 1000} s for ${assumedFor}`]));
  return texts.length === 0 ? [] : [`assumed: ${[...new Set(texts)].join(', ')}`];
}

function sumMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { ms }) => sum + ms, 0);
}
