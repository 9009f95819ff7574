/**
 * Finished Jobs of earlier contents. A Job is named by its content: as long as a finished one is there, whoever applies a commit that
 * reverts to its content finds it in place, and nothing runs.
 *
 * A Job that a CronJob made is the CronJob's to delete, and the one that the ConfigMap names stays, so that it is not created anew.
 */
import { hasTrueCondition, KINDS, type KubeObject, type ObjectRef, refOf } from '../../constructs/model/kube-object';
import { ANNOTATION_JOB, LABEL_KAFKA } from '../../constructs/model/names';
import { ClusterError } from '../errors';
import type { Cluster, Report } from '../ports';

/** Deletes them, and their pods with them. A failure is told and fails nothing: the next run tries again. */
export async function deleteFinishedJobs(cluster: Cluster, configMap: ObjectRef, kafka: string, report: Report): Promise<void> {
  const { namespace = '' } = configMap;
  try {
    const jobs = await cluster.list(KINDS.Job, { namespace, labels: { [LABEL_KAFKA]: kafka } });
    const finished = jobs.filter(isFinishedAndNobodys);
    if (finished.length === 0) return;
    // Asked last: what a revert has named meanwhile stays.
    const named = (await cluster.get(configMap))?.metadata.annotations?.[ANNOTATION_JOB];
    if (named === undefined) return; // made without a Job, or gone
    for (const job of finished.filter(({ metadata }) => metadata.name !== named)) {
      await cluster.delete(refOf(job), job.metadata.uid ?? '');
      report({ event: 'deleted', subject: refOf(job), message: 'finished, and of an earlier content' });
    }
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    report({ event: 'warning', subject: configMap, message: `finished Jobs of earlier contents were not all deleted: ${error.message}` });
  }
}

function isFinishedAndNobodys(job: KubeObject): boolean {
  const { ownerReferences = [], deletionTimestamp } = job.metadata;
  const isFinished = hasTrueCondition(job, 'Complete') || hasTrueCondition(job, 'Failed');
  return isFinished && ownerReferences.length === 0 && deletionTimestamp === undefined;
}
