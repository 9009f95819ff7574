/**
 * A bundle: the desired TLS state of one Kafka and the manifests that are synthesised from it. It is stored in one ConfigMap, with one data key
 * for each document.
 *
 *     desired.yaml                              owner, times, acknowledgements          (`desired.ts`)
 *     issuer-*.yaml certificate-*.yaml          issuers and certificates to apply
 *     kafka-*.yaml                              only for a declared cluster: created if the Kafka is missing
 *     kafkaopsrequest-*.yaml                    candidates: converge, rotate, restart
 *
 * The desired TLS state is the `spec.tls` of the converging candidate. Documents are plain objects here; the callers read and write YAML. A
 * bundle does not depend on the time, the version of the tool or the place of a construct.
 */

import { contentHash } from './content-hash';
import { BUNDLE_FORMAT, type Desired } from './desired';
import { type Certificate, isKind, type Kafka, type KafkaOpsRequest } from './kinds/index';
import { KINDS, type KubeObject } from './kube-object';
import { defined } from './plain-data';
import { ALIASES, brokerCertificateName, type TlsState } from './tls';

/** Key of the document with the desired state. */
export const DESIRED_KEY = 'desired.yaml';

/** Argo CD's client-side apply stores a second copy in an annotation of at most 262,144 bytes. */
export const MAX_BUNDLE_BYTES = 200_000;

export interface Bundle {
  readonly desired: Desired;
  /** Desired TLS state, from the converging request. */
  readonly tls: TlsState;
  /** Issuers, CA certificates and application certificates, in the order in which they can become ready. */
  readonly issuerManifests: readonly KubeObject[];
  /** Certificates of the brokers, one for each alias; only with `native` and TLS on. */
  readonly brokerCertificates: readonly Certificate[];
  /** The Kafka of a declared cluster. */
  readonly kafka?: Kafka;
  readonly converge: KafkaOpsRequest;
  /** Absent when TLS is off. */
  readonly rotate?: KafkaOpsRequest;
  readonly restart: KafkaOpsRequest;
  /** Sixteen hexadecimal digits that name the content. */
  readonly digest: string;
}

/** Returns the data key of a manifest: `issuer-orders-ca.yaml`. */
export function documentKey(manifest: KubeObject): string {
  return `${manifest.kind.toLowerCase()}-${manifest.metadata.name}.yaml`;
}

/** Returns the bundle of a desired state and its manifests, which may have any order; or a list of its problems. */
export function assembleBundle(desired: Desired, manifests: readonly KubeObject[]): Bundle | readonly string[] {
  const problems = manifests.flatMap((m) => unfit(m, desired));
  if (desired.formatVersion > BUNDLE_FORMAT) {
    problems.unshift(
      `${DESIRED_KEY}: formatVersion ${desired.formatVersion} was made by a newer version, this one reads up to ${BUNDLE_FORMAT}`,
    );
  }
  const requests = manifests.filter((m) => isKind('KafkaOpsRequest', m));
  const converge = requests.find((r) => isConverging(r));
  const rotate = requests.find((r) => r.spec.tls?.rotateCertificates === true);
  const restart = requests.find((r) => r.spec.type === 'Restart');
  if (converge === undefined) problems.push('KafkaOpsRequest: none with issuerRef, certificates or remove is in the bundle');
  if (restart === undefined) problems.push('KafkaOpsRequest: none of type Restart is in the bundle');
  if (problems.length > 0 || converge === undefined || restart === undefined) return problems;

  const brokerNames = ALIASES.map((alias) => brokerCertificateName(desired.kafka, alias));
  const certificates = manifests.filter((m) => isKind('Certificate', m));
  const isBroker = (m: KubeObject) => brokerNames.includes(m.metadata.name);
  const kafka = manifests.find((m) => isKind('Kafka', m));
  return {
    desired,
    tls: tlsOfRequest(converge),
    issuerManifests: issuingOrder([...manifests.filter((m) => m.kind === KINDS.Issuer.kind), ...certificates.filter((m) => !isBroker(m))]),
    brokerCertificates: certificates.filter(isBroker).sort((a, b) => (a.metadata.name < b.metadata.name ? 1 : -1)),
    converge,
    restart,
    ...defined({ kafka, rotate }),
    digest: contentHash({ desired, manifests: Object.fromEntries(manifests.map((m) => [documentKey(m), m])) }, 16),
  };
}

/** Returns the TLS state that a request asks for. */
export function tlsOfRequest({ spec: { tls } }: KafkaOpsRequest): TlsState {
  return tls?.remove === true || tls?.issuerRef === undefined ? 'off' : { issuerRef: tls.issuerRef, certificates: tls.certificates ?? [] };
}

function isConverging({ spec: { tls } }: KafkaOpsRequest): boolean {
  return tls !== undefined && (tls.remove === true || tls.issuerRef !== undefined);
}

const ALLOWED = [KINDS.Issuer, KINDS.Certificate, KINDS.Kafka, KINDS.KafkaOpsRequest];

function unfit(manifest: KubeObject, desired: Desired): string[] {
  const subject = `${manifest.kind}/${manifest.metadata?.name}`;
  const allowed = ALLOWED.find((k) => k.kind === manifest.kind && k.apiVersion === manifest.apiVersion);
  if (allowed === undefined) {
    return [
      `${subject}: ${manifest.apiVersion} ${manifest.kind} is not a kind a bundle may hold; it holds ${ALLOWED.map((k) => k.kind).join(', ')}`,
    ];
  }
  if (manifest.metadata.namespace !== desired.namespace) {
    return [`${subject}: namespace ${manifest.metadata.namespace} is not that of the bundle, ${desired.namespace}`];
  }
  return [];
}

/**
 * Returns issuers and certificates in the order in which they can become ready: a Certificate after its Issuer, a CA Issuer after the
 * Certificate that fills its Secret, otherwise by name. A cycle is ordered by name, and never becomes ready.
 */
export function issuingOrder(manifests: readonly KubeObject[]): readonly KubeObject[] {
  const pending = [...manifests].sort((a, b) => (documentKey(a) < documentKey(b) ? -1 : 1));
  const ordered: KubeObject[] = [];
  while (pending.length > 0) {
    const next = pending.findIndex((m) => !pending.some((other) => other !== m && needs(m, other)));
    ordered.push(...pending.splice(Math.max(next, 0), 1));
  }
  return ordered;
}

function needs(m: KubeObject, other: KubeObject): boolean {
  if (isKind('Certificate', m)) return other.kind === 'Issuer' && m.spec?.issuerRef?.name === other.metadata.name;
  return isKind('Issuer', m) && isKind('Certificate', other) && m.spec?.ca?.secretName === other.spec?.secretName;
}

/** Returns every document of a bundle by its data key. */
export function bundleDocuments(desired: Desired, manifests: readonly KubeObject[]): Readonly<Record<string, unknown>> {
  return { [DESIRED_KEY]: desired, ...Object.fromEntries(manifests.map((m) => [documentKey(m), m])) };
}
