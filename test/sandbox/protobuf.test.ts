/** Kubernetes' protobuf, read: a body as `kubectl create namespace demo` sends it, and bodies that must not be half understood. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jsonOfProtobuf } from '../../reconciler/sandbox/api/protobuf';

const text = (value: string) => Buffer.from(value);
/** A field that holds bytes. */
const field = (number: number, ...parts: readonly Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([(number << 3) | 2, body.length]), body]);
};
const number = (at: number, value: number) => Buffer.from([at << 3, value]);
const sent = (kind: string, ...fields: readonly Buffer[]) =>
  Buffer.concat([text('k8s\0'), field(1, field(1, text('v1')), field(2, text(kind))), field(2, ...fields)]);
const metadata = (name: string) => field(1, field(1, text(name)), field(2), field(3), number(7, 0), field(8));

describe('a body', () => {
  test('becomes the JSON of its object; what a client always sends empty says nothing', () => {
    assert.deepEqual(JSON.parse(jsonOfProtobuf(sent('Namespace', metadata('demo'), field(2), field(3, field(1))))), {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'demo' },
    });
  });

  test('keeps maps, bytes, and a false that was meant', () => {
    const data = [field(2, field(1, text('user')), field(2, text('me'))), field(2, field(1, text('empty')), field(2))];
    assert.deepEqual(JSON.parse(jsonOfProtobuf(sent('Secret', metadata('login'), ...data, field(3, text('Opaque')), number(5, 0)))), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'login' },
      data: { user: 'bWU=', empty: '' },
      type: 'Opaque',
      immutable: false,
    });
  });

  const broken = [
    { name: 'of a kind that is not known', body: sent('Node', metadata('a')), says: /does not know Node; send it as JSON or YAML/ },
    {
      name: 'with a field that is not known',
      body: sent('ConfigMap', metadata('a'), field(12, text('x'))),
      says: /does not know field 12 of ConfigMap/,
    },
    { name: 'that is cut off', body: sent('ConfigMap', metadata('a')).subarray(0, -1), says: /is cut off/ },
    { name: 'that is something else', body: text('{}'), says: /does not begin with k8s/ },
    { name: 'with a number for a text', body: sent('ConfigMap', number(1, 1)), says: /a number stands where a text is expected/ },
  ];
  for (const { name, body, says } of broken) {
    test(`${name} is refused`, () => assert.throws(() => jsonOfProtobuf(body), says));
  }
});
