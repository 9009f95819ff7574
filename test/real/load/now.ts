/** Returns the time of this machine that does not jump, as the load program has it: milliseconds since 1970, with fractions. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
