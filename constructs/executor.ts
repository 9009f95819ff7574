import { factoryValue } from './factory-value';
import type { ExecutorName } from './model/desired';

/** Who carries operations out. */
export class Executor {
  /** KubeDB's ops-manager: the reconciler submits KafkaOpsRequests and follows them. For every cluster that has one. */
  static opsRequest(): Executor {
    return new Executor('ops-request');
  }

  /**
   * The reconciler itself: it issues, reconfigures and restarts, each pod behind a gate. Only for clusters without an ops-manager, and
   * experimental beside KubeDB's own provisioner, whose source is closed.
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
