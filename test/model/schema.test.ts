import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BOOLEAN,
  COUNT,
  choice,
  DURATION,
  formatIssues,
  formatPath,
  hidden,
  INSTANT,
  list,
  map,
  NAME,
  NON_EMPTY,
  nullable,
  oneOf,
  optional,
  STRING,
  STRING_MAP,
  unknownParts,
} from '#model/schema';

const SCHEMA = map({
  name: NAME,
  note: optional(STRING),
  title: optional(NON_EMPTY),
  size: optional(COUNT),
  isOn: optional(BOOLEAN),
  wait: optional(DURATION),
  at: nullable(INSTANT),
  role: optional(oneOf(['broker', 'controller'])),
  encoding: optional(choice(['PKCS1', 'PKCS8'])),
  labels: optional(STRING_MAP),
  data: optional(hidden(STRING_MAP)),
  pods: optional(list(map({ name: NAME }))),
});

const issues: readonly { readonly name: string; readonly value: unknown; readonly texts: readonly string[] }[] = [
  {
    name: 'a value that follows the schema',
    value: { name: 'x', size: 0, wait: '1h30m', labels: { a: 'b' }, pods: [{ name: 'p' }] },
    texts: [],
  },
  { name: 'members that the schema does not list', value: { name: 'x', other: [1] }, texts: [] },
  { name: 'null for a member that Go writes as null', value: { name: 'x', at: null }, texts: [] },
  { name: 'another choice of a later version', value: { name: 'x', encoding: 'PKCS9' }, texts: [] },
  { name: 'no map', value: 7, texts: ['is 7; a map is expected'] },
  { name: 'a list for a map', value: [], texts: ['is a list; a map is expected'] },
  { name: 'a missing member', value: {}, texts: ['name: is missing; a name such as orders-ca is expected'] },
  { name: 'a name that Kubernetes refuses', value: { name: 'A' }, texts: ['name: is "A"; a name such as orders-ca is expected'] },
  { name: 'null for a member that is only optional', value: { name: 'x', note: null }, texts: ['note: is null; a string is expected'] },
  { name: 'an empty string', value: { name: 'x', title: '' }, texts: ['title: is ""; a string is expected'] },
  { name: 'a negative number', value: { name: 'x', size: -1 }, texts: ['size: is -1; a whole number from 0 is expected'] },
  { name: 'half a number', value: { name: 'x', size: 1.5 }, texts: ['size: is 1.5; a whole number is expected'] },
  { name: 'a word for a boolean', value: { name: 'x', isOn: 'yes' }, texts: ['isOn: is "yes"; true or false is expected'] },
  { name: 'a negative duration', value: { name: 'x', wait: '-5m' }, texts: ['wait: is "-5m"; a duration such as 5m or 1h30m is expected'] },
  {
    name: 'a date that does not exist',
    value: { name: 'x', at: '2026-02-30T00:00:00Z' },
    texts: ['at: is "2026-02-30T00:00:00Z"; an instant such as 2026-11-23T09:00:00Z is expected'],
  },
  { name: 'another word', value: { name: 'x', role: 'king' }, texts: ['role: is "king"; one of broker, controller is expected'] },
  { name: 'a list for a map of strings', value: { name: 'x', labels: ['a'] }, texts: ['labels: is a list; a map is expected'] },
  { name: 'a key with a dot', value: { name: 'x', labels: { 'a.b/c': 1 } }, texts: ['labels["a.b/c"]: is 1; a string is expected'] },
  { name: 'a long string', value: { name: 'x'.repeat(300) }, texts: ['name: is a long string; a name such as orders-ca is expected'] },
  {
    name: 'a value that must not be shown',
    value: { name: 'x', data: { password: 4711 } },
    texts: ['data.password: is something else; a string is expected'],
  },
  {
    name: 'all issues at once',
    value: { name: 1, pods: [{ name: 'p' }, {}, 'q'] },
    texts: [
      'name: is 1; a name such as orders-ca is expected',
      'pods[1].name: is missing; a name such as orders-ca is expected',
      'pods[2]: is "q"; a map is expected',
    ],
  },
];

describe('finds issues:', () => {
  for (const { name, value, texts } of issues) test(name, () => assert.deepEqual(formatIssues(SCHEMA, value), texts));
});

const unknown: readonly { readonly name: string; readonly value: unknown; readonly paths: readonly string[] }[] = [
  { name: 'a known value', value: { name: 'x', labels: { any: 'thing' }, encoding: 'PKCS8' }, paths: [] },
  { name: 'no value', value: undefined, paths: [] },
  { name: 'an undefined field', value: { nam: undefined }, paths: [] },
  { name: 'a field', value: { nam: 'x' }, paths: ['nam'] },
  { name: 'a field below a list', value: { pods: [{ name: 'p', nam: 'p' }] }, paths: ['pods[0].nam'] },
  { name: 'a name that every object has', value: { constructor: 'x' }, paths: ['constructor'] },
  { name: 'a choice', value: { encoding: 'PKCS9' }, paths: ['encoding'] },
];

describe('finds parts that a schema does not have:', () => {
  for (const { name, value, paths } of unknown) {
    test(name, () =>
      assert.deepEqual(
        unknownParts(SCHEMA, value).map(({ keys }) => formatPath(keys)),
        paths,
      ),
    );
  }
});
