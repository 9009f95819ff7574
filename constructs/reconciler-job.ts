/**
 * The Job that brings the Kafka to the desired state, and the CronJob that keeps it there.
 *
 * The Job is a plain resource named by the hash of its inputs, which include the digest of the bundle: it starts when they change, and at no
 * other time. It is no Argo hook (a changed hook starts no sync), has no generateName (a plain resource cannot) and no TTL (Argo CD and Flux
 * create a Job that vanished again, and it runs again).
 */
import { type ApiObject, Cron, Duration } from 'cdk8s';
import { ConcurrencyPolicy, CronJob, Job } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Deadlines, ExecutorName } from './model/desired';
import { goDurationMs } from './model/go-duration';
import type { KubeObject } from './model/kube-object';
import { type ExtraSpec, type KafkaIdentity, ownedMetadata } from './model/manifests';
import { bundleName, cronJobName, jobNameOf, LABEL_KAFKA } from './model/names';
import { permissions } from './model/permissions';
import { mapIn } from './model/plain-data';
import { checkRules, valueAt } from './model/rules';
import { CRON_JOB_RULES, jobRules } from './model/validate-job';
import { podRules } from './model/validate-pod';
import type { Violation } from './model/violation';
import { CONTAINER, completePod, podNeeds, podProps, podSelector, type ReconcilerPod } from './pod-template';
import { ReconcileSchedule } from './reconcile-schedule';
import { ReconcilerAccess } from './reconciler-access';
import { ImagePullPolicy, type ReconcilerPodProps } from './reconciler-pod';
import { metadataProps, render } from './rendering';

/** How the reconciler runs in the cluster. */
export interface ReconcilerJobProps {
  /** Image with the command `kafka-tls`. Pin it by digest: a tag can change between two runs of one commit. */
  readonly image: string;
  /**
   * When a node pulls the image.
   * @default ImagePullPolicy.ALWAYS
   */
  readonly imagePullPolicy?: ImagePullPolicy;
  /**
   * Secrets with credentials for the image's registry.
   * @default - none
   */
  readonly imagePullSecrets?: readonly string[];
  /**
   * Settings of the pods of Job and CronJob: proxies, resources, nodes, labels, user ids.
   * @default - any node, the labels of the chart, user id 65532
   */
  readonly pod?: ReconcilerPodProps;
  /**
   * When the reconciler runs without a commit.
   * @default ReconcileSchedule.hourly()
   * @example
   * ReconcileSchedule.cron('0 3 * * *')
   */
  readonly schedule?: ReconcileSchedule;
  /**
   * Time that a run may take.
   * @default - the sum of the deadlines for which a run may wait, for one pod after the other
   */
  readonly deadline?: Duration;
}

/** What a Job depends on besides its props. Functions are called at synth, after the user's patches. */
export interface ReconcilerJobContext {
  readonly identity: KafkaIdentity;
  readonly executor: ExecutorName;
  readonly deadlines: Deadlines;
  /** Returns the number of pods of the Kafka. */
  readonly nodes: () => number;
  /** Returns the names of the ClusterIssuers that TLS refers to. Absent if TLS refers to none. */
  readonly clusterIssuers: (() => readonly string[]) | undefined;
  /** TLS refers to an issuer that is not in the bundle. */
  readonly isIssuerForeign: boolean;
  /** Secrets of the CAs that the bundle makes. */
  readonly caSecrets: readonly string[];
  /** Secrets of broker certificates; none without TLS. */
  readonly trustSecrets: readonly string[];
  /** Digest of the bundle; may be lazy. */
  readonly digest: string;
}

