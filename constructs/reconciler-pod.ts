/**
 * Settings of the reconciler's pods, in Job and CronJob.
 *
 * The defaults comply with Kubernetes' restricted pod security standard. OpenShift's restricted-v2 assigns the user id itself and refuses a
 * pod that sets one: use `securityContext: {}` there.
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
   * Environment variables, such as HTTPS_PROXY and NO_PROXY. They are in Git: for a proxy that needs a password use `envFromSecrets`.
   * @default - none
   * @example
   * { HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: '.svc,.cluster.local,10.0.0.0/8' }
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
  /**
   * Requests and limits of the container.
   * @default - see ReconcilerResources
   */
  readonly resources?: ReconcilerResources;
  /**
   * User and groups of the process. With `{}` the image or the platform decides, as OpenShift's restricted-v2 requires. The process is never
   * root, has no capabilities, and cannot write to its image.
   * @default - user and group 65532
   * @example
   * {}
   */
  readonly securityContext?: ReconcilerSecurityContext;
  /**
   * Labels of the nodes on which the pods may run.
   * @default - any node
   */
  readonly nodeSelector?: { readonly [key: string]: string };
  /**
   * Taints of nodes on which the pods may still run.
   * @default - none
   * @example
   * [{ key: 'dedicated', operator: 'Equal', value: 'kafka', effect: 'NoSchedule' }]
   */
  readonly tolerations?: readonly ReconcilerToleration[];
  /**
   * `affinity`, as in the spec of a pod.
   * @default - none
   * @example
   * { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: {} }] } }
   */
  readonly affinity?: { readonly [field: string]: unknown };
  /**
   * Name of a PriorityClass.
   * @default - the default of the cluster
   */
  readonly priorityClassName?: string;
  /**
   * Fields of the pod's spec that no prop models, such as `runtimeClassName`.
   * @default - none
   */
  readonly extraSpec?: { readonly [field: string]: unknown };
}

/** Requests and limits as Kubernetes quantities by resource. A map replaces the default as a whole. */
export interface ReconcilerResources {
  /**
   * Amounts that are reserved.
   * @default - cpu 50m, memory 128Mi, ephemeral-storage 16Mi
   */
  readonly requests?: { readonly [resource: string]: string };
  /**
   * Amounts that the container may use at most.
   * @default - cpu 1, memory 256Mi, ephemeral-storage 64Mi
   */
  readonly limits?: { readonly [resource: string]: string };
}

/** User and groups of a process. */
export interface ReconcilerSecurityContext {
  /**
   * Id of the user.
   * @default - the user of the image, or one that the platform assigns
   */
  readonly runAsUser?: number;
  /**
   * Id of the group.
   * @default - the group of the image, or one that the platform assigns
   */
  readonly runAsGroup?: number;
  /**
   * Id of the group that owns volumes.
   * @default - none, or one that the platform assigns
   */
  readonly fsGroup?: number;
}

/** A taint of nodes on which the pods may still run. */
export interface ReconcilerToleration {
  /**
   * Key of the taint.
   * @default - every taint; `operator` must be "Exists"
   */
  readonly key?: string;
  /**
   * "Equal" or "Exists".
   * @default - Kubernetes' "Equal"
   */
  readonly operator?: string;
  /**
   * Value of the taint.
   * @default - none
   */
  readonly value?: string;
  /**
   * "NoSchedule", "PreferNoSchedule" or "NoExecute".
   * @default - every effect
   */
  readonly effect?: string;
  /**
   * Seconds that a pod stays on the node after a NoExecute taint was added.
   * @default - forever
   */
  readonly tolerationSeconds?: number;
}

/** When a node pulls the image. */
export enum ImagePullPolicy {
  /** Before every run. */
  ALWAYS = 'Always',
  /** If the node does not have it. */
  IF_NOT_PRESENT = 'IfNotPresent',
  /** Never: the image must be on every node. */
  NEVER = 'Never',
}
