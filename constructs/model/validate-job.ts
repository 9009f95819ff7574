/** What is wrong with the Job and the CronJob of a Kafka: what Kubernetes refuses, and what could never run. */
import { cronProblem, timeZoneProblem } from './cron';
import { imageProblem, isPinned } from './image-reference';
import { type KubeObject, refOf } from './kube-object';
import { type Violation, violationsFor } from './violation';

/** Returns what is wrong with a Job; `leastSeconds` is how long a run waits for a single pod before it gives up. */
export function jobViolations(job: KubeObject, leastSeconds: number): readonly Violation[] {
  return [...imageViolations(job), ...deadlineViolations(job, leastSeconds), ...countViolations(job), ...lifetimeViolations(job)];
}

function imageViolations(job: KubeObject): readonly Violation[] {
  const { error, warning } = violationsFor(refOf(job));
  const field = 'spec.template.spec.containers[0].image';
  const image: unknown = job.spec?.template?.spec?.containers?.[0]?.image;
  if (typeof image !== 'string' || image.trim() === '') {
    const hint = 'Name one in the prop "job", or leave the prop out to get the ConfigMap only.';
    return [error(field, image, 'the reconciler runs from an image', hint)];
  }
  const problem = imageProblem(image);
  if (problem !== undefined)
    return [
      error(field, image, `no registry has such an image: ${problem}`, 'Write "host/name:tag@sha256:..." with a digest of 64 digits.'),
    ];
  if (isPinned(image)) return [];
  const why = 'a tag can change, so that two runs of one commit would not be the same';
  return [warning(field, image, why, 'Pin the image by digest, "name@sha256:...".')];
}

function deadlineViolations(job: KubeObject, leastSeconds: number): readonly Violation[] {
  const deadline: unknown = job.spec?.activeDeadlineSeconds;
  if (typeof deadline === 'number' && Number.isInteger(deadline) && deadline >= leastSeconds) return [];
  const why = `a run may wait ${leastSeconds} seconds for one pod alone, the deadlines "gate" and "podReady" together`;
  const hint = 'Give the Job more time, or leave its deadline out to have it follow from the number of pods.';
  return [violationsFor(refOf(job)).error('spec.activeDeadlineSeconds', deadline, why, hint)];
}

/** Several pods at once would only wait for the Lease of the first, and several one after the other would do nothing. */
function countViolations(job: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(job));
  return ['parallelism', 'completions'].flatMap((field) => {
    const count: unknown = job.spec?.[field];
    return count === 1 ? [] : [error(`spec.${field}`, count, 'one run does all that there is to do', 'Leave it out.')];
  });
}

/** The Jobs of a CronJob may vanish: no GitOps tool looks after them. */
function lifetimeViolations(job: KubeObject): readonly Violation[] {
  const { ttlSecondsAfterFinished } = job.spec ?? {};
  if (job.kind !== 'Job' || ttlSecondsAfterFinished === undefined) return [];
  const why = 'Argo CD and Flux create a Job that vanished again, and it runs again';
  return [violationsFor(refOf(job)).warning('spec.ttlSecondsAfterFinished', ttlSecondsAfterFinished, why, 'Leave it out.')];
}

/** Returns what is wrong with the schedule of a CronJob. */
export function cronJobViolations(cronJob: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(cronJob));
  const { schedule, timeZone } = cronJob.spec ?? {};
  const found: Violation[] = [];
  const problem = typeof schedule === 'string' ? cronProblem(schedule) : 'a schedule is a text';
  if (problem !== undefined) {
    const hint = `Write minute, hour, day, month and weekday, as ReconcileSchedule.cron('0 3 * * *', { timeZone: 'Europe/Berlin' }).`;
    found.push(error('spec.schedule', schedule, problem, hint));
  }
  const zoneProblem = timeZone === undefined ? undefined : timeZoneProblem(String(timeZone));
  if (zoneProblem !== undefined) found.push(error('spec.timeZone', timeZone, zoneProblem, 'Write it as "Europe/Berlin" or "Etc/UTC".'));
  return found;
}
