/** Adds to the events of a run what Kafka can still lose, as soon as a look has shown it: no question is asked for the sake of a report. */
import type { PodObservation } from '../model/observation';
import type { Spare } from '../model/run-events';
import { spareOf } from '../plan/spare';
import type { ProgressEvent } from '../ports';
import type { ExecuteContext } from './context';

/** Returns the context; each of its looks that Kafka answers is reported once, with the event that follows it. */
export function reportingSpare(context: ExecuteContext): ExecuteContext {
  let unreported: Spare | undefined;
  const seen = <L extends PodObservation>(live: L): L => {
    unreported = spareOf(live.facts) ?? unreported;
    return live;
  };
  return {
    ...context,
    report: (event: ProgressEvent) => {
      const spare = unreported;
      unreported = undefined;
      context.report(spare === undefined ? event : { ...event, spare });
    },
    observe: async (options) => seen(await context.observe(options)),
    lookAtPods: async (options) => seen(await context.lookAtPods(options)),
  };
}
