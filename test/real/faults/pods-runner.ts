/** Runs of `kafka-tls apply` as processes, on a real API server and on pods that are real Kafka; and what can go wrong with those pods meanwhile. */
import type { ExecutorName } from '#model/desired';
import type { Fault } from '../../chaos/faults';
import { ProcessRunner } from '../../chaos/process-runner';
import type { World } from '../../support/world';
import type { RealKafkaEnvironment } from '../kafka-environment';
import { passedOn } from '../passed-on';
import { injectReal } from './real-faults';

/** A Lease expires within five seconds, and a busy machine still renews it in time. Instants, and Kafka's own time, are real. */
const PACE = { factor: 6 };
const LONGEST_PAUSE_MS = 5_000;

export class PodsRunner extends ProcessRunner {
  private open = 0;
  private readonly environmentOfPods: RealKafkaEnvironment;

  constructor(executor: ExecutorName, world: World) {
    const environment = world.environment as RealKafkaEnvironment;
    super({
      executor,
      world,
      pace: PACE,
      handle: (request) => passedOn(environment.sendAsProduct, request),
      mounts: () => environment.mounts,
    });
    this.environmentOfPods = environment;
  }

  override get isQuiet(): boolean {
    return this.open === 0;
  }

  async pause(ms: number): Promise<void> {
    const { clock } = this.environmentOfPods;
    await clock.sleep(Math.min(ms, LONGEST_PAUSE_MS));
  }

  /** A fault that lasts ends by itself. */
  override async inject(fault: Fault): Promise<void> {
    const { clock } = this.environmentOfPods;
    const end = injectReal(this.environmentOfPods, fault);
    if (end === undefined) return;
    this.open++;
    void clock.sleep(fault.forMs).then(() => {
      end();
      this.open--;
    });
  }
}
