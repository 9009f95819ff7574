/** One run of the product, which can be killed, or made to stand still for a while, between any two of its requests. */
import type { KafkaTlsError } from '#reconciler/errors';
import type { Clock, Cluster } from '#reconciler/ports';

class Killed extends Error {
  readonly exitCode = 137;
}

export class Run {
  /** Resolves with the error that the run ended with. */
  readonly ended: Promise<KafkaTlsError | undefined>;
  /** Resolves when it stands still. */
  readonly frozen: Promise<'frozen'>;
  private isKilled = false;
  private gate: Promise<void> | undefined;
  private open: () => void = () => {};
  private tellFrozen: () => void = () => {};

  constructor(
    start: (cluster: Cluster) => Promise<unknown>,
    cluster: Cluster,
    private readonly clock: Clock,
  ) {
    this.frozen = new Promise((resolve) => {
      this.tellFrozen = () => resolve('frozen');
    });
    this.ended = start(this.mortal(cluster)).then(
      () => undefined,
      (error: KafkaTlsError) => error,
    );
  }

  /** From now on nothing that it asks for happens, and no answer reaches it. */
  kill(): void {
    this.isKilled = true;
    this.thaw();
  }

  /** What it asks for next is on its way, and arrives when this time is over. */
  freeze(forMs: number): void {
    this.gate = new Promise((resolve) => {
      this.open = resolve;
    });
    this.tellFrozen();
    void this.clock.sleep(forMs).then(() => this.thaw());
  }

  private thaw(): void {
    this.open();
    this.gate = undefined;
  }

  private mortal(cluster: Cluster): Cluster {
    const guarded =
      <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await this.pass();
        const result = await call(...args);
        await this.pass();
        return result;
      };
    const watch: Cluster['watch'] = (kind, selection, signal) => this.watched(cluster.watch(kind, selection, signal));
    return {
      get: guarded(cluster.get),
      list: guarded(cluster.list),
      watch,
      create: guarded(cluster.create),
      apply: guarded(cluster.apply),
      patch: guarded(cluster.patch),
      replace: guarded(cluster.replace),
      evict: guarded(cluster.evict),
      delete: guarded(cluster.delete),
      isAllowed: guarded(cluster.isAllowed),
    };
  }

  private async pass(): Promise<void> {
    await this.gate;
    if (this.isKilled) throw new Killed('killed');
  }

  private async *watched<T>(changes: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const change of changes) {
      await this.pass();
      yield change;
    }
  }
}
