/**
 * Stand-in for the Job controller, for the sandbox: pods one after the other until one has succeeded, or too many have failed by the
 * Job's own policy, or its deadline has passed. It knows what the Jobs of the reconciler use and nothing else; with a real API server
 * the real one is there.
 */

import { type Condition, hasTrueCondition, KINDS, type KubeObject } from '#model/kube-object';
import { ApiError, Client } from '#reconciler/sandbox/client';
import { untyped } from './untyped';
import type { TestEnvironment } from './world';

const BACKOFF_MS = 10_000;
const LOOK_EVERY_MS = 5_000;

export class JobController {
  private readonly end = new AbortController();
  private readonly client: Client;
  private created = 0;

  constructor(private readonly environment: TestEnvironment) {
    this.client = new Client({ send: environment.send, manager: 'job-controller' });
  }

  start(): void {
    void this.follow();
  }

  stop(): void {
    this.end.abort(new Error('the test is over'));
  }

  private async follow(): Promise<void> {
    const { namespace, clock } = this.environment;
    while (!this.end.signal.aborted) {
      const [jobs, pods] = [(await this.client.list(KINDS.Job, namespace)).items, (await this.client.list(KINDS.Pod, namespace)).items];
      for (const job of jobs) {
        const own = pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid));
        await this.sync(job, own).catch((error: unknown) => {
          if (!(error instanceof ApiError)) throw error; // it changed meanwhile, or went
        });
      }
      await clock.sleep(LOOK_EVERY_MS, this.end.signal).catch(() => {});
    }
  }

  private async sync(job: KubeObject, pods: readonly KubeObject[]): Promise<void> {
    if (isOver(job) || job.metadata.deletionTimestamp !== undefined) return;
    if (pods.some(({ status }) => untyped(status)?.phase === 'Succeeded')) return this.conclude(job, 'Complete', 'CompletionsReached');
    const { backoffLimit = 6, activeDeadlineSeconds = Number.POSITIVE_INFINITY } = untyped(job.spec);
    const nowMs = this.environment.clock.now().getTime();
    const failures = pods.filter(({ status }) => untyped(status)?.phase === 'Failed').map((pod) => actionOn(job, pod));
    const counted = failures.filter((action) => action === 'Count').length;
    if (failures.includes('FailJob')) return this.conclude(job, 'Failed', 'PodFailurePolicy');
    if (counted > backoffLimit) return this.conclude(job, 'Failed', 'BackoffLimitExceeded');
    if (nowMs - Date.parse(job.metadata.creationTimestamp ?? '') > activeDeadlineSeconds * 1000) {
      for (const pod of pods) await this.client.delete(pod);
      return this.conclude(job, 'Failed', 'DeadlineExceeded');
    }
    const lastMs = Math.max(...pods.map(endedAtMs));
    if (pods.some((pod) => endedAtMs(pod) === Number.POSITIVE_INFINITY) || nowMs < lastMs + BACKOFF_MS * 2 ** Math.max(0, counted - 1))
      return;
    await this.client.create(this.podOf(job));
  }

  private podOf({ apiVersion, kind, metadata, spec }: KubeObject): KubeObject {
    const { name, namespace = '', uid = '' } = metadata;
    const owner = { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
    const pod = { name: `${name}-${++this.created}`, namespace, ownerReferences: [owner] };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { ...untyped(spec).template.metadata, ...pod }, spec: untyped(spec).template.spec };
  }

  private async conclude(job: KubeObject, type: 'Complete' | 'Failed', reason: string): Promise<void> {
    const condition: Condition = { type, status: 'True', reason };
    await this.client.replaceStatus({
      ...job,
      status: { ...untyped(job.status), conditions: [...(untyped(job.status)?.conditions ?? []), condition] },
    });
  }
}

/** Tells whether a Job has ended, either way. */
export function isOver(job: KubeObject): boolean {
  return hasTrueCondition(job, 'Complete') || hasTrueCondition(job, 'Failed');
}

interface Rule {
  readonly action: 'FailJob' | 'Ignore' | 'Count';
  readonly onExitCodes?: { readonly values: readonly number[] };
}

function actionOn(job: KubeObject, pod: KubeObject): Rule['action'] {
  const { exitCode } = terminated(pod) ?? {};
  const rules: readonly Rule[] = untyped(job.spec).podFailurePolicy?.rules ?? [];
  return rules.find((rule) => rule.onExitCodes?.values.includes(exitCode ?? -1))?.action ?? 'Count';
}

function terminated(pod: KubeObject): { readonly exitCode: number; readonly finishedAt: string } | undefined {
  return untyped(pod.status)?.containerStatuses?.[0]?.state?.terminated;
}

function endedAtMs(pod: KubeObject): number {
  const { finishedAt } = terminated(pod) ?? {};
  return finishedAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(finishedAt);
}
