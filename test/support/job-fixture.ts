/**
 * A cluster in which a Git controller applies commits, Jobs run, and a test can stop in the middle: its actors, its commits, and what must
 * hold when all Jobs have ended.
 */

import assert from 'node:assert/strict';
import { App, Chart, Testing } from 'cdk8s';
import { KafkaTls, ReconcileSchedule, type Tls } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { KINDS, type KubeObject } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import { ANNOTATION_JOB, bundleName, cronJobName } from '#model/names';
import { bundleFromConfigMap } from '#reconciler/bundle/documents';
import { mismatches } from '#reconciler/plan/verify';
import { desiredProps } from './desired-states';
import { GitOps, type GitOpsOptions } from './gitops';
import { isOver, JobController } from './job-controller';
import { JobRunner, type Run, type Start } from './job-runner';
import { untyped } from './untyped';
import { COMBINED, hasCondition, isReady, KAFKA, kafkaManifest, type World } from './world';

/** Where Jobs run. Not started yet. */
export interface JobSetting {
  readonly world: World;
  /** The command, as the ServiceAccount of the KafkaTls, with the rights that it has at that moment. */
  readonly start: Start;
  /** Writes of the command so far: method and path. */
  readonly writes: readonly string[];
  /** Whether the API server comes without a Job controller. */
  readonly isWithoutJobs: boolean;
}

const IMAGE = `kafka-tls@sha256:${'0'.repeat(64)}`;
/** A test calls the CronJob itself. */
const NEW_YEAR = ReconcileSchedule.cron('0 0 1 1 *');

export class JobFixture {
  readonly world: World;
  readonly runner: JobRunner;
  private readonly gitOps: GitOps;
  private readonly jobController: JobController | undefined;
  private calls = 0;

  constructor(
    private readonly executor: ExecutorName,
    private readonly setting: JobSetting,
    controller: GitOpsOptions['controller'],
    prune: boolean,
  ) {
    const { world, start, isWithoutJobs } = setting;
    this.world = world;
    this.runner = new JobRunner(world.environment, start);
    this.gitOps = new GitOps({ send: world.environment.send, controller, prune });
    this.jobController = isWithoutJobs ? new JobController(world.environment) : undefined;
  }

  /** Writes of the command so far. */
  get writes(): readonly string[] {
    return this.setting.writes;
  }

  async open(): Promise<void> {
    await this.world.start(kafkaManifest({ ...COMBINED, replicas: 2 }));
    await this.world.settle();
    this.jobController?.start();
    this.runner.start();
  }

  async close(): Promise<void> {
    await this.runner.stop();
    this.jobController?.stop();
    await this.world.stop();
  }

  /** Objects in Git after a commit. */
  commit(tls: Tls, namespace = this.world.namespace): readonly KubeObject[] {
    const chart = new Chart(new App(), 'chart', { namespace });
    new KafkaTls(chart, 'tls', desiredProps(this.executor, tls, { job: { image: IMAGE, schedule: NEW_YEAR } }));
    return Testing.synth(chart);
  }

  sync(commit: readonly KubeObject[]): Promise<void> {
    return this.world.environment.run(this.gitOps.sync(commit));
  }

  correctDrift(): Promise<void> {
    return this.world.environment.run(this.gitOps.correctDrift());
  }

