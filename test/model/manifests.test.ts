/** Manifests beyond what the golden files of `test/constructs` show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IssuerSettings, issuerRefOf, merged } from '#model/manifests';
import { SELF_SIGNED } from './manifest-cases';

const CORP: IssuerSettings = { kind: 'reference', ref: { apiGroup: 'cert-manager.io', kind: 'ClusterIssuer', name: 'corp-ca' } };

const merges: readonly { readonly name: string; readonly base: unknown; readonly extra: unknown; readonly is: unknown }[] = [
  { name: 'maps key by key', base: { a: 1, b: { c: 1 } }, extra: { b: { d: 2 } }, is: { a: 1, b: { c: 1, d: 2 } } },
  { name: 'lists as a whole', base: { a: [1, 2] }, extra: { a: [3] }, is: { a: [3] } },
  { name: 'nothing for undefined', base: { a: 1 }, extra: { a: undefined }, is: { a: 1 } },
  { name: 'null as a value', base: { a: 1 }, extra: { a: null }, is: { a: null } },
  { name: 'a map over a text', base: 'x', extra: { a: 1 }, is: { a: 1 } },
];
for (const c of merges) {
  test(`merges ${c.name}`, () => assert.deepEqual(merged(c.base, c.extra), c.is));
}

test('refers to the issuer that it makes', () => {
  assert.equal(issuerRefOf(SELF_SIGNED, 'orders').name, 'orders-ca');
  assert.equal(issuerRefOf({ ...SELF_SIGNED, name: 'orders-ca-2' } as IssuerSettings, 'orders').name, 'orders-ca-2');
  assert.equal(issuerRefOf({ kind: 'caSecret', secret: 'root', name: 'signer' }, 'orders').name, 'signer');
  assert.equal(issuerRefOf(CORP, 'orders').kind, 'ClusterIssuer');
});
