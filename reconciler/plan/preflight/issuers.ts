/**
 * Issuers that the desired state only refers to: one that is missing or not Ready issues nothing, and nothing is begun that would stop half
 * done for want of it. Those of the bundle are made Ready by the plan itself.
 */
import { KINDS, type KubeObject, ref } from '../../../constructs/model/kube-object';
import { issuersOf } from '../../../constructs/model/tls';
import { statusOf } from '../../status';
import type { World } from '../checks/world';
import type { Draft, Obstacle, Step } from '../nouns';
import type { IssuerState } from '../observation';

/** Returns one obstacle an issuer that steps need and that cannot issue yet. Of one that could not be looked at nothing is assumed. */
export function issuerIsNotReady({ bundle, live }: World, { steps }: Draft): readonly Obstacle[] {
  if (bundle.tls === 'off' || !steps.some(needsIssuer)) return [];
  const isOurs = (kind: string, name: string) => bundle.issuing.some((m) => m.kind === kind && m.metadata.name === name);
  return issuersOf(bundle.tls)
    .filter(({ kind, name }) => !isOurs(kind, name))
    .flatMap(({ kind, name }) => live.issuers.filter((i) => i.kind === kind && i.name === name))
    .flatMap((issuer) => obstacleOf(issuer, bundle.issuing, live.namespace) ?? []);
}

function needsIssuer(step: Step): boolean {
  if (step.kind === 'submitOpsRequest') return step.operation !== 'restart' && step.operation !== 'remove' && !step.isContinued;
  return step.kind === 'issue' || step.kind === 'create' || step.kind === 'configure';
}

function obstacleOf({ kind, name, object, unknown }: IssuerState, issuing: readonly KubeObject[], namespace: string): Obstacle | undefined {
  if (unknown !== undefined) return undefined;
  const waits = { kind: 'wait' as const, until: 'issuance' as const, subject: ref(KINDS[kind], namespace, name) };
  if (object === undefined) {
    const message = 'does not exist, and certificates are to be issued by it';
    return { ...waits, message, hint: 'Create the issuer, or name another one in the KafkaTls.' };
  }
  const { state, reason } = statusOf(object);
  if (state === 'Current' || isFedBy(issuing, object)) return undefined;
  const message = `is not Ready, and certificates are to be issued by it${reason === '' ? '' : `: ${reason}`}`;
  return { ...waits, message, hint: "Look at the issuer's status and cert-manager's log, or name another one in the KafkaTls." };
}

/** It signs with a CA that the plan is about to have issued. */
function isFedBy(issuing: readonly KubeObject[], issuer: KubeObject): boolean {
  const secretName: unknown = issuer.spec?.ca?.secretName;
  return issuing.some((m) => m.kind === KINDS.Certificate.kind && m.spec?.secretName === secretName);
}
