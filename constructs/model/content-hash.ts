/** Short names for content: equal content has equal names. */
import { createHash } from 'node:crypto';
import { canonical } from './kube-object';

/** Returns the first `length` hexadecimal digits of the SHA-256 of a value's canonical JSON. */
export function contentHash(value: unknown, length = 8): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(value)), 'utf8')
    .digest('hex')
    .slice(0, length);
}
