/** Counts what schedules came to. */
import type { Played } from './play';
import { FAULTS, type FaultName } from './schedule';

export class Tally {
  private schedules = 0;
  private runs = 0;
  private evictions = 0;
  private readonly faults = new Map<FaultName, number>();
  broken = 0;

  add({ injected, runs, evictions, broken }: Omit<Played, 'schedule' | 'trace'>): void {
    this.schedules++;
    this.runs += runs;
    this.evictions += evictions;
    this.broken += broken.length;
    for (const name of injected) this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
  }

  /** One line a kind of fault; the last line says how many invariants were broken. */
  text(): string {
    const names = Object.keys(FAULTS) as FaultName[];
    const width = Math.max(...names.map((n) => n.length));
    return [
      `${this.schedules} schedules, ${this.runs} runs, ${this.evictions} pods taken down by hand of the product`,
      ...names.map((n) => `  ${n.padEnd(width)}  ${String(this.faults.get(n) ?? 0).padStart(5)}  ${FAULTS[n]}`),
      `invariants broken: ${this.broken}`,
    ].join('\n');
  }
}
