/**
 * The Job that makes the desired state so, the CronJob that keeps it so, and their permissions.
 *
 * The Job is a plain resource named by the hash of its inputs, the bundle's digest among them: it starts when they change and at no other
 * time. It is no Argo hook (a changed hook starts no sync), has no generateName (a plain resource cannot) and no TTL (a Job that vanishes
 * is created anew, and runs anew).
 *
 * Job and CronJob are plain objects: cdk8s-plus writes the hash of the construct's path into the labels of their pods, and output must not
 * change when a construct moves.
 */
import { ApiObject, type Duration, Lazy } from 'cdk8s';
import { Construct } from 'constructs';
import { ContentNamed } from './content-named';
import { metadataProps } from './metadata';
import type { Deadlines, ExecutorName } from './model/desired';
import { goDurationMs } from './model/go-duration';
import { KINDS, type KubeObject } from './model/kube-object';
import { type KafkaIdentity, ownedMetadata } from './model/manifests';
import { bundleName, cronJobName, jobNameOf, LABEL_KAFKA } from './model/names';
import { permissions } from './model/permissions';
import { cronJobViolations, jobViolations } from './model/validate-job';
import { podViolations } from './model/validate-pod';
import { formatViolation, type Violation } from './model/violation';
import { ReconcileSchedule } from './reconcile-schedule';
import { grantAccess, grantClusterIssuers } from './reconciler-access';
import { CONTAINER, ImagePullPolicy, podNeeds, podSelector, podTemplate, type ReconcilerPodProps } from './reconciler-pod';

/** How the reconciler runs in the cluster. */
export interface ReconcilerJobProps {
  /** Image with the command `kafka-tls`. Pin it by digest: a tag can change between two runs of one commit. */
  readonly image: string;
  /** @default ImagePullPolicy.ALWAYS */
  readonly imagePullPolicy?: ImagePullPolicy;
  /**
   * Secrets with credentials for the image's registry.
   * @default - none
   */
  readonly imagePullSecrets?: readonly string[];
  /**
   * Where and how the pods of Job and CronJob run: proxies, resources, nodes, labels, user ids.
   * @default - any node, the chart's labels, a user id that fits the restricted pod security standard
   */
  readonly pod?: ReconcilerPodProps;
  /**
   * When to look without a commit.
   * @default ReconcileSchedule.hourly()
   */
  readonly schedule?: ReconcileSchedule;
  /**
   * How long a run may take at all.
   * @default - the deadlines of all it may wait for, one pod after the other
   */
  readonly deadline?: Duration;
}

/** What a Job depends on besides its props. */
export interface ReconcilerJobContext {
  readonly place: KafkaIdentity;
  readonly executor: ExecutorName;
  readonly deadlines: Deadlines;
  /** Returns the number of pods of the Kafka, as it is at synth. */
  readonly nodes: () => number;
  /** Returns the names of the ClusterIssuers that TLS refers to, as it is at synth; absent when it refers to none. */
  readonly clusterIssuers?: () => readonly string[];
  /** TLS refers to an issuer that is not of the bundle. */
  readonly isIssuerForeign: boolean;
  /** Returns the digest of the bundle, as it is at synth. */
  readonly digest: () => string;
}

/** Job, CronJob and permissions of one Kafka. */
export class ReconcilerJob extends Construct {
  readonly job: ApiObject;
  /** Absent with `ReconcileSchedule.off()`. */
  readonly cronJob?: ApiObject;
  readonly serviceAccount: ApiObject;
  readonly role: ApiObject;
  readonly roleBinding: ApiObject;
  readonly networkPolicy: ApiObject;
  /** Both are absent when no ClusterIssuer is referred to. */
  readonly clusterRole?: ApiObject;
  readonly clusterRoleBinding?: ApiObject;

  private readonly place: KafkaIdentity;
  private readonly leastSeconds: number;

