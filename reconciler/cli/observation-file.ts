/** Observations in files: what `observe` printed, perhaps long ago, perhaps edited since. */
import { OBSERVATION, OBSERVATION_FORMAT, type Observation } from '#reconciler/model/observation';
import { readJsonFile } from './json-file';

/** Returns the observation in a file; an InvalidInputError holds everything that is wrong with it. */
export function readObservation(file: string, cwd: string): Promise<Observation> {
  const hint = 'An observation is what "kafka-tls observe" prints.';
  return readJsonFile(file, cwd, { name: 'an observation', format: OBSERVATION_FORMAT, schema: OBSERVATION, hint });
}
