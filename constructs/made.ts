/**
 * Values of classes with factories. TypeScript refuses any other value; JavaScript and `any` let it pass, and a choice that is silently left
 * out would be worse than an error.
 */

/** Returns what a factory made, or refuses the value that stands in its place; `hint` names the factories. */
export function made<T>(part: T | undefined, value: unknown, hint: string): T {
  if (part !== undefined) return part;
  throw new TypeError(`${given(value)}, where a value is needed that only the library makes. Use ${hint}.`);
}

function given(value: unknown): string {
  if (value === undefined || value === null) return 'A prop is missing';
  return typeof value === 'string' ? `A prop is ${JSON.stringify(value)}` : `A prop is of type ${typeof value}`;
}
