/** What Kubernetes refuses in the Job and the CronJob of a Kafka, and Jobs that could never do their work. */
import { cronProblem, timeZoneProblem } from './cron';
import { imageProblem, isPinned } from './image-reference';
import type { KubeObject } from './kube-object';
import { isOneOf, type Rule } from './rules';

const EXAMPLE = `ReconcileSchedule.cron('0 3 * * *', { timeZone: 'Europe/Berlin' })`;
const IMAGE = 'spec.template.spec.containers[].image';

/** Rules for a Job; `leastSeconds` is the time that a run waits for a single pod before it stops. */
export const jobRules = (leastSeconds: number): readonly Rule[] => [
  {
    field: IMAGE,
    isRequired: true,
    must: (image) => typeof image === 'string' && image.trim() !== '',
    message: 'the reconciler runs from an image. Name one in the prop "job", or leave the prop out to get the ConfigMap only.',
  },
  {
    field: IMAGE,
    must: (image) => imageProblem(String(image)) === undefined,
    message: (image) =>
      `no registry has such an image: ${imageProblem(String(image))}. Write "host/name:tag@sha256:..." with a digest of 64 digits.`,
  },
  {
    field: IMAGE,
    severity: 'warning',
    must: (image) => isPinned(String(image)),
    message: 'a tag can change, so that two runs of one commit would not be the same. Pin the image by digest, "name@sha256:...".',
  },
  {
    // Pods that run at the same time would wait for the Lease of one of them, and later pods would find nothing to do.
    field: ['spec.parallelism', 'spec.completions'],
    isRequired: true,
    must: isOneOf(1),
    message: 'one pod does all the work of a run. Leave it out.',
  },
  {
    field: 'spec.ttlSecondsAfterFinished',
    severity: 'warning',
    // The Jobs of a CronJob may vanish: no GitOps tool creates them again.
    must: (_, { object }) => (object as KubeObject).kind !== 'Job',
    message: 'Argo CD and Flux create a Job again after it was deleted, and it runs again. Leave it out.',
  },
  {
    field: 'spec.activeDeadlineSeconds',
    isRequired: true,
    must: (deadline) => Number.isInteger(deadline) && Number(deadline) >= leastSeconds,
    message: `a run may wait ${leastSeconds} seconds for one pod alone, the deadlines "gate" and "podReady" together. Give the Job more time, or leave its deadline out to have it follow from the number of pods.`,
  },
];

export const CRON_JOB_RULES: readonly Rule[] = [
  {
    field: 'spec.schedule',
    isRequired: true,
    must: (schedule) => cronProblem(String(schedule)) === undefined,
    message: (schedule) => `${cronProblem(String(schedule))}. Write minute, hour, day, month and weekday, as ${EXAMPLE}.`,
  },
  {
    field: 'spec.timeZone',
    must: (zone) => timeZoneProblem(String(zone)) === undefined,
    message: (zone) => `${timeZoneProblem(String(zone))}. Write it as "Europe/Berlin" or "Etc/UTC".`,
  },
];
