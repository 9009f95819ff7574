/**
 * What of the live state is not as desired, layer by layer. A check is named after the violation it finds; a chain stops at the first
 * finding for its subject, so that later checks may rely on earlier ones. The lists below are the policy, in order.
 *
 *     Kafka.spec -> Certificates -> Secrets -> PetSets and configuration -> what each pod serves
 *
 * Everything here is pure; the live state was judged as "unknown" or "absent" when it was observed, and unknown is never taken for wrong.
 */

import type { Bundle } from '../../constructs/model/bundle';
import { goDurationMs } from '../../constructs/model/go-duration';
import { isEqual, KINDS, type KubeObject, type ObjectRef, ref } from '../../constructs/model/kube-object';
import {
  brokerCertificate,
  type CertificateOwner,
  CONFIG_KEYS,
  configData,
  keystoreCredSecret,
  mountedCertificateSecret,
  nodesOf,
  withCertificateVolume,
  withoutPasswords,
} from '../../constructs/model/kubedb';
import {
  ALIASES,
  type Alias,
  certificateOf,
  defaultSecretName,
  formatIssuerRef,
  isSameTls,
  issuerOf,
  normalizeTls,
  type TlsConfig,
  type TlsState,
  tlsStateOf,
} from '../../constructs/model/tls';
import { statusOf } from '../status';
import type { Finding, Reason } from './nouns';
import type { CertificateFacts, Observation, PetSetState, PodFacts, SecretFacts } from './observation';

/** What every check sees. */
export interface World {
  readonly bundle: Bundle;
  readonly live: Observation;
  readonly now: Date;
}

/** A finding about one alias. */
export interface AliasFinding extends Finding {
  readonly alias: Alias;
}

/** Leaf issued this long before `issuedAfter` still counts: issuers backdate against clock skew. */
export const BACKDATING_TOLERANCE_MS = 60_000;

/** Returns the live Kafka with the desired TLS state in its spec: what PetSets and configuration are derived from. */
export function desiredKafka(kafka: KubeObject, tls: TlsState): KubeObject {
  const { enableSSL: _enabled, tls: _tls, ...spec } = kafka.spec ?? {};
  return tls === 'off' ? { ...kafka, spec } : { ...kafka, spec: { ...spec, enableSSL: true, tls: normalizeTls(kafka.metadata.name, tls) } };
}

function finding(subject: ObjectRef, reason: Reason, message: string): Finding {
  return { subject, reason, message };
}

// Layer 1: Kafka.spec

/** Returns how the Kafka's spec differs from the desired TLS state. */
export function kafkaFindings({ bundle, live }: World): readonly Finding[] {
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
  return [finding(subject, 'CertificatesChanged', `spec.tls.certificates: ${differingFields(live.name, has, wants)}`)];
}

function differingFields(kafka: string, has: TlsConfig, wants: TlsConfig): string {
  const aliases = [...new Set([...has.certificates, ...wants.certificates].map((c) => c.alias))];
  const fields = aliases.flatMap((alias) => {
    const [a, b] = [certificateOf(kafka, has, alias), certificateOf(kafka, wants, alias)] as unknown as Record<string, unknown>[];
    return Object.keys({ ...a, ...b })
      .filter((key) => !isEqual(a?.[key], b?.[key]))
      .map((key) => `${alias}.${key}`);
  });
  return `${fields.join(', ')} differ${fields.length === 1 ? 's' : ''}`;
}

// Layer 2: Certificates

const CERTIFICATE_CHECKS = [
  certificateIsMissing, // nothing else can be said of it then
  certificateDiffers, // its spec is not what the TLS state asks for
  certificateIsNotReady, // it is being issued, or cert-manager has not seen its latest generation
];

interface AliasView extends World {
  readonly alias: Alias;
  readonly tls: TlsConfig;
  readonly certificate: KubeObject | undefined;
  readonly secret: SecretFacts | undefined;
  readonly subject: ObjectRef;
}

function aliasViews(world: World): readonly AliasView[] {
  const { bundle, live } = world;
  const { tls } = bundle;
  if (tls === 'off') return [];
  return ALIASES.map((alias) => {
    const name = defaultSecretName(live.name, alias);
    const { secretName } = certificateOf(live.name, tls, alias);
    return {
      ...world,
      alias,
      tls,
      certificate: live.certificates.find((c) => c.metadata.name === name),
      secret: live.secrets.find((s) => s.name === secretName),
      subject: ref(KINDS.Certificate, live.namespace, name),
    };
  });
}

