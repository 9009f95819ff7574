/**
 * Kubernetes' protobuf, as `kubectl create` sends it, to JSON. Only reading: every client that sends protobuf takes JSON as an answer.
 *
 * A field without a pointer is always on the wire, so that an empty one says nothing and is left out. What a message of the table does not
 * list is refused: an object must not lose a field in silence.
 */
import { ApiFailure } from './failure';
import type { Tree } from './json';
import { type Field, MESSAGES } from './protobuf-messages';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
/** The type of a field that a server fills in. */
const SERVERS = '-';
const MAGIC = Buffer.from('k8s\0');

/** Returns the object in a body as JSON. */
export function jsonOfProtobuf(body: Buffer): string {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('it does not begin with k8s');
  let kind: Tree = {};
  let raw: Buffer = Buffer.alloc(0);
  for (const { number, value } of wire(body.subarray(MAGIC.length))) {
    if (number === 1) kind = { apiVersion: textAt(bytes(value), 1), kind: textAt(bytes(value), 2) };
    if (number === 2) raw = bytes(value);
  }
  return JSON.stringify({ ...kind, ...message(String(kind.kind), raw) });
}

function message(name: string, body: Buffer): Tree {
  const fields = MESSAGES.get(name);
  if (fields === undefined) throw malformed(`the sandbox does not know ${name || 'its kind'}; send it as JSON or YAML`);
  const tree: Tree = {};
  for (const { number, value } of wire(body)) {
    const field = fields.get(number);
    if (field === undefined) throw malformed(`the sandbox does not know field ${number} of ${name}; send it as JSON or YAML`);
    if (field.type !== SERVERS) add(tree, field, value);
  }
  return tree;
}

function add(tree: Tree, { name, type, shape }: Field, value: Value): void {
  if (shape === 'list') tree[name] = [...(tree[name] ?? []), decoded(type, value)];
  else if (shape === 'map') {
    const entry = new Map(wire(bytes(value)).map((f) => [f.number, f.value]));
    const key = bytes(entry.get(1) ?? Buffer.alloc(0)).toString('utf8');
    tree[name] = { ...tree[name], [key]: decoded(type, entry.get(2) ?? Buffer.alloc(0)) };
  } else {
    const one = decoded(type, value);
    if (name === '') Object.assign(tree, one);
    else if (shape === 'pointer' || !isEmpty(one)) tree[name] = one;
  }
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === '' ||
    value === 0 ||
    value === false ||
    (typeof value === 'object' && Object.keys(value ?? {}).length === 0)
  );
}

function decoded(type: string, value: Value): unknown {
  switch (type) {
    case 's':
      return bytes(value).toString('utf8');
    case 'y':
      return bytes(value).toString('base64');
    case 'b':
      return integer(value) !== 0;
    case 'i':
      return integer(value);
    case 'q':
      return textAt(bytes(value), 1);
    case 't':
      return instant(bytes(value));
    case 'x':
      return integerOrText(bytes(value));
    default:
      return message(type, bytes(value));
  }
}

function instant(body: Buffer): string | undefined {
  const seconds = wire(body).find((f) => f.number === 1);
  return seconds === undefined ? undefined : new Date(integer(seconds.value) * 1000).toISOString().replace('.000Z', 'Z');
}

function integerOrText(body: Buffer): string | number {
  const fields = new Map(wire(body).map((f) => [f.number, f.value]));
  const isText = integer(fields.get(1) ?? 0n) === 1;
  return isText ? bytes(fields.get(3) ?? Buffer.alloc(0)).toString('utf8') : integer(fields.get(2) ?? 0n);
}

function textAt(body: Buffer, number: number): string {
  const found = wire(body).find((f) => f.number === number);
  return found === undefined ? '' : bytes(found.value).toString('utf8');
}

type Value = bigint | Buffer;

interface WireField {
  readonly number: number;
  readonly value: Value;
}

/** Returns the fields of a message as they stand on the wire. */
function wire(body: Buffer): readonly WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = body[at++];
      if (byte === undefined || shift > 63n) throw malformed('it is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  };
  while (at < body.length) {
    const tag = Number(varint());
    const [number, type] = [tag >>> 3, tag & 7];
    if (type === 0) fields.push({ number, value: varint() });
    else if (type === 2) {
      const length = Number(varint());
      if (length < 0 || at + length > body.length) throw malformed('it is cut off');
      fields.push({ number, value: body.subarray(at, at + length) });
      at += length;
    } else throw malformed(`it has a field of wire type ${type}`);
  }
  return fields;
}

function bytes(value: Value): Buffer {
  if (typeof value === 'bigint') throw malformed('a number stands where a text is expected');
  return value;
}

function integer(value: Value): number {
  if (typeof value !== 'bigint') throw malformed('a text stands where a number is expected');
  return Number(value);
}

function malformed(why: string): ApiFailure {
  return new ApiFailure(400, 'BadRequest', `the protobuf of the request cannot be read: ${why}`);
}
