/** Layers 1 and 4: the Kafka's spec, and the PetSets and configuration Secrets that KubeDB derives from it. */

import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import type { Kafka } from '#model/kinds/index';
import { isEqual, KINDS, ref } from '#model/kube-object';
import { formatIssuerRef, normalizeTls, tlsStateOf } from '#model/tls';
import { differingCertificates, isSameTls } from '#model/tls-effect';
import { CONFIG_KEYS, configData, mountedCertificateSecret, withCertificateVolume } from '#reconciler/model/broker-pod';
import type { PetSetObservation, PetSetState } from '#reconciler/model/observation';
import type { Finding } from '#reconciler/model/plan';
import { desiredKafka, differ, finding, type PlanInput } from '../plan-input';

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
  return finding(ref(KINDS.Secret, live.namespace, set.configSecret), 'ConfigDiffers', differ(keys));
}

/** Returns how the Kafka's spec differs from the desired TLS state. */
export function kafkaFindings({ bundle, live }: PlanInput): readonly Finding[] {
  const { kafka } = live;
  if (kafka === undefined) return [];
  const subject = ref(KINDS.Kafka, live.namespace, live.name);
  const has = tlsStateOf(kafka.spec);
  const wants = bundle.tls;
  if (isSameTls(live.name, has, wants)) return [];
  if (has === 'off') return [finding(subject, 'TlsDisabled', 'spec.enableSSL and spec.tls: TLS is off, wanted on')];
  if (wants === 'off') return [finding(subject, 'TlsEnabled', 'spec.enableSSL and spec.tls: TLS is on, wanted off')];
  if (!isEqual(normalizeTls(live.name, has).issuerRef, normalizeTls(live.name, wants).issuerRef)) {
    const message = `spec.tls.issuerRef is ${formatIssuerRef(has.issuerRef)}, wanted ${formatIssuerRef(wants.issuerRef)}`;
    return [finding(subject, 'IssuerChanged', message)];
  }
  const fields = differingCertificates(live.name, has, wants);
  return [finding(subject, 'CertificatesChanged', `spec.tls.certificates: ${differ(fields)}`)];
}