/** Job and CronJob of one Kafka, with their permissions. */
export class ReconcilerJob extends Construct {
  readonly job: ApiObject;
  /** Absent with `ReconcileSchedule.off()`. */
  readonly cronJob?: ApiObject;
  readonly access: ReconcilerAccess;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ReconcilerJobProps,
    private readonly context: ReconcilerJobContext,
  ) {
    super(scope, id);
    const { identity } = context;
    const { kafka, namespace, labels } = identity;
    this.access = new ReconcilerAccess(this, 'Access', {
      identity,
      permissions: permissions(kafka, context.executor, context),
      podLabels: podSelector(identity),
      clusterIssuers: context.clusterIssuers,
    });
    const { image, imagePullPolicy = ImagePullPolicy.ALWAYS, imagePullSecrets = [] } = props;
    const pod = { identity, image, imagePullPolicy, imagePullSecrets, props: props.pod ?? {} };
    const metadata = metadataProps(ownedMetadata(identity, bundleName(kafka)));

    const job = new Job(this, 'Job', { metadata, ...podProps(new Construct(this, 'JobPod'), pod, ['--digest', context.digest]) });
    this.job = render(job, {
      complete: (manifest) => ({ ...manifest, spec: this.completeSpec(mapIn(manifest.spec), pod) }),
      nameOf: (manifest) => jobNameOf(kafka, manifest),
    });

    const times = ReconcileSchedule._of(props.schedule ?? ReconcileSchedule.hourly(), `${namespace}/${kafka}`);
    if (times === undefined) return;
    const cronJob = new CronJob(this, 'CronJob', {
      metadata: { ...metadata, name: cronJobName(kafka) },
      ...podProps(new Construct(this, 'CronJobPod'), pod, []),
      schedule: new Cron(),
      concurrencyPolicy: ConcurrencyPolicy.FORBID,
      startingDeadline: Duration.minutes(10),
      successfulJobsRetained: 1,
      failedJobsRetained: 3,
    });
    this.cronJob = render(cronJob, {
      complete: (manifest) => {
        // Administrators may suspend the CronJob by hand; the next sync must not resume it.
        const { suspend: _suspend, jobTemplate, ...spec } = mapIn(manifest.spec);
        const metadata = { labels: { ...labels, [LABEL_KAFKA]: kafka } };
        return {
          ...manifest,
          spec: { ...spec, ...times, jobTemplate: { metadata, spec: this.completeSpec(mapIn(mapIn(jobTemplate).spec), pod) } },
        };
      },
    });
  }

  /** @internal */
  _violations(): readonly Violation[] {
    const ofJob = this.violationsOf(this.job.toJson());
    if (this.cronJob === undefined) return ofJob;
    const cronJob: KubeObject = this.cronJob.toJson();
    // Both are made of the same props, so a violation of the CronJob alone comes from a patch.
    const isOfJob = (one: Violation) => ofJob.some((other) => other.field === one.field && other.message === one.message);
    const ofItsJobs = this.violationsOf({ ...cronJob, spec: valueAt(cronJob, 'spec.jobTemplate.spec') })
      .filter((one) => !isOfJob(one))
      .map((one) => ({ ...one, field: `spec.jobTemplate.${one.field}` }));
    return [...ofJob, ...ofItsJobs, ...checkRules(cronJob, CRON_JOB_RULES)];
  }

  private violationsOf(job: KubeObject): readonly Violation[] {
    return [...checkRules(job, jobRules(secondsPerPod(this.context))), ...checkRules(job, podRules(podNeeds(this.context.identity)))];
  }

  /** Adds what cdk8s-plus does not model to the spec of a Job. */
  private completeSpec(spec: ExtraSpec, pod: ReconcilerPod): ExtraSpec {
    const { deadline } = this.props;
    return {
      ...spec,
      ...JOB_SPEC,
      activeDeadlineSeconds: deadline?.toSeconds({ integral: false }) ?? runDeadlineSeconds(this.context),
      template: completePod(spec.template as ExtraSpec, pod),
    };
  }
}

const JOB_SPEC = {
  parallelism: 1,
  completions: 1,
  // The next pod starts when the one before it has ended, not when it begins to end: only one reconciler works at a time.
  podReplacementPolicy: 'Failed',
  podFailurePolicy: {
    rules: [
      // Invalid input: only a commit helps.
      { action: 'FailJob', onExitCodes: { containerName: CONTAINER, operator: 'In', values: [2] } },
      // Blocked: time or another actor removes the blocker. The Job tries again until its deadline, and counts no failure.
      { action: 'Ignore', onExitCodes: { containerName: CONTAINER, operator: 'In', values: [4] } },
      // A node was drained: the next pod continues where this one stopped.
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    ],
  },
};

const SLACK_SECONDS = 600;

function runDeadlineSeconds(context: ReconcilerJobContext): number {
  const { deadlines, nodes } = context;
  return seconds(deadlines.foreignOperation) + seconds(deadlines.issuance) + nodes() * secondsPerPod(context) + SLACK_SECONDS;
}

/** Returns how long a run waits for one pod before it stops. */
function secondsPerPod({ deadlines }: ReconcilerJobContext): number {
  return seconds(deadlines.gate) + seconds(deadlines.podReady);
}

function seconds(duration: string): number {
  return Math.ceil((goDurationMs(duration) ?? 0) / 1000);
}