/** Returns what of the broker Certificates is not as desired. */
export function certificateFindings(world: World): readonly AliasFinding[] {
  return aliasViews(world).flatMap((view) => firstOf(CERTIFICATE_CHECKS, view));
}

function firstOf(checks: readonly ((view: AliasView) => Finding | undefined)[], view: AliasView): readonly AliasFinding[] {
  for (const check of checks) {
    const found = check(view);
    if (found !== undefined) return [{ ...found, alias: view.alias }];
  }
  return [];
}

/** Returns the Certificate that an alias ought to have: the bundle's, where the user may have patched it, else KubeDB's. */
export function wantedCertificate({ bundle, live }: World, alias: Alias): KubeObject {
  const name = defaultSecretName(live.name, alias);
  const given = bundle.brokerCertificates.find((c) => c.metadata.name === name);
  if (given !== undefined) return given;
  return brokerCertificate(certificateOwner(live), bundle.tls as TlsConfig, alias);
}

/** Returns what of the live Kafka a broker Certificate depends on. */
export function certificateOwner(live: Observation): CertificateOwner {
  const credentials = live.kafka === undefined ? `${live.name}-keystore-cred` : keystoreCredSecret(live.kafka);
  return { name: live.name, namespace: live.namespace, keystoreCredSecret: credentials };
}

function certificateIsMissing({ certificate, subject }: AliasView): Finding | undefined {
  return certificate === undefined ? finding(subject, 'CertificateMissing', 'missing') : undefined;
}

function certificateDiffers(view: AliasView): Finding | undefined {
  const fields = certificateDifferences(view);
  if (fields.length === 0) return undefined;
  return finding(view.subject, 'CertificateDiffers', `spec.${fields.join(', spec.')} differ${fields.length === 1 ? 's' : ''}`);
}

/** Under `ops-request` KubeDB writes the Certificate: only what the Kafka's spec says of it is held against it. */
const OPS_REQUEST_FIELDS = ['secretName', 'issuerRef', 'dnsNames', 'ipAddresses', 'uris', 'emailAddresses', 'subject'];

function certificateDifferences(view: AliasView): readonly string[] {
  const wanted = wantedCertificate(view, view.alias).spec;
  const has = view.certificate?.spec ?? {};
  const isNative = view.bundle.desired.executor === 'native';
  const isUsersDuration = certificateOf(view.live.name, view.tls, view.alias).duration !== undefined;
  const fields = isNative ? Object.keys(wanted) : [...OPS_REQUEST_FIELDS, ...(isUsersDuration ? ['duration'] : [])];
  return fields.filter((f) => wanted[f] !== undefined && !holds(f, has[f], wanted[f], isNative));
}

function holds(field: string, has: unknown, wanted: unknown, isExact: boolean): boolean {
  if (field === 'duration' || field === 'renewBefore') return goDurationMs(String(has)) === goDurationMs(String(wanted));
  if (Array.isArray(wanted)) {
    const live = new Set(Array.isArray(has) ? has : []);
    return wanted.every((item) => live.has(item)) && (!isExact || live.size === new Set(wanted).size);
  }
  if (typeof wanted === 'object' && wanted !== null) {
    // A server adds defaults to what was sent; only what was asked for is compared.
    return Object.entries(wanted).every(([key, value]) => holds(key, (has as Record<string, unknown> | undefined)?.[key], value, isExact));
  }
  return has === wanted;
}

function certificateIsNotReady({ certificate, subject }: AliasView): Finding | undefined {
  const { state, reason } = statusOf(certificate);
  return state === 'Current' ? undefined : finding(subject, 'CertificateNotReady', reason);
}

// Layer 3: Secrets

const SECRET_CHECKS = [
  secretIsMissing, // cert-manager makes it
  secretIsIncomplete, // a pod that mounts it could not start
  secretIsFromOtherIssuer, // the issuer was changed and nothing issued since
  secretLacksNames, // names were added and nothing issued since
];

const ROTATION_CHECKS = [
  keyEncodingDiffers, // cert-manager applies another encoding only at the next issuance
  certificateIsTooOld, // issued before issuedAfter
  certificateIsExpiring, // closer to its end than beforeExpiry
];

/** Returns what of the broker certificates' Secrets is not as desired. */
export function secretFindings(world: World): readonly AliasFinding[] {
  return aliasViews(world).flatMap((view) => firstOf(SECRET_CHECKS, view));
}

