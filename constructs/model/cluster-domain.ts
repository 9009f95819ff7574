/**
 * The DNS domain of a Kubernetes cluster, as far as the names of a Kafka show it. Kubernetes does not publish it, and `cluster.local` is only
 * the default: every administrator may choose another one.
 */

/** Domain of a cluster whose administrator chose none. */
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

/** Returns the domain in names of a Service, such as `*.orders-pods.demo.svc.cluster.local`; undefined when no name has one. */
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

/** Tells whether a text is the DNS domain of a cluster: labels of lower-case letters, digits and "-", without a dot at the end. */
export function isClusterDomain(text: string): boolean {
  const labels = text.split('.');
  return text.length <= 180 && labels.every((label) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label));
}
