/**
 * Issuers that the plan needs and that cannot issue yet: they are missing, not Ready, or their Secret holds no CA. Then no operation begins,
 * since it would stop half done. Issuers of the bundle, and CAs that the bundle has issued, become Ready by the plan.
 */
import { type Issuer, isKind } from '#model/kinds/index';
import { formatRef, type KubeObject, type ObjectRef } from '#model/kube-object';
import { statusOf } from '#reconciler/model/object-status';
import type { CaProblem, IssuerState } from '#reconciler/model/observation';
import type { Draft, Obstacle } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';
import { certificatesToIssue } from './wanted-certificates';

/** Returns one obstacle for each issuer that steps need. Nothing is assumed about an issuer that could not be read. */
export function issuerIsNotReady(input: PlanInput, draft: Draft): readonly Obstacle[] {
  const { issuerManifests } = input.bundle;
  const needed = new Map(certificatesToIssue(input, draft).map(({ issuer }) => [formatRef(issuer), issuer]));
  return [...needed.values()].flatMap((subject) => {
    const state = input.live.issuers.find((i) => i.kind === subject.kind && i.name === subject.name);
    return state === undefined ? [] : (obstacleOf(subject, state, issuerManifests) ?? []);
  });
}

function obstacleOf(subject: ObjectRef, { object, unknown, caProblem }: IssuerState, issuing: readonly KubeObject[]): Obstacle | undefined {
  if (unknown !== undefined) return undefined;
  const manifest = issuing.filter((m) => isKind('Issuer', m)).find((m) => m.kind === subject.kind && m.metadata.name === subject.name);
  const spec = (manifest ?? object)?.spec;
  if (isFedBy(issuing, spec)) return undefined;
  if (caProblem !== undefined) return caIsMissing(subject, caProblem);
  if (manifest !== undefined) return undefined;
  const waits = { kind: 'wait' as const, until: 'issuance' as const, subject };
  if (object === undefined) {
    const message = 'does not exist, and certificates are to be issued by it';
    return { ...waits, message, hint: 'Create the issuer, or name another one in the KafkaTls.' };
  }
  const { state, reason } = statusOf(object);
  if (state === 'Current') return undefined;
  const message = `is not Ready, and certificates are to be issued by it${reason === '' ? '' : `: ${reason}`}`;
  const kind = state === 'Failed' ? ('blocked' as const) : waits.kind;
  return { ...waits, kind, message, hint: "Look at the issuer's status and cert-manager's log, or name another one in the KafkaTls." };
}

/** Tells whether an issuer signs with a CA that the bundle issues. */
function isFedBy(issuing: readonly KubeObject[], spec: Issuer['spec']): boolean {
  const secretName = spec?.ca?.secretName;
  return issuing.some((m) => isKind('Certificate', m) && m.spec.secretName === secretName);
}

/** A Secret that is missing or incomplete may still be written; a Secret without a CA must be replaced. */
function caIsMissing(subject: ObjectRef, { problem, isFinal }: CaProblem): Obstacle {
  const message = `cannot sign the certificates: ${problem}`;
  const hint = 'Put the certificate and the key of a CA into the Secret, as tls.crt and tls.key.';
  return { kind: isFinal ? 'blocked' : 'wait', until: 'issuance', subject, message, hint };
}
