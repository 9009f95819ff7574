/** Durations of estimates in words. */

/** Rounds up: an estimate is no more exact than this. */
export function approximately(ms: number): string {
  return ms <= 100_000 ? `${Math.ceil(ms / 10_000) * 10} s` : `${Math.ceil(ms / 60_000)} min`;
}
