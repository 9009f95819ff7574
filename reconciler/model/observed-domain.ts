/**
 * The DNS domain of a cluster as the objects of a Kafka show it. KubeDB writes it into the configuration of the brokers, which reach each
 * other by these names, and into its Certificates. The configuration comes first: only KubeDB writes that part of it.
 */
import { domainIn } from '#model/cluster-domain';
import type { KubeObject } from '#model/kube-object';
import { governingService } from '#model/kubedb';
import { ALIASES, brokerCertificateName } from '#model/tls';
import { CONFIG_KEYS } from './broker-pod';
import { readProperties } from './properties';

/** Where the domain is looked for. */
export interface DomainSources {
  readonly name: string;
  readonly namespace: string;
  readonly petSets: readonly { readonly config?: Readonly<Record<string, string>> }[];
  readonly certificates?: readonly KubeObject[];
}

/** Returns the domain, or undefined where nothing shows it. */
export function observedDomain(live: DomainSources): string | undefined {
  return configuredDomain(live) ?? certifiedDomain(live);
}

/** Settings in which brokers find each other. */
const ADDRESSES = ['controller.quorum.voters', 'controller.quorum.bootstrap.servers', 'advertised.listeners'];

/** Returns the domain in the addresses by which the nodes of the Kafka reach each other. */
export function configuredDomain({ name, namespace, petSets }: DomainSources): string | undefined {
  const hosts = petSets.flatMap(({ config }) => {
    const settings = readProperties(config?.[CONFIG_KEYS.main] ?? '');
    return ADDRESSES.flatMap((key) => (settings.get(key) ?? '').split(',')).map(hostIn);
  });
  return domainIn(hosts, governingService(name), namespace);
}

/** The host in `1000@host:9093` or `BROKER://host:9092`. */
function hostIn(address: string): string {
  return address
    .trim()
    .replace(/^.*(@|:\/\/)/, '')
    .replace(/:\d+$/, '');
}

function certifiedDomain({ name, namespace, certificates = [] }: DomainSources): string | undefined {
  const names = ALIASES.map((alias) => brokerCertificateName(name, alias));
  const own = certificates.filter((c) => names.includes(c.metadata.name));
  return domainIn(
    own.flatMap((c) => c.spec?.dnsNames ?? []),
    governingService(name),
    namespace,
  );
}
