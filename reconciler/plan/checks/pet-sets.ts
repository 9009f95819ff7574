/** Layer 4: PetSets and configuration Secrets. */
import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import type { Kafka } from '#model/kinds/index';
import { KINDS, ref } from '#model/kube-object';
import { CONFIG_KEYS, configData, mountedCertificateSecret, withCertificateVolume } from '#reconciler/model/broker-pod';
import type { PetSetObservation, PetSetState } from '#reconciler/model/observation';
import type { Finding } from '#reconciler/model/plan';
import { desiredKafka, finding } from '../plan-input';

/** Returns the PetSets and configuration Secrets that do not have the desired TLS state. */
export function petSetFindings({ bundle, live }: { readonly bundle: Bundle; readonly live: PetSetObservation }): readonly Finding[] {
  if (live.kafka === undefined) return [];
  const kafka = desiredKafka(live.kafka, bundle.tls);
  return live.petSets
    .flatMap((set) => [templateDiffers(kafka, set, live), configDiffers(kafka, set, live, bundle)])
    .filter((f) => f !== undefined);
}

function templateDiffers(kafka: Kafka, set: PetSetState, live: PetSetObservation): Finding | undefined {
  const template = set.object.spec.template;
  const has = mountedCertificateSecret(template?.spec);
  const wanted = mountedCertificateSecret(withCertificateVolume(kafka, template).spec);
  if (has === wanted) return undefined;
  const subject = ref(KINDS.PetSet, live.namespace, set.name);
  const words = (secret: string | undefined) => (secret === undefined ? 'no certificate' : `Secret ${secret}`);
  return finding(subject, 'TemplateDiffers', `its pods mount ${words(has)}, wanted ${words(wanted)}`);
}

/**
 * Checked only under `native`: under `ops-request` KubeDB writes its configuration, in a way that is not public. Only settings that TLS decides
 * are compared: other listeners and settings, comments and spelling belong to KubeDB and the user.
 */
function configDiffers(kafka: Kafka, set: PetSetState, live: PetSetObservation, bundle: Bundle): Finding | undefined {
  const { config, role } = set;
  if (!capabilitiesOf(bundle.desired).ownsConfiguration || config === undefined) return undefined;
  const wanted = configData(kafka, role, undefined, config);
  const keys = Object.values(CONFIG_KEYS).filter((key) => config[key] !== wanted[key]);
  if (keys.length === 0) return undefined;
  return finding(
    ref(KINDS.Secret, live.namespace, set.configSecret),
    'ConfigDiffers',
    `${keys.join(', ')} differ${keys.length === 1 ? 's' : ''}`,
  );
}
