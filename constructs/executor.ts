import { factoryValue } from './factory-value';
import type { ExecutorName } from './model/desired';

/**
 * The program that carries out operations on the Kafka.
 *
 * @example
 *
 *   new KafkaTls(chart, 'orders', { cluster, tls, executor: Executor.native() });
 *
 * @see docs/explanation/safe-restarts.md
 */
export class Executor {
  /** KubeDB's ops-manager: the reconciler creates KafkaOpsRequests and waits for them. For all clusters that have an ops-manager. */
  static opsRequest(): Executor {
    return new Executor('ops-request');
  }

  /**
   * The reconciler: it issues certificates, changes the configuration and restarts pods, and checks the health of the Kafka before each pod.
   * Only for clusters without an ops-manager. Experimental together with KubeDB's provisioner, whose source is closed.
   */
  static native(): Executor {
    return new Executor('native');
  }

  /** @internal */
  static _of(executor: Executor): ExecutorName {
    return factoryValue(executor?.executorName, executor, 'Executor.opsRequest() or Executor.native()');
  }

  private constructor(protected readonly executorName: ExecutorName) {}
}
