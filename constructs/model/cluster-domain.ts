/**
 * The DNS domain of a Kubernetes cluster, read from the names of a Kafka. Kubernetes does not publish the domain, and administrators may choose
 * another one than the default, `cluster.local`.
 */

/** Kubernetes' default. */
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

/** Returns the domain in names of a Service, such as `*.orders-pods.demo.svc.cluster.local`; undefined if no name contains it. */
export function domainIn(names: readonly string[], service: string, namespace: string): string | undefined {
  const marker = `${service}.${namespace}.svc.`;
  for (const name of names) {
    const start = name.startsWith(marker) ? 0 : name.indexOf(`.${marker}`) + 1;
    if (start === 0 && !name.startsWith(marker)) continue;
    const domain = name.slice(start + marker.length).replace(/\.$/, '');
    if (domain !== '') return domain.toLowerCase();
  }
  return undefined;
}

/** Tells whether a text is the DNS domain of a cluster: labels with lower-case letters, digits and "-", without a trailing dot. */
export function isClusterDomain(text: string): boolean {
  const labels = text.split('.');
  return text.length <= 180 && labels.every((label) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label));
}
