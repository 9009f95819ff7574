import { factoryValue } from './factory-value';
import { contentHash } from './model/content-hash';

/** Options of a cron expression. */
export interface CronOptions {
  /**
   * IANA name of the time zone in which the expression counts, such as "Europe/Berlin". Kubernetes refuses one in the expression itself.
   * @default - that of the cluster's controller manager, UTC as a rule
   */
  readonly timeZone?: string;
}

/** What a CronJob says of its times. */
export interface CronSchedule {
  readonly schedule: string;
  readonly timeZone?: string;
}

/** When the reconciler looks without a commit: for certificates near their end, drift, stale pods, unfinished and blocked work. */
export class ReconcileSchedule {
  /** Once an hour, at a minute that follows from the name of the Kafka, so that a fleet does not start at once. */
  static hourly(): ReconcileSchedule {
    return new ReconcileSchedule((kafka) => ({ schedule: `${Number.parseInt(contentHash(kafka), 16) % 60} * * * *` }));
  }

  /** At the times of a cron expression: minute, hour, day of month, month, day of week, or a macro such as "@daily". */
  static cron(expression: string, options: CronOptions = {}): ReconcileSchedule {
    const { timeZone } = options;
    return new ReconcileSchedule(() => ({ schedule: expression, ...(timeZone === undefined ? {} : { timeZone }) }));
  }

  /** Never. Certificates are then only rotated by a commit, and a blocked run is not taken up again by itself. */
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
