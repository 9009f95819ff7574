/** The phases of a change of root, as a plan shows them: what each costs, and which root clients need for it. */
import type { Acknowledged } from '#model/acknowledgement';
import { rotatesByReload } from '#model/desired';
import { formatIssuerRef } from '#model/tls';
import type { Draft, Plan, PlannedPhase, PlannedRootChange, Step } from '../../model/plan';
import { dualChange } from '../dual/summary';
import { estimateOf } from '../estimate';
import { kafkaRef, type PlanInput, podRef } from '../plan-input';
import { lastPhaseApproval, trustedFrom } from './next-phase';
import { type BridgePhase, type EndPhase, phasesOf } from './phases';

/** Returns the change of root that a plan is part of; nothing if there is none. */
export function rootChangeOf(input: PlanInput, draft: Draft): { readonly rootChange?: PlannedRootChange } {
  const { bridge, dual } = input;
  if (dual !== undefined) return { rootChange: dualChange(input, dual, draft) };
  if (bridge === undefined) return {};
  const { issuer, signer, oldRoot, newRoot, isBack } = bridge;
  const [there, back] = [formatIssuerRef(issuer), formatIssuerRef({ kind: 'Issuer', name: signer })];
  const from = trustedFrom(input, bridge);
  const { keepOldRootFor } = input.bundle.desired;
  const acknowledge = isBack ? undefined : neededAcknowledgement(input, bridge);
  return {
    rootChange: {
      from: isBack ? there : back,
      to: isBack ? back : there,
      oldRoot: oldRoot.fingerprint,
      ...(newRoot === undefined ? {} : { newRoot: newRoot.fingerprint }),
      ...(isBack ? { isBack } : {}),
      phases: phasesOf(bridge).map((phase) => planned(input, bridge, draft, phase)),
      ...(acknowledge === undefined ? {} : { acknowledge }),
      ...(from === undefined || acknowledge === undefined ? {} : { trustedFrom: from }),
      ...(keepOldRootFor === undefined ? {} : { keepOldRootFor }),
    },
  };
}

/** Returns the estimate of a run that carries out every phase that may begin. */
export function withLaterPhases({ estimate }: Pick<Plan, 'estimate'>, { rootChange }: Pick<Plan, 'rootChange'>): Pick<Plan, 'estimate'> {
  if (estimate === undefined) return {};
  const isAllowed = rootChange?.acknowledge === undefined ? () => true : ({ name }: PlannedPhase) => name !== 'new' && name !== 'issued';
  const later = (rootChange?.phases ?? []).filter((p) => p.status === 'later' && isAllowed(p));
  const laterMs = later.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0);
  return { estimate: { ...estimate, durationMs: estimate.durationMs + laterMs } };
}

/** Returns the acknowledgement that the last phase will need; undefined if it is given, or none is needed. */
function neededAcknowledgement(input: PlanInput, bridge: BridgePhase): Acknowledged | undefined {
  const approved = lastPhaseApproval(input, bridge).obstacles.length === 0;
  if (approved) return undefined;
  const { newRoot, issuer } = bridge;
  return { kind: 'trustRootChangesTo', ...(newRoot === undefined ? { issuer: issuer.name } : { root: newRoot.fingerprint }) };
}

function planned(input: PlanInput, bridge: BridgePhase, draft: Draft, name: EndPhase): PlannedPhase {
  const status = statusOf(bridge, draft, name);
  const step = costOf(input, name);
  const { estimate } = status === 'now' ? estimateOf(input, draft) : estimateOf(input, { steps: step });
  const byReload = step.some((s) => s.kind === 'reload');
  return {
    name,
    status,
    ...(status === 'done' ? {} : { pods: input.live.pods.length, by: byReload ? ('reload' as const) : ('restart' as const) }),
    ...(status === 'done' || estimate === undefined ? {} : { durationMs: estimate.durationMs }),
  };
}

function statusOf(bridge: BridgePhase, { steps, obstacles = [] }: Draft, name: EndPhase): PlannedPhase['status'] {
  const { phase, target, isUnderWay, wait } = bridge;
  const order = phasesOf(bridge);
  if (name === target && (isUnderWay || name !== phase)) return steps.length === 0 && obstacles.length > 0 ? 'waits' : 'now';
  if (wait !== undefined && name === 'new') return 'waits';
  return order.indexOf(name) <= order.indexOf(target) ? 'done' : 'later';
}

/** Returns steps that take as long as those of a phase that is planned later. */
function costOf(input: PlanInput, name: EndPhase): readonly Step[] {
  const { live, bundle } = input;
  const subject = kafkaRef(live);
  const pods = live.pods.map((p) => ({ subject: podRef(live, p.name), findings: [], role: p.role, place: '' }));
  if (name === 'new' && rotatesByReload(bundle.desired)) return [{ kind: 'reload', subject, findings: [], nodes: pods }];
  const manifest = bundle.restart;
  return [{ kind: 'submitOpsRequest', subject, findings: [], manifest, operation: 'rotate', isContinued: false, pods }];
}