/** Returns which leaf certificates have to be replaced though nothing asks cert-manager for it: too old, or in another key encoding. */
export function rotationFindings(world: World): readonly AliasFinding[] {
  return aliasViews(world).flatMap((view) => firstOf(ROTATION_CHECKS, view));
}

/** Keys of a certificate's Secret that a pod mounts. */
export const REQUIRED_KEYS = ['ca.crt', 'tls.crt', 'tls.key', 'keystore.jks', 'truststore.jks'];

function secretIsMissing({ secret, subject }: AliasView): Finding | undefined {
  return secret === undefined ? finding(subject, 'SecretMissing', 'its Secret is missing') : undefined;
}

function secretIsIncomplete({ secret, subject }: AliasView): Finding | undefined {
  if (secret === undefined) return undefined;
  const missing = REQUIRED_KEYS.filter((key) => !secret.keys.includes(key));
  if (missing.length > 0) return finding(subject, 'SecretIncomplete', `Secret ${secret.name} lacks ${missing.join(', ')}`);
  if (secret.leaf === undefined)
    return finding(subject, 'SecretIncomplete', `Secret ${secret.name}: ${secret.unreadable ?? 'no certificate'}`);
  return undefined;
}

function secretIsFromOtherIssuer({ secret, subject, tls, alias }: AliasView): Finding | undefined {
  const wanted = issuerOf(tls, alias);
  const name = secret?.annotations['cert-manager.io/issuer-name'];
  const kind = secret?.annotations['cert-manager.io/issuer-kind'] || 'Issuer';
  if (name === undefined || (name === wanted.name && kind === wanted.kind)) return undefined;
  return finding(subject, 'SecretFromOtherIssuer', `its Secret was issued by ${kind}/${name}, wanted ${formatIssuerRef(wanted)}`);
}

function secretLacksNames(view: AliasView): Finding | undefined {
  const leaf = view.secret?.leaf;
  if (leaf === undefined) return undefined;
  const wanted = wantedCertificate(view, view.alias).spec;
  const missing = [
    ...lacking(wanted.dnsNames, leaf.dnsNames),
    ...lacking(wanted.ipAddresses, leaf.ipAddresses),
    ...lacking(wanted.uris, leaf.uris),
    ...lacking(wanted.emailAddresses, leaf.emailAddresses),
  ];
  return missing.length === 0 ? undefined : finding(view.subject, 'SecretLacksNames', `the issued certificate lacks ${missing.join(', ')}`);
}

function lacking(wanted: readonly string[] | undefined, has: readonly string[]): readonly string[] {
  const known = new Set(has.map((n) => n.toLowerCase()));
  return (wanted ?? []).filter((n) => !known.has(n.toLowerCase()));
}

function keyEncodingDiffers({ secret, subject, tls, alias, live }: AliasView): Finding | undefined {
  const wanted = certificateOf(live.name, tls, alias).privateKey?.encoding;
  if (wanted === undefined || secret?.keyEncoding === undefined || secret.keyEncoding === wanted) return undefined;
  return finding(subject, 'KeyEncodingDiffers', `its key is written in ${secret.keyEncoding}, wanted ${wanted}`);
}

function certificateIsTooOld({ secret, subject, bundle, now }: AliasView): Finding | undefined {
  const after = bundle.desired.issuedAfter;
  if (after === undefined || secret?.leaf === undefined || Date.parse(after) > now.getTime()) return undefined;
  if (Date.parse(secret.leaf.notBefore) >= Date.parse(after) - BACKDATING_TOLERANCE_MS) return undefined;
  return finding(subject, 'CertificateTooOld', `issued ${secret.leaf.notBefore}, issuedAfter is ${after}`);
}

function certificateIsExpiring({ secret, subject, bundle, now }: AliasView): Finding | undefined {
  if (secret?.leaf === undefined) return undefined;
  const due = rotationDue(secret.leaf, bundle.desired.beforeExpiry);
  if (now.getTime() < due) return undefined;
  const limit = bundle.desired.beforeExpiry ?? 'a third of its lifetime';
  return finding(subject, 'CertificateExpiring', `expires ${secret.leaf.notAfter}, less than ${limit} is left`);
}

/** Returns the instant, in milliseconds since the epoch, from which a leaf is too close to its expiry. */
export function rotationDue(leaf: CertificateFacts, beforeExpiry: string | undefined): number {
  const [start, end] = [Date.parse(leaf.notBefore), Date.parse(leaf.notAfter)];
  const margin = beforeExpiry === undefined ? undefined : goDurationMs(beforeExpiry);
  return end - (margin ?? (end - start) / 3);
}

