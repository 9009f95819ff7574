/** Objects as an observation may contain them: without managed fields, and without passwords that a spec contains in clear. */
import type { KubeObject } from '#model/kube-object';
import { withoutPasswords } from '../model/broker-pod';

/** A second copy of the object, with everything that is removed here. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const MASK = '(not shown)';

/** An object that is read again unchanged is the same JavaScript object, so its result is reused. */
const known = new WeakMap<KubeObject, KubeObject>();

/** Returns the object without managedFields, copies of itself, and values that look like passwords. */
export function redact(object: KubeObject): KubeObject {
  const before = known.get(object);
  if (before !== undefined) return before;
  const now = withoutClutter(object);
  known.set(object, now);
  return now;
}

function withoutClutter(object: KubeObject): KubeObject {
  const { managedFields: _, annotations, ...metadata } = object.metadata;
  const { [LAST_APPLIED]: __, ...kept } = annotations ?? {};
  return masked({ ...object, metadata: { ...metadata, ...(annotations === undefined ? {} : { annotations: kept }) } });
}

/** These kinds contain passwords in clear in two places: environment variables and inline properties. */
function masked<T>(value: T, key = ''): T {
  if (Array.isArray(value)) return value.map((item) => masked(key === 'env' ? maskedVariable(item) : item)) as T;
  if (value === null || typeof value !== 'object') return value;
  const mask = key === 'inline' ? maskedProperties : masked;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mask(member, name)])) as T;
}

function maskedProperties(value: unknown): unknown {
  return typeof value === 'string' ? withoutPasswords(value) : masked(value);
}

function maskedVariable(variable: unknown): unknown {
  const { name, value } = (variable ?? {}) as { readonly name?: string; readonly value?: string };
  return value !== undefined && /passw|secret|token|credential|jaas|_key$/i.test(name ?? '')
    ? { ...(variable as object), value: MASK }
    : variable;
}