  constructor(scope: Construct, id: string, props: ReconcilerJobProps, context: ReconcilerJobContext) {
    super(scope, id);
    this.leastSeconds = secondsPerPod(context);
    const { place } = context;
    this.place = place;
    const access = grantAccess(this, place, permissions(place.kafka, context.executor, context));
    this.serviceAccount = access.serviceAccount;
    this.role = access.role;
    this.roleBinding = access.roleBinding;
    if (context.clusterIssuers !== undefined) {
      const { role, roleBinding } = grantClusterIssuers(this, place, context.clusterIssuers);
      this.clusterRole = role;
      this.clusterRoleBinding = roleBinding;
    }
    const metadata = metadataProps(ownedMetadata(place, bundleName(place.kafka)));
    this.networkPolicy = new ApiObject(this, 'NetworkPolicy', { ...typeOf('NetworkPolicy'), metadata, spec: networkPolicySpec(place) });
    this.job = new ContentNamed(
      this,
      'Job',
      { ...typeOf('Job'), metadata, spec: jobSpec(props, context, digestArgument(context)) },
      (manifest) => jobNameOf(place.kafka, manifest),
    );
    const cron = ReconcileSchedule._of(props.schedule ?? ReconcileSchedule.hourly(), `${place.namespace}/${place.kafka}`);
    if (cron === undefined) return;
    this.cronJob = new ApiObject(this, 'CronJob', {
      ...typeOf('CronJob'),
      metadata: { ...metadata, name: cronJobName(place.kafka) },
      spec: {
        ...cron,
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: 600,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 3,
        jobTemplate: { metadata: { labels: { ...place.labels, [LABEL_KAFKA]: place.kafka } }, spec: jobSpec(props, context, []) },
      },
    });
  }

  /** @internal */
  _violations(): readonly Violation[] {
    const ofJob = this.violationsOf(this.job.toJson());
    if (this.cronJob === undefined) return ofJob;
    const cronJob: KubeObject = this.cronJob.toJson();
    // Both are made of the same props, so only a patch gives the CronJob violations of its own.
    const isOfBoth = (one: Violation) =>
      ofJob.some((other) => formatViolation({ ...one, subject: other.subject }) === formatViolation(other));
    const ofItsJobs = this.violationsOf({ ...cronJob, spec: cronJob.spec?.jobTemplate?.spec })
      .filter((one) => !isOfBoth(one))
      .map((one) => ({ ...one, field: `spec.jobTemplate.${one.field}` }));
    return [...ofJob, ...ofItsJobs, ...cronJobViolations(cronJob)];
  }

  private violationsOf(job: KubeObject): readonly Violation[] {
    return [...jobViolations(job, this.leastSeconds), ...podViolations(job, podNeeds(this.place))];
  }
}

function typeOf(kind: 'Job' | 'CronJob' | 'NetworkPolicy'): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: KINDS[kind].apiVersion, kind };
}

/** The digest is known at synth, when every patch is. */
function digestArgument({ digest }: ReconcilerJobContext): readonly unknown[] {
  return ['--digest', Lazy.any({ produce: digest })];
}

function jobSpec(props: ReconcilerJobProps, context: ReconcilerJobContext, args: readonly unknown[]): object {
  const { place } = context;
  const { image, imagePullPolicy = ImagePullPolicy.ALWAYS, imagePullSecrets = [] } = props;
  return {
    parallelism: 1,
    completions: 1,
    backoffLimit: 2,
    // The next pod starts when the one before it has ended, not when it begins to: there is one reconciler at work.
    podReplacementPolicy: 'Failed',
    activeDeadlineSeconds: props.deadline?.toSeconds({ integral: false }) ?? Lazy.any({ produce: () => runDeadlineSeconds(context) }),
    podFailurePolicy: {
      rules: [
        // Invalid input: trying again is useless, only a commit helps.
        { action: 'FailJob', onExitCodes: { containerName: CONTAINER, operator: 'In', values: [2] } },
        // Blocked: time or somebody else cures it. It is tried again until the deadline, and is no failure.
        { action: 'Ignore', onExitCodes: { containerName: CONTAINER, operator: 'In', values: [4] } },
        // A drained node is nobody's failure; the next pod goes on where this one stopped.
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      ],
    },
    template: podTemplate(place, { image, imagePullPolicy, imagePullSecrets, args }, props.pod),
  };
}

const SLACK_SECONDS = 600;

/** The API server, DNS and brokers are wherever they are; what the brokers accept is theirs to say. */
function networkPolicySpec(identity: KafkaIdentity): object {
  return { podSelector: { matchLabels: podSelector(identity) }, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [{}] };
}

function runDeadlineSeconds(context: ReconcilerJobContext): number {
  const { deadlines, nodes } = context;
  return seconds(deadlines.foreignOperation) + seconds(deadlines.issuance) + nodes() * secondsPerPod(context) + SLACK_SECONDS;
}

/** Returns how long a run waits for one pod before it gives up. */
function secondsPerPod({ deadlines }: ReconcilerJobContext): number {
  return seconds(deadlines.gate) + seconds(deadlines.podReady);
}

function seconds(duration: string): number {
  return Math.ceil((goDurationMs(duration) ?? 0) / 1000);
}
