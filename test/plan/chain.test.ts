/** Whether a peer accepts a certificate, by keys alone; `I<R` is a certificate of key I that key R has signed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CaFacts, SecretFacts } from '#reconciler/model/observation';
import { isAccepted, presentedFrom } from '#reconciler/plan/chain';
import { certificate, root } from '../support/cluster-builder';

function cas(text: string): readonly CaFacts[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((part) => {
      const [key = '', signer = key] = part.split('<');
      return root(part, { publicKey: key, signers: [signer] });
    });
}

const cases: readonly {
  readonly name: string;
  readonly signer: string;
  readonly chain: string;
  readonly trust: string;
  readonly is: boolean;
}[] = [
  { name: 'signed by the trusted root', signer: 'R', chain: '', trust: 'R', is: true },
  { name: 'signed by another root', signer: 'R', chain: '', trust: 'X', is: false },
  { name: 'the intermediate comes along', signer: 'I', chain: 'I<R', trust: 'R', is: true },
  { name: 'the intermediate does not come along', signer: 'I', chain: '', trust: 'R', is: false },
  { name: 'two intermediates, in any order', signer: 'I', chain: 'P<R I<P', trust: 'R', is: true },
  { name: 'the one between is missing', signer: 'I', chain: 'I<P', trust: 'R', is: false },
  { name: 'an intermediate is trusted itself', signer: 'I', chain: 'I<R', trust: 'I<R', is: true },
  { name: 'the root has signed a new key (bridge)', signer: 'K', chain: 'K<R', trust: 'R', is: true },
  { name: 'the bridge is trusted, the new root has the same key', signer: 'K', chain: '', trust: 'K<R', is: true },
  { name: 'the bridge is missing and only the old root is trusted', signer: 'K', chain: '', trust: 'R', is: false },
  { name: 'certificates that sign each other end, too', signer: 'A', chain: 'A<B B<A', trust: 'R', is: false },
  { name: 'a certificate in the chain that has not signed the leaf proves nothing', signer: 'X', chain: 'I<R', trust: 'R', is: false },
];
describe('a peer accepts a leaf', () => {
  for (const { name, signer, chain, trust, is } of cases) {
    test(`${name}: ${is ? 'yes' : 'no'}`, () => {
      assert.equal(isAccepted({ signers: [signer], chain: cas(chain) }, new Set(cas(trust).map((c) => c.publicKey))), is);
    });
  }
});

test('an observation of an earlier version shows only what a Secret trusts', () => {
  const { signers: _, ...leaf } = certificate('leaf');
  const secret = { leaf, ca: cas('R') } as unknown as SecretFacts;
  assert.deepEqual(presentedFrom(secret), { signers: ['R'], chain: [] });
});
