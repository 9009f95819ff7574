/** Numbers as a report prints them. */

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** For times that are far below a second. */
export function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`;
}
