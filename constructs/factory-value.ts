/**
 * Values that only the factories of this library make, such as `Tls.on(...)`. TypeScript refuses any other value; in JavaScript, and from
 * `any`, one would pass and be ignored, so it is refused at run time.
 */

/** Returns what a factory stored in a value, or throws if the value comes from elsewhere; `factories` names the right ones. */
export function factoryValue<T>(stored: T | undefined, value: unknown, factories: string): T {
  if (stored !== undefined) return stored;
  throw new TypeError(`${describe(value)}, where a value is needed that only the library makes. Use ${factories}.`);
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return 'A prop is missing';
  return typeof value === 'string' ? `A prop is ${JSON.stringify(value)}` : `A prop is of type ${typeof value}`;
}
