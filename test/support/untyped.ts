/** Members of objects that tests read and change without a schema: Jobs, Roles, CRDs, and objects that are wrong on purpose. */

// biome-ignore lint/suspicious/noExplicitAny: a schema for every kind that only tests read would test nothing
export function untyped(value: unknown): any {
  return value;
}
