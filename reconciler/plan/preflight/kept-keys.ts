/**
 * Certificates that keep their key (`rotationPolicy: Never`), as CAs do, and whose desired key is of another kind. cert-manager would neither
 * make that key nor issue with the old one: there would be no new certificate until the Secret is deleted.
 */
import { formatKeyKind, keyKindOf } from '#model/key-kind';
import { isKind } from '#model/kinds/index';
import { isEqual, refOf } from '#model/kube-object';
import type { Obstacle } from '#reconciler/model/plan';
import type { PlanInput } from '../plan-input';

/** Returns one obstacle for each Certificate whose key would have to be replaced and is kept. */
export function keptKeyDoesNotFit({ bundle, live }: PlanInput): readonly Obstacle[] {
  return bundle.issuerManifests
    .filter((m) => isKind('Certificate', m))
    .filter((m) => m.spec.privateKey?.rotationPolicy === 'Never')
    .flatMap((manifest) => {
      const existing = live.certificates.find((c) => c.metadata.name === manifest.metadata.name);
      const [has, wanted] = [keyKindOf(existing?.spec?.privateKey), keyKindOf(manifest.spec.privateKey)];
      if (existing === undefined || isEqual(has, wanted)) return [];
      return [
        {
          kind: 'invalid' as const,
          subject: refOf(manifest),
          message: `cert-manager keeps its key (rotationPolicy Never), which is ${formatKeyKind(has)}, wanted ${formatKeyKind(wanted)}`,
          hint: 'Give the CA another name, as TlsIssuer.selfSignedCa({ name }) does: that is a change of the root.',
        },
      ];
    });
}
