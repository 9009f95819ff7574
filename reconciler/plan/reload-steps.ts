/** Steps of a rotation in which nodes load their certificate while they run. Both executors share them. */
import { ALIASES } from '#model/tls';
import type { PlannedReload, Step } from '../model/plan';
import type { Diff } from './diff';
import { areNodesUnknown, kafkaRef, type PlanInput } from './plan-input';
import { plannedReloads, type ReloadDecision } from './reload';
import { reloadNotes } from './reload-notes';
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
    notes: reloadNotes(input, reload),
  } as const;
}

/** Returns the steps that issue certificates again and make nodes load them. */
export function issueAndReload({ input, diff, trust }: Rotated, reload: ReloadDecision): readonly Step[] {
  const findings = [...diff.issuanceInProgress, ...diff.rotation];
  const rotate = ALIASES.filter((alias) => diff.rotation.some((f) => f.alias === alias));
  // The password of the key stores was needed for the certificates that nodes serve.
  const issue = issueSteps(input, { findings, rotate, isRootChange: false }).filter((s) => s.kind === 'issue');
  return [...issue, ...trust.issued, ...loadSteps(input, plannedReloads(input, diff, reload), diff.reissued.has('server'))];
}

/** Returns the steps of a rotation that follows another operation. Nodes are asked for their settings when that operation is done. */
export function rotationAfterwards({ input, diff }: Pick<Rotated, 'input' | 'diff'>): readonly Step[] {
  const findings = diff.rotation.filter((f) => !diff.replaced.has(f.alias));
  const aliases = findings.map((f) => f.alias);
  const pods = aliases.includes('server') ? input.live.pods : [];
  const later = { reloads: restartOrder(pods, leaderOf(input.live)), undecided: pods };
  return [
    ...issueSteps(input, { findings, rotate: aliases, isRootChange: false }).filter((s) => s.kind === 'issue'),
    ...loadSteps(input, plannedReloads(input, diff, later), aliases.includes('server')),
    verification(input),
  ];
}

/** Where the nodes are unknown, the step that loads the certificate has none. */
function loadSteps({ live }: PlanInput, nodes: readonly PlannedReload[], isReissued: boolean): readonly Step[] {
  const isNeeded = nodes.length > 0 || (isReissued && areNodesUnknown(live));
  return !isNeeded ? [] : [{ kind: 'reload', subject: kafkaRef(live), findings: [], nodes }];
}

function verification({ live }: PlanInput): Step {
  return { kind: 'verify', subject: kafkaRef(live), findings: [] };
}
