/** Counts the moments in which producers get no answer for some partition, by the model of the brokers. */
import { KAFKA, type MemoryEnvironment, NAMESPACE, type World } from './world';

const SAMPLE_MS = 500;

/** Watches a Kafka from now on, and returns how many of the moments so far were such. */
export function watchUnserved(world: World): () => number {
  const { sandbox, clock } = world.environment as MemoryEnvironment;
  let moments = 0;
  const watch = async () => {
    for (;;) {
      await clock.sleep(SAMPLE_MS);
      if (!sandbox.acknowledges(NAMESPACE, KAFKA)) moments++;
    }
  };
  void watch();
  return () => moments;
}
