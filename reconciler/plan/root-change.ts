/** The change of root that nodes are led through without a cut-over: with a bridge if there is one, else with two trusted roots. */
import { withBridge } from './bridge/next-phase';
import { withDual } from './dual/next-phase';
import type { PlanInput } from './plan-input';

/** Returns the input with the change of root; its TLS state is the one that the next phase needs. */
export function withRootChange(input: PlanInput): PlanInput {
  const bridged = withBridge(input);
  return bridged.bridge === undefined ? withDual(input) : bridged;
}
