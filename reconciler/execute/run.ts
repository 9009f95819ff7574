import type { Observation } from '../model/observation';
import type { Plan } from '../model/plan';
import type { ExecuteContext } from './context';

/** One plan that is carried out. */
export interface Run {
  readonly context: ExecuteContext;
  readonly plan: Plan;
  /** The observation that the plan was made from. */
  readonly before: Observation;
}
