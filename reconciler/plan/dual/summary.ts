/** The phases of a change of root with two trusted roots, as a plan shows them. */
import { formatIssuerRef } from '#model/tls';
import type { Draft, PlannedPhase, PlannedRootChange, Step } from '../../model/plan';
import { estimateOf } from '../estimate';
import { kafkaRef, type PlanInput, podRef } from '../plan-input';
import { dualTrustedFrom, issuedApproval } from './next-phase';
import { DUAL_PHASES, type DualPhase, type DualPhaseName } from './phases';

/** Returns the change of root that a plan is part of. */
export function dualChange(input: PlanInput, dual: DualPhase, draft: Draft): PlannedRootChange {
  const { issuer, from, oldRoot, newRoot, phase } = dual;
  const wanted = { ...input, bundle: dual.wanted };
  const isMissing = phase !== 'issued' && issuedApproval(wanted, dual).obstacles.length > 0;
  const { keepOldRootFor } = input.bundle.desired;
  const trustedFrom = isMissing ? dualTrustedFrom(wanted, dual) : undefined;
  return {
    from,
    to: formatIssuerRef(issuer),
    oldRoot: oldRoot.fingerprint,
    ...(newRoot === undefined ? {} : { newRoot: newRoot.fingerprint }),
    trustsBoth: true,
    phases: DUAL_PHASES.map((name) => planned(input, dual, draft, name)),
    ...(isMissing
      ? {
          acknowledge: { kind: 'trustRootChangesTo', ...(newRoot === undefined ? { issuer: issuer.name } : { root: newRoot.fingerprint }) },
        }
      : {}),
    ...(trustedFrom === undefined ? {} : { trustedFrom }),
    ...(keepOldRootFor === undefined ? {} : { keepOldRootFor }),
  };
}

function planned(input: PlanInput, dual: DualPhase, draft: Draft, name: DualPhaseName): PlannedPhase {
  const status = statusOf(dual, draft, name);
  if (status === 'done') return { name, status };
  const { estimate } = estimateOf(input, status === 'now' ? draft : { steps: restartOfAll(input) });
  return {
    name,
    status,
    pods: input.live.pods.length,
    by: 'restart',
    ...(estimate === undefined ? {} : { durationMs: estimate.durationMs }),
  };
}

function statusOf(
  { phase, target, isUnderWay, wait }: DualPhase,
  { steps, obstacles = [] }: Draft,
  name: DualPhaseName,
): PlannedPhase['status'] {
  if (name === target && (isUnderWay || name !== phase)) return steps.length === 0 && obstacles.length > 0 ? 'waits' : 'now';
  if (wait !== undefined && name === 'issued') return 'waits';
  return DUAL_PHASES.indexOf(name) <= DUAL_PHASES.indexOf(target) ? 'done' : 'later';
}

/** Returns a step that takes as long as a phase that is planned later. */
function restartOfAll({ live, bundle }: PlanInput): readonly Step[] {
  const pods = live.pods.map((p) => ({ subject: podRef(live, p.name), findings: [], role: p.role, place: '' }));
  return [
    {
      kind: 'submitOpsRequest',
      subject: kafkaRef(live),
      findings: [],
      manifest: bundle.restart,
      operation: 'restart',
      isContinued: false,
      pods,
    },
  ];
}
