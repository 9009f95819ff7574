import { factoryValue } from './factory-value';
import { contentHash } from './model/content-hash';
import { defined } from './model/plain-data';

/** Options of a cron expression. */
export interface CronOptions {
  /**
   * IANA name of the time zone of the expression, such as "Europe/Berlin". Kubernetes refuses a time zone in the expression itself.
   * @default - the time zone of the cluster's controller manager, usually UTC
   * @example
   * 'Europe/Berlin'
   */
  readonly timeZone?: string;
}

/** Schedule of a CronJob, as it is in its spec. */
export interface CronSchedule {
  readonly schedule: string;
  readonly timeZone?: string;
}

/**
 * When the reconciler runs without a commit: to rotate before expiry, to revert drift, and to continue unfinished or blocked work.
 *
 * @example
 *
 *   new KafkaTls(chart, 'orders', { cluster, tls, job: { image, schedule: ReconcileSchedule.cron('@daily') } });
 *
 * @see "CronJob" in the documentation of Kubernetes
 */
export class ReconcileSchedule {
  /** Once an hour, at a minute that depends on the name of the Kafka, so that the Jobs of many Kafkas do not start at once. */
  static hourly(): ReconcileSchedule {
    return new ReconcileSchedule((kafka) => ({ schedule: `${Number.parseInt(contentHash(kafka), 16) % 60} * * * *` }));
  }

  /** At the times of a cron expression: minute, hour, day of month, month, day of week, or a macro such as "@daily". */
  static cron(expression: string, options: CronOptions = {}): ReconcileSchedule {
    return new ReconcileSchedule(() => defined({ schedule: expression, timeZone: options.timeZone }));
  }

  /** Never. Certificates are then rotated only by a commit, and nothing continues a blocked run. */
  static off(): ReconcileSchedule {
    return new ReconcileSchedule(() => undefined);
  }

  /** @internal */
  static _of(schedule: ReconcileSchedule, kafka: string): CronSchedule | undefined {
    return factoryValue(
      schedule?.timesOf,
      schedule,
      "ReconcileSchedule.cron('0 3 * * *'), ReconcileSchedule.hourly() or ReconcileSchedule.off()",
    )(kafka);
  }

  private constructor(protected readonly timesOf: (kafka: string) => CronSchedule | undefined) {}
}
