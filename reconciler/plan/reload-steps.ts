/** Steps of a rotation in which nodes load their certificate while they run. Both executors share them. */
import { ALIASES } from '#model/tls';
import type { Step } from '../model/plan';
import type { Diff } from './diff';
import { kafkaRef, type PlanInput } from './plan-input';
import { plannedReloads, type ReloadDecision } from './reload';
import { issueSteps, resumeSteps } from './steps';
import type { TrustBundleSteps } from './trust-bundle-steps';

interface Rotated {
  readonly input: PlanInput;
  readonly diff: Diff;
  readonly trust: TrustBundleSteps;
}

/** Returns the work of a rotation in which every node loads its certificate while it runs: no request and no pause. */
export function reloadWork(rotated: Rotated, reload: ReloadDecision) {
  const { input } = rotated;
  const verify: Step = { kind: 'verify', subject: kafkaRef(input.live), findings: [] };
  return {
    operation: 'reload',
    steps: [...resumeSteps(input), ...issueAndReload(rotated, reload), verify],
    pods: [],
    mode: 'begin',
    notes: reload.reloads.length === 0 ? [] : [NO_RESTART],
  } as const;
}

const NO_RESTART =
  'No pod restarts: nodes load the certificate while they run. Open connections keep the certificate with which they began.';

/** Returns the steps that issue certificates again and make nodes load them. */
export function issueAndReload({ input, diff, trust }: Rotated, reload: ReloadDecision): readonly Step[] {
  const findings = [...diff.issuanceInProgress, ...diff.rotation];
  const rotate = ALIASES.filter((alias) => diff.rotation.some((f) => f.alias === alias));
  // The password of the key stores was needed for the certificates that nodes serve.
  const issue = issueSteps(input, { findings, rotate, isRootChange: false }).filter((s) => s.kind === 'issue');
  const nodes = plannedReloads(input, diff, reload);
  const load: readonly Step[] = nodes.length === 0 ? [] : [{ kind: 'reload', subject: kafkaRef(input.live), findings: [], nodes }];
  return [...issue, ...trust.issued, ...load];
}
