import { factoryValue } from './factory-value';
import type { RotationChoice } from './model/desired';
import { defined } from './model/plain-data';

/** What happens to a node that cannot load a new certificate while it runs. */
export enum RotationFallback {
  /** Its pod restarts behind the usual gates. */
  RESTART = 'restart',
  /** The run ends before it restarts a pod, and reports the reason. */
  FAIL = 'fail',
}

/** Options of a rotation by reload. */
export interface ReloadOptions {
  /**
   * What happens to a node that cannot load a new certificate while it runs.
   * @default RotationFallback.RESTART
   */
  readonly otherwise?: RotationFallback;
}

/**
 * How brokers and controllers get a certificate that was issued again under the same CA.
 *
 * @example
 *
 *   Tls.on({ issuer, rotation: Rotation.restart() })
 *
 * @see docs/how-to/rotate.md
 */
export class Rotation {
  /**
   * Kafka loads its key stores again while it runs: no pod restarts, and no KafkaOpsRequest is created. The plan lists each node that cannot
   * do this, with the reason.
   *
   * Open connections keep the certificate with which they began. Key stores of plugins, such as metrics reporters, are not loaded again.
   *
   * @see "Updating SSL Keystore of an Existing Listener" in the documentation of Apache Kafka
   */
  static reload(options: ReloadOptions = {}): Rotation {
    return new Rotation({ by: 'reload', ...defined({ otherwise: options.otherwise }) });
  }

  /** Every pod that mounts the certificate restarts, one after the other. */
  static restart(): Rotation {
    return new Rotation({ by: 'restart' });
  }

  /** @internal */
  static _of(rotation: Rotation): RotationChoice {
    return factoryValue(rotation?.choice, rotation, 'Rotation.reload() or Rotation.restart()');
  }

  private constructor(protected readonly choice: RotationChoice) {}
}
