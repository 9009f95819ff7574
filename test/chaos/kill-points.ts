/** The operations that runs are killed in: what is there before, and what is wanted. */
import type { Desire } from '../support/desires';

const PLAIN: Desire = { issuer: 'off', names: [], days: 90, encoding: 'PKCS8', cutover: 'rolling', isRotation: false };
const SECURED: Desire = { ...PLAIN, issuer: 'ca-1' };

export const OPERATIONS: readonly { readonly name: string; readonly first: Desire; readonly second: Desire }[] = [
  { name: 'add TLS', first: PLAIN, second: SECURED },
  { name: 'add TLS in one stop', first: PLAIN, second: { ...SECURED, cutover: 'stop' } },
  { name: 'rotate', first: SECURED, second: { ...SECURED, isRotation: true } },
  { name: 'change names', first: SECURED, second: { ...SECURED, names: ['a.example.org'] } },
  { name: 'change the root', first: SECURED, second: { ...SECURED, issuer: 'ca-2' } },
  { name: 'remove TLS', first: SECURED, second: PLAIN },
];