  /** Does what the CronJob controller does on schedule. */
  async runCronJob(): Promise<void> {
    const cronJob = (await this.world.cluster.get(this.world.ref(KINDS.CronJob, cronJobName(KAFKA)))) as KubeObject;
    const { apiVersion, kind, metadata, spec } = cronJob;
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true };
    const name = `${metadata.name}-${++this.calls}`;
    await this.world.cluster.create({
      ...typeOfJob,
      metadata: { name, namespace: this.world.namespace, labels: untyped(spec).jobTemplate.metadata.labels, ownerReferences: [owner] },
      spec: untyped(spec).jobTemplate.spec,
    });
  }

  async deleteJob(name: string): Promise<void> {
    await this.world.delete(this.world.ref(KINDS.Job, name));
  }

  /** Returns the run of a Job once it is in the middle of its operation. */
  async runAtWork(job: string): Promise<Run> {
    await this.world.until(async () =>
      this.executor === 'native'
        ? hasCondition(await this.world.kafka(), 'Paused')
        : (await this.world.requests()).some((request) => !isFinishedRequest(untyped(request))),
    );
    const run = this.runner.runs.findLast((r) => r.job === job);
    assert.ok(run !== undefined && run.ran === undefined, `${job} is at work`);
    return run;
  }

  /** Waits until the pruned objects are gone: deleted in the foreground, they stay until their dependants have ended. */
  pruned(): Promise<void> {
    const configMap = this.world.ref(KINDS.ConfigMap, bundleName(KAFKA));
    return this.world.until(async () => (await this.jobs()).length === 0 && (await this.world.cluster.get(configMap)) === undefined);
  }

  /** Waits until a Job has ended. */
  over(job: string): Promise<void> {
    return this.world.until(async () => {
      const found = await this.world.cluster.get(this.world.ref(KINDS.Job, job));
      return found !== undefined && isOver(found);
    });
  }

  /** Waits until every Job has ended and the Kafka is Ready. */
  settle(): Promise<void> {
    return this.world.until(async () => {
      const all = await this.world.cluster.list(KINDS.Job, { namespace: this.world.namespace });
      return all.every(isOver) && this.runner.isIdle() && isReady(await this.world.kafka());
    });
  }

  /** The Job and the exit code of every run, in the order in which they began. */
  runs(): (readonly [string, number | undefined])[] {
    return this.runner.runs.map(({ job, ran }) => [job, ran?.exitCode] as const);
  }

  /** uid of every pod of the Kafka, by name. */
  async kafkaPods(): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries(Object.entries(await this.world.podUids()).filter(([name]) => /^orders-\d$/.test(name)));
  }

  async jobs(): Promise<readonly string[]> {
    return (await this.world.cluster.list(KINDS.Job, { namespace: this.world.namespace })).map(({ metadata }) => metadata.name);
  }

  /** State that a revert must restore. */
  async state(): Promise<unknown> {
    const { cluster, namespace } = this.world;
    const petSets = await cluster.list(KINDS.PetSet, { namespace });
    return {
      kafka: { enableSSL: false, ...untyped((await this.world.kafka())?.spec) },
      petSets: petSets.map(({ metadata, spec }) => [metadata.name, spec]),
    };
  }

  /** Asserts that the cluster matches a commit, and that nothing is left half done. */
  async assertDone(commit: readonly KubeObject[]): Promise<void> {
    const configMap = commit.find(({ kind }) => kind === 'ConfigMap') as KubeObject;
    const live = await this.world.cluster.get(this.world.ref(KINDS.ConfigMap, bundleName(KAFKA)));
    assert.equal(live?.metadata.annotations?.[ANNOTATION_JOB], jobOf(commit));
    const wanted = bundleFromConfigMap(configMap);
    const seen = await this.world.observe(wanted);
    assert.deepEqual(mismatches(seen, wanted.tls), [], 'every pod serves the desired state');
    assert.equal(seen.kafka?.spec?.enableSSL ?? false, wanted.tls !== 'off');
    assert.ok(!hasCondition(seen.kafka, 'Paused'), 'the Kafka is not paused');
    assert.deepEqual(
      seen.requests.filter((r) => !isFinishedRequest(r)).map((r) => r.metadata.name),
      [],
      'every request is finished',
    );
  }
}

const typeOfJob = { apiVersion: KINDS.Job.apiVersion, kind: KINDS.Job.kind };

/** Returns the name of the Job of a commit. */
export function jobOf(commit: readonly KubeObject[]): string {
  return commit.find(({ kind }) => kind === KINDS.Job.kind)?.metadata.name ?? '';
}
