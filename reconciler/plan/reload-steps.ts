/** Steps of a rotation in which nodes load their certificate while they run. Both executors share them. */
import { ALIASES } from '#model/tls';
import type { PlannedReload, Step } from '../model/plan';
import type { Diff } from './diff';
import { kafkaRef, type PlanInput } from './plan-input';
import { plannedReloads, type ReloadDecision } from './reload';
import { leaderOf, restartOrder } from './restart-order';
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
  return {
    operation: 'reload',
    steps: [...resumeSteps(input), ...issueAndReload(rotated, reload), verification(input)],
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
  return [...issue, ...trust.issued, ...loadSteps(input, plannedReloads(input, diff, reload.reloads))];
}

/** Returns the steps of a rotation that follows another operation. Nodes are asked for their settings when that operation is done. */
export function rotationAfterwards({ input, diff }: Pick<Rotated, 'input' | 'diff'>): readonly Step[] {
  const findings = diff.rotation.filter((f) => !diff.replaced.has(f.alias));
  const aliases = findings.map((f) => f.alias);
  const pods = aliases.includes('server') ? restartOrder(input.live.pods, leaderOf(input.live)) : [];
  return [
    ...issueSteps(input, { findings, rotate: aliases, isRootChange: false }).filter((s) => s.kind === 'issue'),
    ...loadSteps(input, plannedReloads(input, diff, pods)),
    verification(input),
  ];
}

function loadSteps({ live }: PlanInput, nodes: readonly PlannedReload[]): readonly Step[] {
  return nodes.length === 0 ? [] : [{ kind: 'reload', subject: kafkaRef(live), findings: [], nodes }];
}

function verification({ live }: PlanInput): Step {
  return { kind: 'verify', subject: kafkaRef(live), findings: [] };
}
