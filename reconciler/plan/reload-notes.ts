/** Notes of a plan in which nodes may load their certificate while they run. */
import { capabilitiesOf } from '#model/capabilities';
import type { PlanInput } from './plan-input';
import type { ReloadDecision } from './reload';

const NO_RESTART =
  'No pod restarts: nodes load the certificate while they run. Open connections keep the certificate with which they began.';

/** Returns the note on the nodes that load their certificate. */
export function reloadNotes({ bundle }: PlanInput, { reloads, restarts, undecided }: ReloadDecision): readonly string[] {
  const [first] = undecided;
  if (first === undefined) return reloads.length === 0 || restarts.length > 0 ? [] : [NO_RESTART];
  const { node } = first;
  const because = node !== undefined && 'unknown' in node ? node.unknown : 'they were not read';
  return [`${decidedInCluster(bundle.desired)}: the settings cannot be read here (${first.name}: ${because}).`];
}

/** Returns the beginning of a note on nodes whose settings are not known yet. */
export function decidedInCluster(desired: PlanInput['bundle']['desired']): string {
  const restart = capabilitiesOf(desired).needsOpsManager ? 'KubeDB restarts all pods' : 'their pods restart';
  const otherwise = desired.rotation?.otherwise === 'fail' ? 'the run ends before a pod restarts for it' : restart;
  return `Nodes load the certificate while they run if their settings allow it, otherwise ${otherwise}. The run in the cluster decides`;
}

/** Returns the note on an executor that cannot restart single pods. */
export function wholeRestartNotes(decision: ReloadDecision | undefined): readonly string[] {
  return (decision?.restarts ?? [])
    .filter((r) => !r.isForOther)
    .map(({ pod, because }) => `${pod.name} cannot load a new certificate while it runs (${because}), so KubeDB restarts all pods.`);
}
