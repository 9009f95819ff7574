/** Objects for an observation: without bookkeeping fields, and without passwords that a user wrote in plain text into a spec. */
import type { KubeObject } from '#model/kube-object';
import { withoutPasswords } from '../model/broker-pod';

/** A whole second copy of the object, often older, with everything that is left out here. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const MASK = '(not shown)';

/** What was read once more and had not changed is the same object, and is shown the same way. */
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

/** Environment variables and inline properties are the two places of these kinds where passwords are written in clear. */
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
