/**
 * The DNS domain of a Kubernetes cluster, as far as the names of a Kafka show it. Kubernetes does not publish it, and `cluster.local` is only
 * the default: every administrator may choose another one.
 */

/** Domain of a cluster whose administrator chose none. */
export const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';
