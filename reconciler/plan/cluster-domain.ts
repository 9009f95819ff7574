/**
 * The DNS domain of a Kafka's names: the declared one, else the live one, else Kubernetes's default. Names that were synthesised without a
 * declared domain are moved into the live one, so that no assumed name replaces a working one.
 */

import type { Bundle } from '#model/bundle';
import { DEFAULT_CLUSTER_DOMAIN, domainIn } from '#model/cluster-domain';
import type { Desired } from '#model/desired';
import type { Certificate } from '#model/kinds/index';
import { KINDS, ref } from '#model/kube-object';
import { governingService, podFqdn } from '#model/kubedb';
import type { Observation, PodFacts, PodObservation, Served } from '../model/observation';
import { configuredDomain, type DomainSources, observedDomain } from '../model/observed-domain';
import type { Obstacle } from '../model/plan';

interface DomainInput {
  readonly bundle: Bundle;
  readonly live: Observation;
}

/** Returns the domain of the names in a Kafka's certificates. */
export function clusterDomainOf({ clusterDomain }: Desired, live: DomainSources): string {
  return clusterDomain ?? observedDomain(live) ?? DEFAULT_CLUSTER_DOMAIN;
}

/** Returns a broker Certificate of the bundle with its derived names in the domain of the cluster. */
export function inClusterDomain(manifest: Certificate, { bundle, live }: DomainInput): Certificate {
  const names = manifest.spec.dnsNames;
  const domain = clusterDomainOf(bundle.desired, live);
  if (names === undefined || bundle.desired.clusterDomain !== undefined || domain === DEFAULT_CLUSTER_DOMAIN) return manifest;
  const assumed = `${governingService(live.name)}.${live.namespace}.svc.${DEFAULT_CLUSTER_DOMAIN}`;
  const isDerived = (name: string) => name === assumed || name === `*.${assumed}`;
  const inDomain = (name: string) => (isDerived(name) ? `${name.slice(0, -DEFAULT_CLUSTER_DOMAIN.length)}${domain}` : name);
  return { ...manifest, spec: { ...manifest.spec, dnsNames: names.map(inDomain).sort() } };
}

/** Certificates with a wrong domain would make nodes refuse each other. */
export function declaredDomainDiffers({ bundle, live }: DomainInput): Obstacle | undefined {
  const { clusterDomain } = bundle.desired;
  const has = configuredDomain(live);
  if (clusterDomain === undefined || has === undefined || has === clusterDomain) return undefined;
  return {
    kind: 'invalid',
    subject: ref(KINDS.Kafka, live.namespace, live.name),
    message: `its nodes reach each other by names in ${has}, and clusterDomain is ${clusterDomain}`,
    hint: `Write clusterDomain: '${has}', or leave it out: the live configuration shows it.`,
  };
}

/**
 * Returns why clients must not trust a served certificate. The name of the pod is compared here, in the domain of the cluster, because a
 * handshake may have used a name in another domain.
 */
export function untrustedBecause(live: PodObservation, pod: PodFacts, { leaf, untrusted }: Served): string | undefined {
  const service = governingService(live.name);
  if (leaf === undefined || !untrusted?.startsWith(`not valid for ${pod.name}.${service}.${live.namespace}.svc`)) return untrusted;
  const domain = domainIn(leaf.dnsNames, service, live.namespace);
  const fqdn = pod.fqdn ?? podFqdn(live.name, live.namespace, pod.name, domain);
  if (leaf.dnsNames.some((name) => covers(name.toLowerCase(), fqdn))) return undefined;
  return `not valid for ${fqdn}, only for ${[...leaf.dnsNames, ...leaf.ipAddresses].join(', ') || 'nothing'}`;
}

/** A wildcard stands for one label. */
function covers(name: string, fqdn: string): boolean {
  return name === fqdn || (name.startsWith('*.') && fqdn.slice(fqdn.indexOf('.')) === name.slice(1));
}
