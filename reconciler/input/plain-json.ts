/** Values that JSON can hold. YAML can express more, and a file may be nested beyond reason. */

const DEEPEST = 100;

/** Returns why a value is not one that JSON could carry, or is nested too deeply, or undefined. */
export function unlikeJson(value: unknown, left = DEEPEST): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'holds a number that JSON lacks, such as .nan or .inf';
  if (typeof value !== 'object' || value === null) return undefined;
  if (left === 0) return `is nested deeper than ${DEEPEST} levels`;
  for (const member of Object.values(value)) {
    const why = unlikeJson(member, left - 1);
    if (why !== undefined) return why;
  }
  return undefined;
}
