/** Acting as another user: `as`, `as-uid`, `as-groups` and `as-user-extra` of a kubeconfig, as headers of every request. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { UserEntry } from '../kubeconfig/schema';

/** Returns the headers of impersonation; none without `as`. */
export function impersonationHeaders(user: UserEntry): OutgoingHttpHeaders {
  const { as, 'as-uid': uid, 'as-groups': groups = [], 'as-user-extra': extra = {} } = user;
  if (as === undefined) return {};
  return {
    'Impersonate-User': bytes(as),
    ...(uid === undefined ? {} : { 'Impersonate-Uid': bytes(uid) }),
    ...(groups.length === 0 ? {} : { 'Impersonate-Group': groups.map(bytes) }),
    ...Object.fromEntries(Object.entries(extra).map(([key, values]) => [`Impersonate-Extra-${escaped(key)}`, values.map(bytes)])),
  };
}

/** The name of a header holds few characters: the bytes of all others are percent-encoded, and so is the percent sign, as in client-go. */
function escaped(key: string): string {
  const encode = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return [...Buffer.from(key)].map((b) => (LEGAL.test(String.fromCharCode(b)) ? String.fromCharCode(b) : encode(b))).join('');
}

const LEGAL = /^[!#$&'*+\-.^_`|~0-9A-Za-z]$/;

/** Node takes a character of a header for one byte; Kubernetes reads UTF-8. */
function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
