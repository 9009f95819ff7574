/** An issuer that the desired state only refers to, and that does not exist: nothing is begun that would stop half done for want of it. */
import { KINDS, ref } from '../../../constructs/model/kube-object';
import { type IssuerRef, issuersOf } from '../../../constructs/model/tls';
import type { World } from '../checks/world';
import type { Draft, Obstacle, Step } from '../nouns';

/** Returns the issuers that steps need and that do not exist. One that could not be looked for is not missing. */
export function missingIssuer({ bundle, live }: World, { steps }: Draft): readonly Obstacle[] {
  if (bundle.tls === 'off' || !steps.some(needsIssuer)) return [];
  const isMissing = ({ kind, name }: IssuerRef) => {
    const isOurs = bundle.issuing.some((m) => m.kind === kind && m.metadata.name === name);
    const state = live.issuers.find((i) => i.kind === kind && i.name === name);
    return !isOurs && state !== undefined && state.object === undefined && state.unknown === undefined;
  };
  return issuersOf(bundle.tls)
    .filter(isMissing)
    .map(({ kind, name }) => ({
      kind: 'wait',
      until: 'issuance',
      subject: ref(KINDS[kind], live.namespace, name),
      message: 'does not exist, and certificates are to be issued by it',
      hint: 'Create the issuer, or name another one in the KafkaTls.',
    }));
}

function needsIssuer(step: Step): boolean {
  if (step.kind === 'submitOpsRequest') return step.operation !== 'restart' && step.operation !== 'remove' && !step.isContinued;
  return step.kind === 'issue' || step.kind === 'create' || step.kind === 'configure';
}
