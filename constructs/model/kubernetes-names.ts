/** Names, labels, annotation keys and quantities that Kubernetes admits. */

/** Tells whether Kubernetes admits a value as the name of a Secret, Certificate or Issuer. */
export function isDnsSubdomain(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}

/** Tells whether Kubernetes admits a value as the name of a namespace, or of a Service when it begins with a letter. */
export function isDnsLabel(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

/** Tells whether a text can be the key of a label or an annotation: a name, after the name of a domain and "/" if there is one. */
export function isQualifiedName(text: string): boolean {
  const [prefix, name, ...more] = text.includes('/') ? text.split('/') : [undefined, text];
  return more.length === 0 && (prefix === undefined || isDnsSubdomain(prefix)) && isLabelValue(name) && name !== '';
}

/** Tells whether a value can be the value of a label. */
export function isLabelValue(value: unknown): value is string {
  return typeof value === 'string' && (value === '' || (value.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(value)));
}

/** Tells whether a value is an amount of storage or memory above zero: `10Gi`, `1.5Ti`, `1e9`. */
export function isPositiveQuantity(value: unknown): boolean {
  return (parseQuantity(value) ?? 0) > 0;
}

const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Returns the number that a quantity stands for, `0.05` for `50m`; undefined if it is not a quantity. */
export function parseQuantity(value: unknown): number | undefined {
  const match = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?\d+))$/.exec(String(value));
  if (match === null) return undefined;
  const [, sign, amount = '', binary, decimal = '', exponent] = match;
  const factor =
    binary === undefined
      ? 10 ** (exponent === undefined ? (DECIMAL[decimal] ?? 0) : Number(exponent))
      : 1024 ** (BINARY.indexOf(binary) + 1);
  return (sign === '-' ? -1 : 1) * Number(amount) * factor;
}

/** Tells whether a value can be the name of an environment variable. Kubernetes admits nearly any text, shells and programs do not. */
export function isVariableName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value);
}
