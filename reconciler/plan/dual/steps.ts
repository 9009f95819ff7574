/** The steps of a change of root with two trusted roots that other changes do not have. */
import { asKind } from '#model/kinds/index';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { ALIASES, type Alias } from '#model/tls';
import type { Step } from '../../model/plan';
import { issuerSteps } from '../issuer-manifests';
import { certificateSecret, type PlanInput } from '../plan-input';
import { isTrustDue } from './findings';

/** Returns the steps after which the Secrets hold both roots. `reissued`: certificates that are issued before that. */
export function wideningSteps(input: PlanInput, reissued: ReadonlySet<Alias>): readonly Step[] {
  const { dual, live, bundle } = input;
  if (dual === undefined || dual.target === 'new') return [];
  const message =
    dual.target === 'both' ? 'nodes are to trust both roots' : 'nodes are to trust both roots until every one serves the new one';
  return ALIASES.flatMap((alias): readonly Step[] => {
    const secret = certificateSecret(live, bundle.tls, alias);
    if (secret === undefined || !(reissued.has(alias) || isTrustDue(input, alias))) return [];
    const subject = ref(KINDS.Secret, live.namespace, secret.name);
    const roots = dual.roots.map(({ fingerprint, pem }) => ({ fingerprint, pem }));
    return [{ kind: 'widenTrust', subject, findings: [{ subject, reason: 'RootAdded', message }], roots }];
  });
}

/** Returns the steps that apply issuers, and certificates of applications when every node serves the new root. */
export function dualIssuingSteps(input: PlanInput): readonly Step[] {
  const isOfApplication = (m: KubeObject) => m.kind === KINDS.Certificate.kind && asKind('Certificate', m).spec.isCA !== true;
  const isLate = input.dual?.target !== 'new';
  return issuerSteps(
    input,
    input.bundle.issuerManifests.filter((m) => !isLate || !isOfApplication(m)),
  );
}
