import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributeValues, parseDistinguishedName } from '#model/distinguished-name';

const [CN, OU, DC, UID] = ['2.5.4.3', '2.5.4.11', '0.9.2342.19200300.100.1.25', '0.9.2342.19200300.100.1.1'];

const READ: readonly { readonly text: string; readonly is: readonly (readonly (readonly [string, string])[])[] }[] = [
  { text: 'CN=billing', is: [[[CN, 'billing']]] },
  { text: 'CN=billing,OU=payments,DC=example,DC=org', is: [[[CN, 'billing']], [[OU, 'payments']], [[DC, 'example']], [[DC, 'org']]] },
  { text: '  CN = billing ; OU= payments ', is: [[[CN, 'billing']], [[OU, 'payments']]] },
  {
    text: 'OU=payments+CN=billing,DC=org',
    is: [
      [
        [OU, 'payments'],
        [CN, 'billing'],
      ],
      [[DC, 'org']],
    ],
  },
  { text: 'CN=billing\\, inc\\+co', is: [[[CN, 'billing, inc+co']]] },
  { text: 'CN=a=b', is: [[[CN, 'a=b']]] },
  { text: 'CN=Lu\\C4\\8Di\\C4\\87', is: [[[CN, 'Lučić']]] },
  { text: 'CN=\\ a\\ ', is: [[[CN, ' a ']]] },
  { text: 'UID=billing,1.2.3.4=x', is: [[[UID, 'billing']], [['1.2.3.4', 'x']]] },
];
for (const { text, is } of READ) {
  test(`reads "${text}"`, () => {
    const name = parseDistinguishedName(text);
    assert.ok(typeof name !== 'string', String(name));
    assert.deepEqual(
      name.map((set) => set.map(({ oid, value }) => [oid, value])),
      is,
    );
  });
}

const REFUSED: readonly { readonly text: string; readonly says: RegExp }[] = [
  { text: 'billing', says: /not a type/ },
  { text: 'CN=billing,', says: /not a type/ },
  { text: 'CN=billing,,OU=x', says: /not a type/ },
  { text: '=billing', says: /not a type/ },
  { text: '/CN=billing/OU=payments', says: /type "\/CN"/ },
  { text: 'cn=billing', says: /does not know the type "cn", only C, O, OU, CN/ },
  { text: 'CN=billing,S=Bern', says: /type "S"/ },
  { text: 'CN=billing,emailAddress=a@b.org', says: /type "emailAddress"/ },
  { text: 'CN=', says: /value of CN is empty/ },
  { text: 'CN=a\\xb', says: /neither a special character nor two hexadecimal digits/ },
  { text: 'CN=a\\', says: /neither a special character/ },
  { text: 'CN=#04024869', says: /not text/ },
];
for (const { text, says } of REFUSED) {
  test(`refuses "${text}"`, () => assert.match(String(parseDistinguishedName(text)), says));
}

test('finds the values of a type', () => {
  const name = parseDistinguishedName('CN=billing,DC=example,DC=org');
  assert.deepEqual(typeof name === 'string' ? name : attributeValues(name, 'DC'), ['example', 'org']);
});
