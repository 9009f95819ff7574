/** Layer 5: what each pod was made from and serves. */
import { capabilitiesOf } from '#model/capabilities';
import { rotatesByReload } from '#model/desired';
import { KINDS, type ObjectRef, ref } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import { certificateOf, type TlsState } from '#model/tls';
import { mountedCertificateSecret } from '#reconciler/model/broker-pod';
import type { PodFacts, PodTemplate, SecretFacts } from '#reconciler/model/observation';
import type { Finding } from '#reconciler/model/plan';
import { hasLoadedTrust, isWidened } from '../dual/phases';
import { finding, type PodInput } from '../plan-input';

const POD_CHECKS = [
  podHasOldRevision, // made from a template with another certificate
  podServesOtherProtocol, // started before the configuration changed
  podDistrustsSecret, // started before the CA changed
  podHasOldCertificate, // started before its certificate was issued
  podStartedBeforeCertificate, // the same, for a pod whose listener is out of reach
  podHasOldTrust, // it may not trust both roots while the root changes
];

interface PodView {
  readonly pod: PodFacts;
  readonly set: PodTemplate | undefined;
  readonly secret: SecretFacts | undefined;
  readonly kafka: string;
  readonly tls: TlsState;
  readonly canReload: boolean;
  readonly canTrustBoth: boolean;
  readonly subject: ObjectRef;
}

/** Returns why pods must restart, at most one finding for each pod. Terminating pods are skipped. */
export function podFindings({ bundle, live }: PodInput): readonly Finding[] {
  return live.pods
    .filter((pod) => !pod.isTerminating)
    .flatMap((pod) => {
      const set = live.petSets.find((s) => s.name === pod.petSet);
      const mounted = mountedCertificateSecret(set?.object.spec?.template?.spec);
      const view: PodView = {
        pod,
        set,
        secret: live.secrets.find((s) => s.name === mounted),
        kafka: live.name,
        tls: bundle.tls,
        canReload: rotatesByReload(bundle.desired),
        canTrustBoth: capabilitiesOf(bundle.desired).ownsCertificates,
        subject: ref(KINDS.Pod, live.namespace, pod.name),
      };
      for (const check of POD_CHECKS) {
        const found = check(view);
        if (found !== undefined) return [found];
      }
      return [];
    });
}

/** Only the mounted certificate counts. A restart for another change of the template is another operation. */
function podHasOldRevision({ pod, set, subject, tls, kafka }: PodView): Finding | undefined {
  const template = mountedCertificateSecret(set?.object.spec?.template?.spec);
  const wanted = tls === 'off' ? undefined : certificateOf(kafka, tls, 'server').secretName;
  // A template that is not as desired itself is repaired first.
  if (set === undefined || template !== wanted || pod.certificateSecret === template) return undefined;
  const mounts = pod.certificateSecret === undefined ? 'no certificate' : `Secret ${pod.certificateSecret}`;
  return finding(subject, 'PodHasOldRevision', `made from an earlier template of its PetSet, with ${mounts}`);
}

function podServesOtherProtocol({ pod, tls, subject }: PodView): Finding | undefined {
  const wanted = tls === 'off' ? 'plaintext' : 'tls';
  const other = pod.served.find((s) => s.protocol !== 'unknown' && s.protocol !== wanted);
  const words = (protocol: string) => (protocol === 'tls' ? 'TLS' : protocol);
  return other === undefined
    ? undefined
    : finding(subject, 'PodServesOtherProtocol', `serves ${words(other.protocol)} on ${other.listener}, wanted ${words(wanted)}`);
}

function podDistrustsSecret({ pod, tls, subject, secret }: PodView): Finding | undefined {
  if (tls === 'off' || secret === undefined) return undefined;
  const other = pod.served.find((s) => s.isSignedBySecretCa === false);
  return other === undefined
    ? undefined
    : finding(subject, 'PodDistrustsSecret', `serves a certificate of another CA than Secret ${secret.name} holds`);
}

function podHasOldCertificate({ pod, tls, subject, secret }: PodView): Finding | undefined {
  if (tls === 'off' || secret?.leaf === undefined) return undefined;
  const other = pod.served.find((s) => s.leaf !== undefined && s.leaf.fingerprint !== secret.leaf?.fingerprint);
  return other === undefined
    ? undefined
    : finding(subject, 'PodHasOldCertificate', `serves another certificate than Secret ${secret.name} holds`);
}

/**
 * Kafka reads TLS material at its start: a container older than the certificate cannot serve it, also if its listener is out of reach. Where
 * nodes load certificates while they run, that proves nothing.
 */
function podStartedBeforeCertificate({ pod, tls, subject, secret, canReload }: PodView): Finding | undefined {
  if (canReload || tls === 'off' || secret?.leaf === undefined || pod.startedAt === undefined) return undefined;
  if (!pod.served.some((s) => s.protocol === 'unknown') || Date.parse(pod.startedAt) >= Date.parse(secret.leaf.notBefore)) return undefined;
  return finding(subject, 'PodHasOldCertificate', `started ${pod.startedAt}, before the certificate in Secret ${secret.name} was issued`);
}

/** A node does not show what it trusts. */
function podHasOldTrust({ pod, tls, subject, secret, canTrustBoth }: PodView): Finding | undefined {
  if (tls === 'off' || !canTrustBoth || secret === undefined || !isWidened(secret) || hasLoadedTrust(pod, secret)) return undefined;
  return finding(subject, 'PodHasOldTrust', `was created before Secret ${secret.name} held both roots`);
}

/** Returns pods with an unknown state: missing ones, ones that cannot start, ones out of reach. */
export function unknownPodFindings({ live }: PodInput): readonly Finding[] {
  if (live.kafka === undefined) return [];
  const missing = nodesOf(live.kafka)
    .filter((node) => !live.pods.some((p) => p.name === node.pod && !p.isTerminating))
    .map((node) => finding(ref(KINDS.Pod, live.namespace, node.pod), 'PodMissing', 'does not exist'));
  const unseen = live.pods.flatMap((pod) => {
    const subject = ref(KINDS.Pod, live.namespace, pod.name);
    if (pod.stuck !== undefined) return [finding(subject, 'PodStuck', `cannot start: ${pod.stuck}`)];
    const unknown = pod.served.find((s) => s.protocol === 'unknown');
    return unknown === undefined
      ? []
      : [finding(subject, 'PodServesUnknown', `${unknown.listener}: ${unknown.because ?? 'could not be seen'}`)];
  });
  return [...missing, ...unseen];
}
