import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProperties, withProperties } from '#reconciler/model/properties';

const READ: readonly { readonly name: string; readonly text: string; readonly is: Readonly<Record<string, string>> }[] = [
  { name: 'every separator', text: 'a=1\nb:2\nc 3\nd = 4\n  e\t:\t5\n', is: { a: '1', b: '2', c: '3', d: '4', e: '5' } },
  { name: 'an empty value', text: 'a=\nb', is: { a: '', b: '' } },
  { name: 'comments and blank lines', text: '# a=1\n  ! b=2\n\n   \nc=3', is: { c: '3' } },
  { name: 'lines of Windows', text: 'a=1\r\nb=2\r\n', is: { a: '1', b: '2' } },
  { name: 'a value over several lines', text: 'a=1,\\\n   2,\\\n3\nb=4', is: { a: '1,2,3', b: '4' } },
  { name: 'an escaped backslash at the end of a line', text: 'a=1\\\\\nb=2', is: { a: '1\\', b: '2' } },
  { name: 'a comment that ends with a backslash', text: '# a \\\nb=2', is: { b: '2' } },
  { name: 'escapes', text: 'a\\:b=c\\=d\\u0041\\t', is: { 'a:b': 'c=dA\t' } },
  { name: 'a separator in the value', text: 'map=BROKER:SSL,CC:SSL', is: { map: 'BROKER:SSL,CC:SSL' } },
  { name: 'the last one of two', text: 'a=1\na=2', is: { a: '2' } },
];
for (const { name, text, is } of READ) {
  test(`reads ${name}`, () => assert.deepEqual(Object.fromEntries(readProperties(text)), is));
}

const CHANGED: readonly (readonly [name: string, text: string, to: Readonly<Record<string, string | undefined>>, is: string])[] = [
  ['nothing where all is as wanted', 'a : 1\n# kept', { a: '1' }, 'a : 1\n# kept'],
  ['a line, and keeps the others', '# first\na : 1\nb = 2\n', { a: '3' }, '# first\na=3\nb = 2\n'],
  ['a setting over several lines', 'a=1,\\\n  2\nb=2\n', { a: '3' }, 'a=3\nb=2\n'],
  ['both of two lines with one key', 'a=1\nb=2\na=4\n', { a: '3' }, 'a=3\nb=2\n'],
  ['a file by a new setting', 'a=1\n', { b: '2' }, 'a=1\nb=2\n'],
  ['a file that does not end with a line break', 'a=1', { b: '2' }, 'a=1\nb=2\n'],
  ['an empty file', '', { b: '2' }, 'b=2\n'],
  ['a setting into none', 'a=1\nb=2\n', { a: undefined, c: undefined }, 'b=2\n'],
  ['a value that has to be escaped', '', { b: ' a\\b' }, 'b=\\ a\\\\b\n'],
];
for (const [name, text, to, is] of CHANGED) {
  test(`changes ${name}`, () => {
    const changed = withProperties(text, to);
    assert.equal(changed, is);
    for (const [key, value] of Object.entries(to)) assert.equal(readProperties(changed).get(key), value);
    assert.equal(withProperties(changed, to), changed);
  });
}
