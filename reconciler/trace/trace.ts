/**
 * A run as a trace, for OpenTelemetry: a span for the run, below it one for each step of its plan, and below a pod's step one for each phase
 * of the pod. Every event of the run is an event of the span that it belongs to.
 *
 *     trace.ts         timeline to trace; pure
 *     steps.ts         events to the steps that they belong to; pure
 *     attributes.ts    names of attributes
 *     otlp.ts          trace to OTLP, through the SDK
 *     endpoint.ts      where the environment sends traces
 *     send.ts          sends them
 *
 * A trace of the same run is always the same, with the same ids: `apply` sends it, and `report` can write it again from the events.
 */
import type { PodLine, Span as PodSpan } from '../report/timeline/pods';
import type { TimedEvent } from '../report/timeline/timed-event';
import type { Timeline } from '../report/timeline/timeline';
import { type Attributes, objectAttributes, present } from './attributes';
import { type RunStep, stepsOf } from './steps';

export interface Trace {
  /** The run, as it named itself in its first event. */
  readonly run: { readonly id: string; readonly version: string };
  /** RFC 3339. */
  readonly startedAt: string;
  readonly root: TraceSpan;
}

/** Times are milliseconds since the start of the run. */
export interface TraceSpan {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly attributes: Attributes;
  readonly events: readonly TraceEvent[];
  /** Why it failed; absent if it did not. */
  readonly error?: string;
  readonly children: readonly TraceSpan[];
}

export interface TraceEvent {
  readonly name: string;
  readonly atMs: number;
  readonly attributes: Attributes;
}

/** Returns the trace of a run. */
export function traceOf(timeline: Timeline): Trace {
  const { events, kafka, pods, plan, spanMs, startedAt = '', verdict } = timeline;
  const run = events.find((e) => e.run !== undefined)?.run;
  const end = events.findLast((e) => e.event === 'finished');
  const steps = stepsOf(events, { plan, endMs: spanMs, error: end?.error?.message });
  const spans = steps.map((step) => stepSpan(step, phasesOf(step, steps, pods)));
  const placed = new Set(steps.map((s) => s.pod));
  const inSteps = new Set(steps.flatMap((s) => s.events));
  const others = pods.filter((p) => !placed.has(p.pod) && p.spans.length > 0).map((p) => podSpan(p, kafka));
  const isKnown = end !== undefined;
  return {
    run: { id: run?.id ?? '', version: run?.version ?? '' },
    startedAt,
    root: {
      name: 'kafka-tls apply',
      fromMs: 0,
      toMs: spanMs,
      attributes: present({
        ...objectAttributes(kafka),
        'kafka_tls.run.id': run?.id,
        'kafka_tls.result': verdict.result,
        'kafka_tls.operation': plan?.operation,
        'kafka_tls.executor': plan?.executor,
        'kafka_tls.cutover.mode': plan?.cutover?.mode,
        'kafka_tls.estimate.duration_ms': plan?.durationMs,
        'kafka_tls.estimate.outage_ms': plan?.outageMs,
        'process.exit.code': isKnown ? (end.error?.exitCode ?? 0) : undefined,
        'error.type': end?.error?.code,
      }),
      events: events.filter((e) => !inSteps.has(e)).map(traceEvent),
      ...(end?.error === undefined ? {} : { error: end.error.message }),
      children: [...spans, ...others].sort((a, b) => a.fromMs - b.fromMs),
    },
  };
}

/** A refused pod waits before its step begins, so its span begins with the first phase. */
function stepSpan(step: RunStep, phases: readonly PodSpan[]): TraceSpan {
  const { change, subject, number, of, why, estimateMs, fromMs, toMs, events, error } = step;
  const [kind = ''] = subject.split('/');
  return {
    name: `${change} ${kind}`,
    fromMs: Math.min(fromMs, ...phases.map((p) => p.fromMs)),
    toMs,
    attributes: present({
      ...objectAttributes(subject),
      'kafka_tls.step.number': number,
      'kafka_tls.step.count': of,
      'kafka_tls.step.reason': why,
      'kafka_tls.estimate.duration_ms': estimateMs,
    }),
    events: events.map(traceEvent),
    ...(error === undefined ? {} : { error }),
    children: phases.map((p) => phaseSpan(p, subject)),
  };
}

/** A pod that changed without a step of the plan, such as one that KubeDB restarts for a request. */
function podSpan({ pod, spans, doneMs, outcome }: PodLine, kafka: string): TraceSpan {
  const subject = ['Pod', kafka.split('/')[1] ?? '', pod].join('/');
  return {
    name: 'change Pod',
    fromMs: Math.min(...spans.map((s) => s.fromMs)),
    toMs: Math.max(doneMs ?? 0, ...spans.map((s) => s.toMs)),
    attributes: { ...objectAttributes(subject), 'kafka_tls.pod.outcome': outcome },
    events: [],
    children: spans.map((s) => phaseSpan(s, subject)),
  };
}

function phaseSpan({ phase, fromMs, toMs, causes }: PodSpan, subject: string): TraceSpan {
  const attributes = { ...objectAttributes(subject), ...(causes.length === 0 ? {} : { 'kafka_tls.wait.causes': causes }) };
  return { name: `pod ${phase}`, fromMs, toMs, attributes, events: [], children: [] };
}

/** A pod may restart several times in a run: each phase belongs to the first step of the pod that ends after the phase has begun. */
function phasesOf(step: RunStep, steps: readonly RunStep[], pods: readonly PodLine[]): readonly PodSpan[] {
  if (step.pod === undefined) return [];
  const own = steps.filter((s) => s.pod === step.pod);
  const spans = pods.find((p) => p.pod === step.pod)?.spans ?? [];
  return spans.filter((span) => (own.find((s) => s.toMs >= span.fromMs) ?? own.at(-1)) === step);
}

function traceEvent({ event, subject, message, atMs, phase, wait, error }: TimedEvent): TraceEvent {
  return {
    name: event,
    atMs,
    attributes: present({
      'kafka_tls.subject': subject,
      'kafka_tls.message': message === '' ? undefined : message,
      'kafka_tls.wait.phase': phase,
      'kafka_tls.wait.deadline_ms': wait?.deadlineMs,
      'error.type': error?.code,
    }),
  };
}
