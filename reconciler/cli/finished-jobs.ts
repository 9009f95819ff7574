/**
 * Jobs that are over. A Job is named by its content, and Argo CD and Flux create it only while there is none of its name.
 *
 * 1. A finished Job of an earlier content is deleted, so that a commit that reverts to this content creates its Job again.
 * 2. A failed Job of the present content is deleted by the run that succeeds, such as one of the CronJob. Argo CD and Flux then create it
 *    again, it has nothing to do and is Complete, and both of them are healthy. A complete one stays, so that it is not created again.
 *
 * A Job that a CronJob made is the CronJob's to delete.
 */
import { hasTrueCondition, KINDS, type KubeObject, type ObjectRef, refOf } from '#model/kube-object';
import { ANNOTATION_DIGEST, ANNOTATION_JOB, LABEL_KAFKA } from '#model/names';
import { ClusterError } from '../errors';
import type { Cluster, Report } from '../ports';

/** Whose Jobs are looked at, and by which run. */
export interface JobsOf {
  readonly cluster: Cluster;
  /** The ConfigMap that holds the bundle and names the Job of its content. */
  readonly configMap: ObjectRef;
  readonly kafka: string;
  /** Names this run; that of a run in a pod begins with the name of the pod. */
  readonly identity: string;
  readonly report: Report;
}

/** Deletes finished Jobs of earlier contents. */
export function deleteFinishedJobs(of: JobsOf): Promise<void> {
  return deleteJobs(of, 'finished, and of an earlier content', (configMap) => {
    const named = configMap.metadata.annotations?.[ANNOTATION_JOB];
    // Without an annotation there is no Job of the present content, and none can be told to be of an earlier one.
    return (job) => named !== undefined && job.metadata.name !== named;
  });
}

/** Deletes the failed Job of the content with this digest, to which the run that calls this has just brought the Kafka. */
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
    // Read last: a revert may have named one of them meanwhile.
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
