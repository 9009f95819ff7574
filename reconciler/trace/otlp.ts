/** A trace as OpenTelemetry holds it, made by its SDK. Nothing is registered with its API: the process has no other traces. */
import { createHash } from 'node:crypto';
import { ROOT_CONTEXT, SpanStatusCode, trace as spans } from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { type IdGenerator, type ReadableSpan, type Span, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Trace, TraceSpan } from './trace';

const SERVICE = 'kafka-tls';

/** A span holds every event of a run, if need be. */
const MOST_EVENTS = 10_000;

/** Returns the spans of a trace, parents first. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` describe the process, as everywhere. */
export function otlpSpans({ run, startedAt, root }: Trace): readonly ReadableSpan[] {
  const made: Span[] = [];
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': SERVICE, 'service.version': run.version, 'service.instance.id': run.id }))
    .merge(detectResources({ detectors: [envDetector] }));
  const provider = new TracerProvider({
    resource,
    idGenerator: idsOf(`${run.id} ${startedAt} ${root.attributes['kafka_tls.subject']}`),
    spanLimits: { eventCountLimit: MOST_EVENTS },
    spanProcessors: [keeper(made)],
  });
  const tracer = provider.getTracer(SERVICE, run.version);
  const startMs = Date.parse(startedAt);
  const add = ({ name, fromMs, toMs, attributes, events, error, children }: TraceSpan, parent: typeof ROOT_CONTEXT): void => {
    const span = tracer.startSpan(name, { startTime: startMs + fromMs, attributes: copied(attributes) }, parent);
    for (const event of events) span.addEvent(event.name, copied(event.attributes), startMs + event.atMs);
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    for (const child of children) add(child, spans.setSpan(parent, span));
    span.end(startMs + toMs);
  };
  add(root, ROOT_CONTEXT);
  return made;
}

/** Returns a trace as one line of OTLP/JSON, the content of a file as the Collector reads and writes it. */
export function otlpJson(trace: Trace): string {
  return `${Buffer.from(JsonTraceSerializer.serializeRequest([...otlpSpans(trace)]) ?? []).toString('utf8')}\n`;
}

function keeper(kept: Span[]): SpanProcessor {
  const done = async () => {};
  return { onStart: (span) => void kept.push(span), onEnd: () => {}, forceFlush: done, shutdown: done };
}

/** The same run has the same ids, so that a trace that is sent twice is one. */
function idsOf(seed: string): IdGenerator {
  let count = 0;
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  return {
    generateTraceId: () => hash(seed).slice(0, 32),
    generateSpanId: () => hash(`${seed} ${count++}`).slice(0, 16),
  };
}

function copied(attributes: TraceSpan['attributes']): Record<string, string | number | string[]> {
  return Object.fromEntries(Object.entries(attributes).map(([name, v]) => [name, typeof v === 'object' ? [...v] : v]));
}
