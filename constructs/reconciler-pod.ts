/**
 * The pod of the reconciler: one template, for the Job and for the CronJob.
 *
 * Its defaults fit Kubernetes' restricted pod security standard. OpenShift's restricted-v2 assigns the user id itself, and refuses a pod that
 * names one: `securityContext: {}`.
 */

/** How the pods of Job and CronJob run. Fields have the names and the meaning that they have in Kubernetes. */
export interface ReconcilerPodProps {
  /**
   * Labels of the pods.
   * @default - those of the chart
   */
  readonly labels?: { readonly [key: string]: string };
  /**
   * Annotations of the pods.
   * @default - none
   */
  readonly annotations?: { readonly [key: string]: string };
  /**
   * Environment variables, such as HTTPS_PROXY and NO_PROXY. They stand in Git: for a proxy that needs a password use `envFromSecrets`.
   * @default - none
   */
  readonly env?: { readonly [name: string]: string };
  /**
   * Secrets whose keys become environment variables.
   * @default - none
   */
  readonly envFromSecrets?: readonly string[];
  /**
   * ConfigMaps whose keys become environment variables.
   * @default - none
   */
  readonly envFromConfigMaps?: readonly string[];
  /** @default - see ReconcilerResources */
  readonly resources?: ReconcilerResources;
  /**
   * Who the process runs as. `{}` leaves that to the image and the platform, as OpenShift's restricted-v2 wants it. Whatever is said here, the
   * process is not root, has no capabilities, and cannot write to its image.
   * @default - user and group 65532
   */
  readonly securityContext?: ReconcilerSecurityContext;
  /**
   * Labels of the nodes that pods may run on.
   * @default - any node
   */
  readonly nodeSelector?: { readonly [key: string]: string };
  /**
   * Taints that do not keep pods from a node.
   * @default - none
   */
  readonly tolerations?: readonly ReconcilerToleration[];
  /**
   * Kubernetes' `affinity`, as it stands in the spec of a pod.
   * @default - none
   */
  readonly affinity?: { readonly [field: string]: unknown };
  /**
   * Name of a PriorityClass.
   * @default - that of the cluster
   */
  readonly priorityClassName?: string;
  /**
   * Fields of the pod's spec that no prop here models, such as `runtimeClassName`.
   * @default - none
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/** What a pod asks for and may use, as Kubernetes quantities by resource. Each map is taken as it is: what it does not name is not set. */
export interface ReconcilerResources {
  /** @default - cpu 50m, memory 128Mi, ephemeral-storage 16Mi */
  readonly requests?: { readonly [resource: string]: string };
  /** @default - cpu 1, memory 256Mi, ephemeral-storage 64Mi */
  readonly limits?: { readonly [resource: string]: string };
}

/** Who a process runs as. */
export interface ReconcilerSecurityContext {
  /** @default - the user of the image, or one that the platform assigns */
  readonly runAsUser?: number;
  /** @default - the group of the image, or one that the platform assigns */
  readonly runAsGroup?: number;
  /** @default - none, or one that the platform assigns */
  readonly fsGroup?: number;
}

/** A taint that does not keep pods from a node. */
export interface ReconcilerToleration {
  /** @default - every taint; `operator` is "Exists" then */
  readonly key?: string;
  /**
   * "Equal" or "Exists".
   * @default - Kubernetes' "Equal"
   */
  readonly operator?: string;
  /** @default - none */
  readonly value?: string;
  /**
   * "NoSchedule", "PreferNoSchedule" or "NoExecute".
   * @default - every effect
   */
  readonly effect?: string;
  /**
   * How long a pod stays when a NoExecute taint comes.
   * @default - for ever
   */
  readonly tolerationSeconds?: number;
}

/** When a node pulls the image. */
export enum ImagePullPolicy {
  /** Before every run. */
  ALWAYS = 'Always',
  /** If the node does not have it. */
  IF_NOT_PRESENT = 'IfNotPresent',
  /** Never: it is on every node already. */
  NEVER = 'Never',
}
