/**
 * What the files of `checks/` see, which compare the live state with the desired one layer by layer. A check is named after the violation it
 * finds; a chain stops at the first finding for its subject, so that later checks may rely on earlier ones. The list literals are the policy,
 * in order.
 *
 *     configuration.ts   Kafka.spec; PetSets and configuration
 *     certificates.ts    Certificates
 *     secrets.ts         Secrets, and whether a rotation is due (cas.ts: because of a CA)
 *     pods.ts            what each pod serves
 *
 * Everything here is pure; the live state was judged as "unknown" or "absent" when it was observed, and unknown is never taken for wrong.
 */
import type { Bundle } from '#model/bundle';
import { withKeyKind } from '#model/certificate-effect';
import type { Certificate, Kafka } from '#model/kinds/index';
import { KINDS, type ObjectRef, ref } from '#model/kube-object';
import { brokerCertificate, type CertificateOwner, defaultKeystoreCredSecret, keystoreCredSecret, nodesOf } from '#model/kubedb';
import { ALIASES, type Alias, brokerCertificateName, certificateOf, normalizeTls, type TlsConfig, type TlsState } from '#model/tls';
import type { Observation, PodFacts, PodObservation, SecretFacts } from '../model/observation';
import { type Finding, type Reason, restartsOf, type Step } from '../model/plan';
import type { BridgePhase } from './bridge/phases';
import { clusterDomainOf, inClusterDomain } from './cluster-domain';
import type { DualPhase } from './dual/phases';

/** What checks of pods see. */
export interface PodInput {
  readonly bundle: Bundle;
  readonly live: PodObservation;
  readonly now: Date;
}

/** What every check sees. */
export interface PlanInput extends PodInput {
  readonly live: Observation;
  /** The change of root that nodes are led through, with a bridge (`bridge/next-phase.ts`). */
  readonly bridge?: BridgePhase;
  /** The same, with two trusted roots (`dual/next-phase.ts`). */
  readonly dual?: DualPhase;
}

/** Returns the reference of the Kafka that a plan is about. */
export function kafkaRef({ namespace, name }: Pick<PodObservation, 'namespace' | 'name'>): ObjectRef {
  return ref(KINDS.Kafka, namespace, name);
}

export function podRef({ namespace }: { readonly namespace?: string | undefined }, name: string): ObjectRef {
  return ref(KINDS.Pod, namespace, name);
}

/** Tells whether the number of nodes is unknown: without a cluster, of a Kafka that the bundle only refers to. */
export function areNodesUnknown({ kafka }: Observation): boolean {
  return kafka !== undefined && nodesOf(kafka).length === 0;
}

/** Returns the live pods that steps restart. */
export function restartedPods({ pods }: Pick<PodObservation, 'pods'>, steps: readonly Step[]): readonly PodFacts[] {
  const names = new Set(restartsOf(steps).map((r) => r.subject.name));
  return pods.filter((p) => names.has(p.name));
}

/** Returns the Secret of a broker certificate under a TLS state. */
export function certificateSecret(
  { name, secrets }: Pick<PodObservation, 'name' | 'secrets'>,
  tls: TlsState,
  alias: string,
): SecretFacts | undefined {
  if (tls === 'off') return undefined;
  const { secretName } = certificateOf(name, tls, alias);
  return secrets.find((s) => s.name === secretName);
}

/** A finding about one alias. */
export interface AliasFinding extends Finding {
  readonly alias: Alias;
}

/** Returns a finding. */
export function finding(subject: ObjectRef, reason: Reason, message: string): Finding {
  return { subject, reason, message };
}

/** Returns that fields differ: `spec.a, spec.b differ`. */
export function differ(fields: readonly string[]): string {
  return `${fields.join(', ')} differ${fields.length === 1 ? 's' : ''}`;
}

/** Returns the live Kafka with the desired TLS state in its spec: what PetSets and configuration are derived from. */
export function desiredKafka(kafka: Kafka, tls: TlsState): Kafka {
  const { enableSSL: _enabled, tls: _tls, ...spec } = kafka.spec ?? {};
  return tls === 'off' ? { ...kafka, spec } : { ...kafka, spec: { ...spec, enableSSL: true, tls: normalizeTls(kafka.metadata.name, tls) } };
}

/** What the checks of one alias see. */
export interface AliasView extends PlanInput {
  readonly alias: Alias;
  readonly tls: TlsConfig;
  readonly certificate: Certificate | undefined;
  readonly secret: SecretFacts | undefined;
  readonly subject: ObjectRef;
}

/** Returns one view an alias; none when no TLS is wanted. */
export function aliasViews(input: PlanInput): readonly AliasView[] {
  const { bundle, live } = input;
  const { tls } = bundle;
  if (tls === 'off') return [];
  return ALIASES.map((alias) => {
    const name = brokerCertificateName(live.name, alias);
    return {
      ...input,
      alias,
      tls,
      certificate: live.certificates.find((c) => c.metadata.name === name),
      secret: certificateSecret(live, tls, alias),
      subject: ref(KINDS.Certificate, live.namespace, name),
    };
  });
}

/** Returns the first finding of a chain, as a list of at most one. */
export function firstOf(checks: readonly ((view: AliasView) => Finding | undefined)[], view: AliasView): readonly AliasFinding[] {
  for (const check of checks) {
    const found = check(view);
    if (found !== undefined) return [{ ...found, alias: view.alias }];
  }
  return [];
}

/** Returns the Certificate that an alias ought to have: the bundle's, where the user may have patched it, else KubeDB's. */
export function wantedCertificate({ bundle, live }: PlanInput, alias: Alias): Certificate {
  const name = brokerCertificateName(live.name, alias);
  const given = bundle.brokerCertificates.find((c) => c.metadata.name === name);
  if (given !== undefined)
    return withKeyKind(
      inClusterDomain(given, { bundle, live }),
      live.certificates.find((c) => c.metadata.name === name),
    );
  return brokerCertificate(certificateOwner({ bundle, live }), bundle.tls as TlsConfig, alias);
}

/** Returns what of the live Kafka a broker Certificate depends on. */
export function certificateOwner({ bundle, live }: Pick<PlanInput, 'bundle' | 'live'>): CertificateOwner {
  const credentials = live.kafka === undefined ? defaultKeystoreCredSecret(live.name) : keystoreCredSecret(live.kafka);
  const clusterDomain = clusterDomainOf(bundle.desired, live);
  return { name: live.name, namespace: live.namespace, keystoreCredSecret: credentials, clusterDomain };
}
