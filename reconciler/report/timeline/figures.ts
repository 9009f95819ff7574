/** Times as reports print them. */
import { formatAge } from '../progress';

/** Returns a duration: `0.4 s` below ten seconds, then as kubectl prints an age. */
export function duration(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : formatAge(Math.round(ms / 1000));
}
