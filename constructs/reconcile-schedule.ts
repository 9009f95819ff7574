import { contentHash } from './model/content-hash';

/** When the reconciler looks without a commit: for certificates near their end, drift, stale pods, unfinished and blocked work. */
export class ReconcileSchedule {
  /** Once an hour, at a minute that follows from the name of the Kafka, so that a fleet does not start at once. */
  static hourly(): ReconcileSchedule {
    return new ReconcileSchedule('hourly');
  }

  /** At the times of a cron expression, in the time zone of the cluster's controller manager. */
  static cron(expression: string): ReconcileSchedule {
    return new ReconcileSchedule(expression);
  }

  /** Never. Certificates are then only rotated by a commit, and a blocked run is not taken up again by itself. */
  static off(): ReconcileSchedule {
    return new ReconcileSchedule('off');
  }

  /** @internal */
  static _cron(schedule: ReconcileSchedule, kafka: string): string | undefined {
    if (schedule.when === 'off') return undefined;
    if (schedule.when !== 'hourly') return schedule.when;
    return `${Number.parseInt(contentHash(kafka), 16) % 60} * * * *`;
  }

  private constructor(protected readonly when: string) {}
}
