/**
 * The place of an event in the plan, as `[3/8]` shows it. Numbers never decrease: pods that restart in another order than planned are
 * numbered in the order in which they restart.
 */
import { isSameRef } from '#model/kube-object';
import type { Step } from '../model/plan';
import type { ProgressEvent } from '../ports';

export class StepNumbers {
  private atWork: readonly Step[] = [];
  /** Steps at work whose subject has had an event, in the order of their first. */
  private begun: Step[] = [];
  private highest = 0;

  constructor(private readonly steps: readonly Step[]) {}

  /** The walk has come to this step, and to those that are carried out together with it. */
  begin(index: number): void {
    const first = this.steps[index] as Step;
    const isTogether = (step: Step) =>
      step.kind === first.kind || (first.kind === 'submitOpsRequest' && step.kind === 'evict' && step.by === 'ops-manager');
    const end = this.steps.findIndex((step, i) => i > index && (step.kind === 'submitOpsRequest' || !isTogether(step)));
    this.atWork = this.steps.slice(index, end === -1 ? undefined : end);
    this.begun = [];
  }

  /** Returns the number of an event: that of the step of its subject if that is at work, else that of the first step at work. */
  of({ subject }: Pick<ProgressEvent, 'subject'>): { readonly number: number; readonly of: number } {
    const own = this.atWork.find((step) => isSameRef(step.subject, subject));
    const place = own === undefined ? this.steps.indexOf(this.atWork[0] as Step) : this.placeOf(own);
    this.highest = Math.max(this.highest, place);
    return { number: this.highest + 1, of: this.steps.length };
  }

  private placeOf(own: Step): number {
    if (!this.begun.includes(own)) this.begun.push(own);
    const first = this.atWork.find((step) => step.kind === own.kind) as Step;
    return this.steps.indexOf(first) + this.begun.filter((step) => step.kind === own.kind).indexOf(own);
  }
}
