/**
 * The number of an event, as `[3/8]` shows it: the row of the printed plan that the event belongs to. Numbers never decrease. Pods that
 * restart in another order than planned are numbered in the order in which they restart.
 */
import { isSameRef } from '#model/kube-object';
import { partsOf, type Step, type StepPart } from '../model/plan';
import type { ProgressEvent } from '../ports';

export class StepNumbers {
  private readonly total: number;
  /** Row before the first row of the current step. */
  private offset = 0;
  private parts: readonly StepPart[] = [];
  /** Parts of the current step that have had an event, in the order of their first. */
  private begun: StepPart[] = [];
  private highest = 0;

  constructor(private readonly steps: readonly Step[]) {
    this.total = rowsOf(steps);
  }

  /** The step at this index begins. */
  begin(index: number): void {
    const step = this.steps[index] as Step;
    this.offset = rowsOf(this.steps.slice(0, index));
    this.parts = partsOf(step);
    // The row of a request comes before those of its pods.
    this.begun = this.parts[0] === step ? [step] : [];
  }

  /** Returns the number of the part with this subject, else that of the first part of the current step. */
  of({ subject }: Pick<ProgressEvent, 'subject'>): { readonly number: number; readonly of: number } {
    const part = this.parts.find((p) => isSameRef(p.subject, subject));
    if (part !== undefined && !this.begun.includes(part)) this.begun.push(part);
    const row = part === undefined ? 0 : this.begun.indexOf(part);
    this.highest = Math.max(this.highest, this.offset + row + 1);
    return { number: this.highest, of: this.total };
  }
}

function rowsOf(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + partsOf(step).length, 0);
}
