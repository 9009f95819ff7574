/**
 * Deletes finished Jobs. The name of a Job holds a hash of its content, and Argo CD and Flux create it only if no Job has this name.
 *
 * 1. A run deletes finished Jobs of earlier contents: a commit that reverts to such a content creates its Job again.
 * 2. A run that succeeds, such as one of the CronJob, deletes the failed Job of the same content. Argo CD and Flux then create it again; it has
 *    nothing to do, completes, and both report a healthy state. A complete Job stays: otherwise they would create it again.
 *
 * The CronJob deletes its own Jobs.
 */
import { hasTrueCondition, KINDS, type KubeObject, type ObjectRef, refOf } from '#model/kube-object';
import { ANNOTATION_DIGEST, ANNOTATION_JOB, LABEL_KAFKA } from '#model/names';
import { ClusterError } from '../errors';
import type { Cluster, Report } from '../ports';

/** The Jobs of one bundle, and the run that deletes them. */
export interface JobsOf {
  readonly cluster: Cluster;
  /** The ConfigMap that holds the bundle and names the Job of its content. */
  readonly configMap: ObjectRef;
  readonly kafka: string;
  /** Identity of this run; in a pod it begins with the name of the pod. */
  readonly identity: string;
  readonly report: Report;
}

/** Deletes finished Jobs of earlier contents. */
export function deleteFinishedJobs(of: JobsOf): Promise<void> {
  return deleteJobs(of, 'finished, and of an earlier content', (configMap) => {
    const named = configMap.metadata.annotations?.[ANNOTATION_JOB];
    // Without the annotation the Job of the present content is unknown, and so are those of earlier contents.
    return (job) => named !== undefined && job.metadata.name !== named;
  });
}

/** Deletes the failed Job of the content with this digest, which the calling run has just applied. */
export function deleteFailedJob(of: JobsOf, digest: string): Promise<void> {
  return deleteJobs(of, 'failed, and this run has succeeded with the same content', (configMap) => {
    const { [ANNOTATION_JOB]: named, [ANNOTATION_DIGEST]: current } = configMap.metadata.annotations ?? {};
    const isOfThisRun = (job: KubeObject) => of.identity.startsWith(`${job.metadata.name}-`);
    return (job) => hasTrueCondition(job, 'Failed') && job.metadata.name === named && (current ?? digest) === digest && !isOfThisRun(job);
  });
}

/** Deletes Jobs with their pods. A failure is reported and does not end the run: the next run tries again. */
async function deleteJobs(
  { cluster, configMap, kafka, report }: JobsOf,
  message: string,
  choose: (configMap: KubeObject) => (job: KubeObject) => boolean,
): Promise<void> {
  const { namespace = '' } = configMap;
  try {
    const jobs = await cluster.list(KINDS.Job, { namespace, labels: { [LABEL_KAFKA]: kafka } });
    const candidates = jobs.filter((job) => isFinished(job) && !isOwnedOrTerminating(job));
    if (candidates.length === 0) return;
    // Read last: a revert may have made one of them the present Job meanwhile.
    const current = await cluster.get(configMap);
    for (const job of current === undefined ? [] : candidates.filter(choose(current))) {
      await cluster.delete(refOf(job), job.metadata.uid ?? '');
      report({ event: 'deleted', subject: refOf(job), message });
    }
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    report({ event: 'warning', subject: configMap, message: `finished Jobs were not all deleted: ${error.message}` });
  }
}

function isFinished(job: KubeObject): boolean {
  return hasTrueCondition(job, 'Complete') || hasTrueCondition(job, 'Failed');
}

function isOwnedOrTerminating({ metadata: { ownerReferences = [], deletionTimestamp } }: KubeObject): boolean {
  return ownerReferences.length > 0 || deletionTimestamp !== undefined;
}
