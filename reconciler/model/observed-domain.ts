/**
 * The DNS domain of a cluster, read from the objects of a Kafka. KubeDB writes it to the configuration of the brokers, which connect to each
 * other by these names, and to its Certificates. The configuration has precedence, because only KubeDB writes this part of it.
 */
import { domainIn } from '#model/cluster-domain';
import type { Certificate } from '#model/kinds/index';
import { governingService } from '#model/kubedb';
import { ALIASES, brokerCertificateName } from '#model/tls';
import { CONFIG_KEYS } from './broker-pod';
import { readProperties } from './properties';

/** The objects that may contain the domain. */
export interface DomainSources {
  readonly name: string;
  readonly namespace: string;
  readonly petSets: readonly { readonly config?: Readonly<Record<string, string>> }[];
  readonly certificates?: readonly Certificate[];
}

/** Returns the domain, or undefined if no object contains it. */
export function observedDomain(live: DomainSources): string | undefined {
  return configuredDomain(live) ?? certifiedDomain(live);
}

/** Settings in which brokers find each other. */
const ADDRESSES = ['controller.quorum.voters', 'controller.quorum.bootstrap.servers', 'advertised.listeners'];

/** Returns the domain in the addresses with which the nodes of the Kafka connect to each other. */
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
    own.flatMap((c) => c.spec.dnsNames ?? []),
    governingService(name),
    namespace,
  );
}