// Layer 4: PetSets and configuration

/** Returns which PetSets and configuration Secrets do not carry the desired TLS state. */
export function petSetFindings({ bundle, live }: World): readonly Finding[] {
  if (live.kafka === undefined) return [];
  const kafka = desiredKafka(live.kafka, bundle.tls);
  return live.petSets
    .flatMap((set) => [templateDiffers(kafka, set, live), configDiffers(kafka, set, live, bundle)])
    .filter((f) => f !== undefined);
}

function templateDiffers(kafka: KubeObject, set: PetSetState, live: Observation): Finding | undefined {
  const template = set.object.spec?.template;
  const has = mountedCertificateSecret(template?.spec);
  const wanted = mountedCertificateSecret(withCertificateVolume(kafka, template).spec);
  if (has === wanted) return undefined;
  const subject = ref(KINDS.PetSet, live.namespace, set.name);
  const words = (secret: string | undefined) => (secret === undefined ? 'no certificate' : `Secret ${secret}`);
  return finding(subject, 'TemplateDiffers', `its pods mount ${words(has)}, wanted ${words(wanted)}`);
}

/** Only under `native`: how KubeDB writes its configuration is not public, and under `ops-request` it is KubeDB's alone. */
function configDiffers(kafka: KubeObject, set: PetSetState, live: Observation, bundle: Bundle): Finding | undefined {
  if (bundle.desired.executor !== 'native' || set.config === undefined) return undefined;
  const wanted = configData(kafka, set.role, undefined, set.config);
  const keys = Object.values(CONFIG_KEYS).filter(
    (key) => withoutPasswords(set.config?.[key] ?? '') !== withoutPasswords(wanted[key] ?? ''),
  );
  if (keys.length === 0) return undefined;
  return finding(
    ref(KINDS.Secret, live.namespace, set.configSecret),
    'ConfigDiffers',
    `${keys.join(', ')} differ${keys.length === 1 ? 's' : ''}`,
  );
}

// Layer 5: pods

const POD_CHECKS = [
  podHasOldRevision, // made from an earlier template
  podServesOtherProtocol, // started before the configuration changed
  podDistrustsSecret, // started before the CA changed
  podHasOldCertificate, // started before its certificate was issued
  podStartedBeforeCertificate, // the same, for one whose listener cannot be seen
];

interface PodView {
  readonly pod: PodFacts;
  readonly set: PetSetState | undefined;
  readonly secret: SecretFacts | undefined;
  readonly tls: TlsState;
  readonly subject: ObjectRef;
}

/** Returns why pods have to restart as things stand: one finding a pod at most. Pods on their way out are left alone. */
export function podFindings({ bundle, live }: World): readonly Finding[] {
  return live.pods
    .filter((pod) => !pod.isTerminating)
    .flatMap((pod) => {
      const set = live.petSets.find((s) => s.name === pod.petSet);
      const mounted = mountedCertificateSecret(set?.object.spec?.template?.spec);
      const view: PodView = {
        pod,
        set,
        secret: live.secrets.find((s) => s.name === mounted),
        tls: bundle.tls,
        subject: ref(KINDS.Pod, live.namespace, pod.name),
      };
      for (const check of POD_CHECKS) {
        const found = check(view);
        if (found !== undefined) return [found];
      }
      return [];
    });
}

function podHasOldRevision({ pod, set, subject }: PodView): Finding | undefined {
  const wanted = set?.object.status?.updateRevision;
  if (wanted === undefined || wanted === '' || pod.revision === '' || pod.revision === wanted) return undefined;
  return finding(subject, 'PodHasOldRevision', 'made from an earlier template of its PetSet');
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

/** TLS material is read once, at the start: a container older than the certificate cannot serve it, even where nobody can look. */
function podStartedBeforeCertificate({ pod, tls, subject, secret }: PodView): Finding | undefined {
  if (tls === 'off' || secret?.leaf === undefined || pod.startedAt === undefined) return undefined;
  if (!pod.served.some((s) => s.protocol === 'unknown') || Date.parse(pod.startedAt) >= Date.parse(secret.leaf.notBefore)) return undefined;
  return finding(subject, 'PodHasOldCertificate', `started ${pod.startedAt}, before the certificate in Secret ${secret.name} was issued`);
}

/** Returns what cannot be said of the pods: missing ones, ones that cannot start, ones that could not be looked at. */
export function unknownPodFindings({ live }: World): readonly Finding[] {
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
