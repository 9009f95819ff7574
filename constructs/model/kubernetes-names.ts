/** Which texts Kubernetes takes as names, labels, annotation keys and quantities. */

/** Tells whether Kubernetes takes a text as the name of a Secret, Certificate or Issuer. */
export function isDnsSubdomain(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}

/** Tells whether Kubernetes takes a text as the name of a namespace, or of a Service when it begins with a letter. */
export function isDnsLabel(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

/** Tells whether a text can be the key of a label or an annotation: a name, after the name of a domain and "/" if there is one. */
export function isQualifiedName(text: string): boolean {
  const [prefix, name, ...more] = text.includes('/') ? text.split('/') : [undefined, text];
  return more.length === 0 && (prefix === undefined || isDnsSubdomain(prefix)) && isLabelText(name ?? '') && name !== '';
}

/** Tells whether a text can be the value of a label. */
export function isLabelValue(text: string): boolean {
  return isLabelText(text);
}

function isLabelText(text: string): boolean {
  return text === '' || (text.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text));
}

/** Tells whether a value is an amount of storage or memory above zero: `10Gi`, `1.5Ti`, `1e9`. */
export function isPositiveQuantity(value: unknown): boolean {
  const [, amount = ''] = /^\+?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?\d+)?$/.exec(String(value)) ?? [];
  return Number(amount) > 0;
}
