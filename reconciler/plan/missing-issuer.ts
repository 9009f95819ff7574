/** An issuer that the desired state only refers to, and that does not exist: nothing is begun that would stop half done for want of it. */
import { KINDS, ref } from '../../constructs/model/kube-object';
import { type IssuerRef, issuersOf } from '../../constructs/model/tls';
import type { World } from './checks/world';
import type { Obstacle, Step } from './nouns';

/** Returns what stands in the way of steps that need a certificate issued. An issuer that could not be looked for is not missing. */
export function missingIssuer({ bundle, live }: World, steps: readonly Step[]): Obstacle | undefined {
  if (bundle.tls === 'off' || !steps.some(needsIssuer)) return undefined;
  const isMissing = ({ kind, name }: IssuerRef) => {
    const isOurs = bundle.issuing.some((m) => m.kind === kind && m.metadata.name === name);
    const state = live.issuers.find((i) => i.kind === kind && i.name === name);
    return !isOurs && state !== undefined && state.object === undefined && state.unknown === undefined;
  };
  const missing = issuersOf(bundle.tls).find(isMissing);
  if (missing === undefined) return undefined;
  return {
    kind: 'wait',
    until: 'issuance',
    subject: ref(KINDS[missing.kind], live.namespace, missing.name),
    message: 'does not exist, and certificates are to be issued by it',
    hint: 'Create the issuer, or name another one in the KafkaTls.',
  };
}

function needsIssuer(step: Step): boolean {
  if (step.kind === 'submitOpsRequest') return step.operation !== 'restart' && step.operation !== 'remove' && !step.isContinued;
  return step.kind === 'issue' || step.kind === 'create' || step.kind === 'configure';
}
