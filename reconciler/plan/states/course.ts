/**
 * The states that a plan leads through: before its first step that gives a node another certificate or protocol, and after each such step. A
 * run that is killed leaves the cluster in one of them.
 *
 * A change of root goes on after the plan, in the phases that come next (`bridge/bridge.ts`, `dual/dual.ts`). No phase begins before every pod has reached the
 * one before it, so its states follow those of the plan.
 */
import { rotatesByReload } from '#model/desired';
import type { Alias } from '#model/tls';
import type { Observation } from '../../model/observation';
import { matchStep, type Plan, type Step, type StepCases } from '../../model/plan';
import { readProperties } from '../../model/properties';
import { type EndPhase, phasesOf } from '../bridge/phases';
import { DUAL_PHASES } from '../dual/phases';
import type { PlanInput } from '../plan-input';
import { leaderOf, restartOrder } from '../restart-order';
import type { Node } from './contact';
import { type Material, materialOfDual, materialOfPhase, nextMaterial, presentMaterials } from './material';

/** What one step does to nodes. */
export interface Change {
  readonly pods: readonly string[];
  readonly by: 'restarted' | 'loaded its certificate';
}

/** The changes that give nodes one certificate. */
export interface Leg {
  readonly changes: readonly Change[];
  readonly next: Material;
}

/** One state: what has happened just before, and the nodes in the order of the observation. */
export interface State {
  readonly after: string;
  readonly nodes: readonly Node[];
}

export interface Course {
  readonly live: Observation;
  readonly states: readonly State[];
  /** The position of the first state of each leg, and the number of states at the end. */
  readonly bounds: readonly number[];
  /** What nodes show and trust at the end. */
  readonly last: Material;
  readonly isOneStop: boolean;
}

export interface CoursePlan extends Pick<Plan, 'steps' | 'cutover'> {
  /** Aliases that get a new certificate. */
  readonly reissued: ReadonlySet<Alias>;
  /** The phases of a change of root that come after the plan do not count. */
  readonly isLast?: true;
}

/** Returns the states of a plan; undefined if no node gets another certificate or protocol. */
export function courseOf(input: PlanInput, plan: CoursePlan): Course | undefined {
  const { live } = input;
  const changes = changesOf(plan);
  if (changes.length === 0) return undefined;
  const legs: readonly Leg[] = [{ changes, next: nextMaterial(input, plan.reissued) }, ...(plan.isLast === true ? [] : laterLegs(input))];
  const present = presentMaterials(input);
  const asking = petSetsThatAsk(live);
  const nodes = live.pods.map((pod) => {
    const { petSet, fqdn } = pod;
    return { pod, material: present(pod), ...(fqdn !== undefined && asking.has(petSet) ? { askedName: fqdn } : {}) };
  });
  const states: State[] = [{ after: 'before the first change', nodes }];
  const bounds = [0];
  for (const { changes: each, next } of legs) {
    for (const change of each) states.push(changed(states.at(-1)?.nodes ?? [], change, next));
    bounds.push(states.length - 1);
  }
  return { live, states, bounds, last: legs.at(-1)?.next as Material, isOneStop: plan.cutover?.mode === 'stop' };
}

function changed(nodes: readonly Node[], { pods, by }: Change, next: Material): State {
  const affected = new Set(pods);
  return {
    after: `${pods.length === nodes.length && pods.length > 1 ? 'all pods' : pods.join(', ')} ${by}`,
    nodes: nodes.map((node) => {
      if (!affected.has(node.pod.name)) return node;
      const { started = node.material, ...others } = node;
      return by === 'restarted' ? { ...others, material: next } : { ...others, material: next, started };
    }),
  };
}

/** Returns the PetSets whose nodes are asked for their names. Kafka asks unless it is told not to, as KubeDB does. */
function petSetsThatAsk({ petSets }: Observation): ReadonlySet<string> {
  const isOff = (text: string) => readProperties(text).get('ssl.endpoint.identification.algorithm') === '';
  return new Set(petSets.filter(({ config = {} }) => !Object.values(config).some(isOff)).map((s) => s.name));
}

/** Returns the phases of a change of root that come after this plan. */
function laterLegs(input: PlanInput): readonly Leg[] {
  const { bridge, dual, live, bundle } = input;
  const pods = restartOrder(live.pods, leaderOf(live)).map(({ pod }) => pod.name);
  if (dual !== undefined) {
    return DUAL_PHASES.slice(DUAL_PHASES.indexOf(dual.target) + 1).map((phase) => ({
      changes: pods.map((pod) => ({ pods: [pod], by: 'restarted' as const })),
      next: materialOfDual(input, dual, phase),
    }));
  }
  if (bridge === undefined) return [];
  const phases = phasesOf(bridge);
  const by = (phase: EndPhase) => (phase === 'new' && rotatesByReload(bundle.desired) ? 'loaded its certificate' : 'restarted');
  return phases.slice(phases.indexOf(bridge.target) + 1).map((phase) => ({
    changes: pods.map((pod) => ({ pods: [pod], by: by(phase) })),
    next: materialOfPhase({ ...input, bridge }, phase),
  }));
}

const NONE = () => [];
const CHANGES: StepCases<readonly Change[]> = {
  probe: NONE,
  apply: NONE,
  publishTrustBundle: NONE,
  create: NONE,
  retryIssuance: NONE,
  reissue: NONE,
  withdrawRoot: NONE,
  widenTrust: NONE,
  awaitReady: NONE,
  awaitHealth: NONE,
  claimOwnership: NONE,
  record: NONE,
  configure: NONE,
  submitOpsRequest: ({ pods }) => pods.map(({ subject }) => ({ pods: [subject.name], by: 'restarted' as const })),
  supersede: NONE,
  pause: NONE,
  createPassword: NONE,
  issue: NONE,
  reconfigure: NONE,
  provisionerSync: NONE,
  evict: ({ pods }) => pods.map(({ subject }) => ({ pods: [subject.name], by: 'restarted' as const })),
  reload: ({ nodes }) => nodes.map(({ subject }) => ({ pods: [subject.name], by: 'loaded its certificate' as const })),
  verify: NONE,
  resume: NONE,
  delete: NONE,
};

function changesOf({ steps, cutover }: Pick<Plan, 'steps' | 'cutover'>): readonly Change[] {
  const changes = steps.flatMap((step: Step) => matchStep(step, CHANGES));
  if (cutover?.mode !== 'stop' || changes.length === 0) return changes;
  return [{ pods: changes.flatMap((c) => c.pods), by: 'restarted' }];
}
