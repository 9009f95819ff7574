/** The pod template of Job and CronJob: what cdk8s-plus models of it, and what it does not. */
import { Duration } from 'cdk8s';
import {
  Capability,
  ConfigMap,
  Env,
  EnvValue,
  type JobProps,
  type ImagePullPolicy as PlusImagePullPolicy,
  Pod,
  SeccompProfileType,
  Secret,
  ServiceAccount,
} from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { ObjectMeta } from './model/kube-object';
import { type ExtraSpec, type KafkaIdentity, merged } from './model/manifests';
import { bundleName, LABEL_KAFKA } from './model/names';
import { defined } from './model/plain-data';
import type { PodNeeds } from './model/validate-pod';
import type { ImagePullPolicy, ReconcilerPodProps } from './reconciler-pod';

export const CONTAINER = 'kafka-tls';
/** Kubernetes reads this file when the container ends, and stores its text in the status of the pod. */
const TERMINATION_LOG = '/dev/termination-log';
/** The user that images without a shell call "nonroot". */
const USER = 65532;
/** The reconciler waits most of the time, and keeps nothing on disk. */
const REQUESTS = { cpu: '50m', memory: '128Mi', 'ephemeral-storage': '16Mi' };
const LIMITS = { cpu: '1', memory: '256Mi', 'ephemeral-storage': '64Mi' };

/** Returns the labels by which the NetworkPolicy selects the pods. */
export function podSelector({ kafka }: KafkaIdentity): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': 'kafka-tls', [LABEL_KAFKA]: kafka };
}

/** Returns what a template must have, whatever the user adds. */
export function podNeeds(identity: KafkaIdentity): PodNeeds {
  return { labels: podSelector(identity), serviceAccount: bundleName(identity.kafka), container: CONTAINER };
}

/** What the pods of Job and CronJob have in common. */
export interface ReconcilerPod {
  readonly identity: KafkaIdentity;
  readonly image: string;
  readonly imagePullPolicy: ImagePullPolicy;
  readonly imagePullSecrets: readonly string[];
  readonly props: ReconcilerPodProps;
}

/** Returns the pod as far as cdk8s-plus models it. `args` follow the name of the ConfigMap, and may be lazy. */
export function podProps(scope: Construct, pod: ReconcilerPod, args: readonly string[]): JobProps {
  const { identity, image, imagePullPolicy, props } = pod;
  const sources = new Construct(scope, 'Environment');
  const { runAsUser: user, runAsGroup: group, fsGroup } = props.securityContext ?? { runAsUser: USER, runAsGroup: USER };
  return {
    serviceAccount: ServiceAccount.fromServiceAccountName(sources, 'ServiceAccount', bundleName(identity.kafka)),
    automountServiceAccountToken: true,
    terminationGracePeriod: Duration.seconds(60),
    backoffLimit: 2,
    securityContext: { ensureNonRoot: true, ...defined({ user, group, fsGroup }) },
    podMetadata: {
      // A sidecar would run on after the command has ended, and the Job would never end.
      labels: { ...identity.labels, ...podSelector(identity), 'sidecar.istio.io/inject': 'false', ...props.labels },
      annotations: { 'linkerd.io/inject': 'disabled', ...props.annotations },
    },
    containers: [
      {
        name: CONTAINER,
        image,
        imagePullPolicy: imagePullPolicy as `${ImagePullPolicy}` as PlusImagePullPolicy,
        // In the Job's own namespace: a tool that moves both to another namespace does not see names in arguments.
        args: ['apply', '--config-map', bundleName(identity.kafka), ...args, '--termination-log', TERMINATION_LOG],
        envVariables: Object.fromEntries(Object.entries(props.env ?? {}).map(([name, value]) => [name, EnvValue.fromValue(value)])),
        envFrom: [
          ...(props.envFromConfigMaps ?? []).map((name, i) =>
            Env.fromConfigMap(ConfigMap.fromConfigMapName(sources, `ConfigMap${i}`, name)),
          ),
          ...(props.envFromSecrets ?? []).map((name, i) => Env.fromSecret(Secret.fromSecretName(sources, `Secret${i}`, name))),
        ],
        // cdk8s-plus knows whole gibibytes of ephemeral storage only: see `completePod`.
        resources: {},
        securityContext: {
          capabilities: { drop: [Capability.ALL] },
          seccompProfile: { type: SeccompProfileType.RUNTIME_DEFAULT },
        },
      },
    ],
  };
}

/** Adds what cdk8s-plus does not model to the template of a pod. */
export function completePod(template: ExtraSpec, { props, imagePullSecrets }: ReconcilerPod): ExtraSpec {
  const { metadata, spec } = template as { readonly metadata: ObjectMeta; readonly spec: { readonly containers: readonly object[] } };
  // The label holds the path of the construct, and output must not change when a construct moves.
  const { [Pod.ADDRESS_LABEL]: _path, ...labels } = metadata.labels ?? {};
  const further = {
    imagePullSecrets: imagePullSecrets.length === 0 ? undefined : imagePullSecrets.map((name) => ({ name })),
    nodeSelector: props.nodeSelector,
    tolerations: props.tolerations,
    affinity: props.affinity,
    priorityClassName: props.priorityClassName,
    containers: spec.containers.map((container) => ({
      ...container,
      resources: { requests: props.resources?.requests ?? REQUESTS, limits: props.resources?.limits ?? LIMITS },
      terminationMessagePath: TERMINATION_LOG,
      terminationMessagePolicy: 'FallbackToLogsOnError',
    })),
  };
  return { metadata: { ...metadata, labels }, spec: merged(merged(spec, further), props.extraSpec) };
}
