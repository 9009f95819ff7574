/**
 * Reads OTLP/JSON as a collector does, by the definition of its messages (`trace.proto` in the JSON encoding of protobuf): ids are hex, enums
 * are numbers, 64-bit numbers are text. Shares nothing with the SDK that writes it.
 */
import assert from 'node:assert/strict';

type Value = string | number | boolean | readonly Value[];

export interface ReadSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly events: readonly { readonly name: string; readonly atMs: number; readonly attributes: Readonly<Record<string, Value>> }[];
  readonly status: { readonly code: number; readonly message: string };
}

export interface ReadTrace {
  readonly resource: Readonly<Record<string, Value>>;
  readonly spans: readonly ReadSpan[];
}

/** Returns the spans of one request, each member checked. */
export function readOtlp(text: string): ReadTrace {
  const request = members(JSON.parse(text), ['resourceSpans']);
  const [only, ...more] = list(request.resourceSpans);
  assert.equal(more.length, 0, 'one resource');
  const { resource, scopeSpans } = members(only, ['resource', 'scopeSpans']);
  const scopes = list(scopeSpans).map((s) => members(s, ['scope', 'spans']));
  return {
    resource: attributesOf(members(resource, ['attributes', 'droppedAttributesCount']).attributes),
    spans: scopes.flatMap(({ scope, spans }) => {
      assert.equal(members(scope, ['name', 'version']).name, 'kafka-tls');
      return list(spans).map(spanOf);
    }),
  };
}

function spanOf(given: unknown): ReadSpan {
  const span = members(given, [
    ...['traceId', 'spanId', 'parentSpanId', 'name', 'kind', 'startTimeUnixNano', 'endTimeUnixNano', 'attributes', 'events', 'status'],
    ...['droppedAttributesCount', 'droppedEventsCount', 'links', 'droppedLinksCount', 'flags'],
  ]);
  assert.match(String(span.traceId), /^[0-9a-f]{32}$/);
  assert.match(String(span.spanId), /^[0-9a-f]{16}$/);
  if (span.parentSpanId !== undefined) assert.match(String(span.parentSpanId), /^[0-9a-f]{16}$/);
  assert.equal(span.kind, 1, 'internal');
  assert.deepEqual([span.droppedAttributesCount ?? 0, span.droppedEventsCount ?? 0, span.droppedLinksCount ?? 0], [0, 0, 0]);
  const { code = 0, message = '' } = members(span.status ?? {}, ['code', 'message']);
  assert.ok([0, 1, 2].includes(code as number));
  return {
    traceId: String(span.traceId),
    spanId: String(span.spanId),
    parentSpanId: span.parentSpanId as string | undefined,
    name: text(span.name),
    startMs: milliseconds(span.startTimeUnixNano),
    endMs: milliseconds(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes ?? []),
    events: list(span.events ?? []).map((given) => {
      const event = members(given, ['name', 'timeUnixNano', 'attributes', 'droppedAttributesCount']);
      return { name: text(event.name), atMs: milliseconds(event.timeUnixNano), attributes: attributesOf(event.attributes ?? []) };
    }),
    status: { code: code as number, message: text(message) },
  };
}

function attributesOf(given: unknown): Readonly<Record<string, Value>> {
  const entries = list(given).map((entry) => {
    const { key, value } = members(entry, ['key', 'value']);
    assert.ok(text(key) !== '');
    return [text(key), valueIn(value)] as const;
  });
  assert.equal(new Set(entries.map(([key]) => key)).size, entries.length, 'each attribute once');
  return Object.fromEntries(entries);
}

function valueIn(given: unknown): Value {
  const { stringValue, intValue, doubleValue, boolValue, arrayValue } = members(given, [
    ...['stringValue', 'intValue', 'doubleValue', 'boolValue', 'arrayValue'],
  ]);
  if (stringValue !== undefined) return text(stringValue);
  if (boolValue !== undefined) return boolValue as boolean;
  if (arrayValue !== undefined) return list(members(arrayValue, ['values']).values).map(valueIn);
  const number = Number(intValue ?? doubleValue);
  assert.ok(Number.isFinite(number), JSON.stringify(given));
  return number;
}

function milliseconds(nanoseconds: unknown): number {
  assert.match(text(nanoseconds), /^\d+$/);
  return Number(BigInt(text(nanoseconds)) / 1_000_000n);
}

function members(given: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  assert.ok(typeof given === 'object' && given !== null && !Array.isArray(given), JSON.stringify(given));
  assert.deepEqual(
    Object.keys(given).filter((name) => !known.includes(name)),
    [],
  );
  return given as Readonly<Record<string, unknown>>;
}

function list(given: unknown): readonly unknown[] {
  assert.ok(Array.isArray(given), JSON.stringify(given));
  return given;
}

function text(given: unknown): string {
  assert.equal(typeof given, 'string', JSON.stringify(given));
  return given as string;
}

/** Draws a trace as a tree: times in seconds since its first span, name, what it is about, what it waited for at a gate, and what went wrong. */
export function drawn({ spans }: ReadTrace): string {
  const [root] = spans.filter((s) => s.parentSpanId === undefined);
  assert.ok(root !== undefined, 'the trace has no root');
  const seconds = (ms: number) => ((ms - root.startMs) / 1000).toFixed(2).padStart(7);
  const lines = (span: ReadSpan, depth: number): readonly string[] => {
    const { 'kafka_tls.subject': subject = '', 'kafka_tls.step.number': step, ...rest } = span.attributes;
    const number = step === undefined ? '' : `[${step}/${rest['kafka_tls.step.count']}] `;
    const error = span.status.code === 2 ? ` ERROR ${span.status.message.split('\n')[0]}` : '';
    const events = span.events.map((e) => e.name).filter((event, i, all) => event !== all[i - 1]);
    const causes = span.name === 'pod gate' ? ` (${rest['kafka_tls.wait.causes']})` : '';
    const line = `${seconds(span.startMs)} ${seconds(span.endMs)} ${'  '.repeat(depth)}${number}${span.name} ${subject}${causes}${events.length === 0 ? '' : ` {${events.join(' ')}}`}${error}`;
    return [line, ...spans.filter((s) => s.parentSpanId === span.spanId).flatMap((s) => lines(s, depth + 1))];
  };
  const attributes = Object.entries(root.attributes).map(([name, value]) => `${name} = ${value}`);
  return `${[...attributes, '', ...lines(root, 0)].join('\n')}\n`;
}
