/**
 * One run as an SVG drawing, on one axis of time in seconds:
 *
 *     acks/s  |~~~~~~~~~~~\____/~~~~~~~~~~~~|     area; the time of the operation is shaded
 *     pod-0   |==========  ....====================|   a bar in the colour of the pod's state
 *             |----------      --------------------|   a line for each listener, in the colour of the served certificate
 *
 * Colours come from classes (`style.ts`). Every part has a title that a browser shows under the pointer.
 */
import type { Handshake } from '../handshakes';
import type { AckRates } from '../rates';
import { servedSpans } from '../served';
import { quantile, type Span } from '../spans';
import { count, seconds } from './figures';
import { legend } from './legend';
import { type Element, element, render } from './markup';
import { CERTIFICATE_COLOURS, type MeasuredRun } from './run';
import { DRAWING_STYLE, STYLE_PLACE, withStyle } from './style';

const WIDTH = 960;
const LEFT = 190;
const RIGHT = 12;
const RATE_TOP = 10;
const RATE_HEIGHT = 110;
const ROW_GAP = 8;
const BAR_HEIGHT = 10;
const LINE_HEIGHT = 4;
const AXIS_HEIGHT = 18;
/** Six pixels each. */
const MOST_COLUMNS = 130;
/** The axis of rates ends at this multiple of the usual rate. */
const MOST_OF_USUAL = 1.5;

/** Places instants on the axis. */
type Scale = (at: number) => number;

interface Row {
  readonly pod: string;
  readonly listeners: readonly string[];
  readonly top: number;
}

/** `inside` comes before the drawing. */
export function plot(measured: MeasuredRun, inside: readonly Element[] = []): Element {
  const { window } = measured.rates;
  const run = { ...measured, handshakes: measured.handshakes.filter((h) => h.at >= window.from && h.at <= window.to) };
  const x: Scale = (at) => LEFT + ((clamp(at, window) - window.from) / (window.to - window.from)) * (WIDTH - LEFT - RIGHT);
  const rows = rowsOf(run);
  const bottom = rows.reduce((y, row) => y + heightOf(row), RATE_TOP + RATE_HEIGHT + 2 * ROW_GAP);
  const label = `${run.operation} by ${run.executor} on Kafka ${run.kafka}: acknowledgements a second, pods and served certificates over time`;
  const explained = legend(run, certificatesOf(run.handshakes), { left: LEFT, right: WIDTH - RIGHT, top: bottom + AXIS_HEIGHT });
  const height = bottom + AXIS_HEIGHT + explained.height;
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': label },
    ...inside,
    shade(run, x, bottom),
    ...timeAxis(window, x, bottom),
    ...rates(run, x),
    ...rows.flatMap((row) => [...podRow(run, row, x), ...listenerLines(run, row, x)]),
    ...explained.elements,
  );
}

/** Returns the drawing as a file that needs no page around it. */
export function drawing(run: MeasuredRun): string {
  return withStyle(
    render(plot(run, [element('style', {}, STYLE_PLACE), element('rect', { class: 'page', width: '100%', height: '100%' })])),
    DRAWING_STYLE,
  );
}

/** Certificates in the order in which they were first served, over all listeners. */
function certificatesOf(handshakes: readonly Handshake[]): readonly string[] {
  const inOrder = [...handshakes].sort((a, b) => a.at - b.at);
  return [...new Set(inOrder.flatMap(({ certificate }) => certificate?.fingerprint ?? []))];
}

function shade({ span }: MeasuredRun, x: Scale, bottom: number): Element {
  const place = { x: x(span.from), y: RATE_TOP, width: x(span.to) - x(span.from), height: bottom - RATE_TOP };
  return element('rect', { class: 'operation', ...place }, element('title', {}, `the operation: ${seconds(span.to - span.from)}`));
}

function timeAxis(window: Span, x: Scale, bottom: number): readonly Element[] {
  const step = stepFor((window.to - window.from) / 1000);
  const ticks: Element[] = [];
  for (let s = 0; s * 1000 <= window.to - window.from; s += step) {
    const at = x(window.from + s * 1000);
    ticks.push(element('line', { class: 'grid', x1: at, x2: at, y1: RATE_TOP, y2: bottom }));
    ticks.push(element('text', { class: 'tick', x: at, y: bottom + 14, 'text-anchor': 'middle' }, `${s} s`));
  }
  return ticks;
}

/** Returns the smallest round step with at most twelve of it in a length. */
function stepFor(length: number): number {
  return [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((step) => length / step <= 12) ?? 1200;
}

/**
 * An area for each producer, one upon the other. A bucket is a step of the area, so that an empty bucket is as wide as the time without
 * acknowledgements.
 */
function rates({ rates: measured }: MeasuredRun, x: Scale): readonly Element[] {
  const { window, bucketMs, writers } = inColumns(measured);
  const buckets = Array.from({ length: Math.max(0, ...Object.values(writers).map((w) => w.length)) }, (_, i) => i);
  const sums = stacked(Object.values(writers), buckets);
  const { top, isCut } = axisTop(sums.at(-1) ?? []);
  const base = RATE_TOP + RATE_HEIGHT;
  const y = (rate: number) => base - Math.min(1, rate / top) * RATE_HEIGHT;
  const right = (bucket: number) => x(window.from + (bucket + 1) * bucketMs);
  const areas = Object.keys(writers).map((writer, i) => {
    const heights = buckets.map((b) => Math.round(y(sums[i]?.[b] ?? 0)));
    // A step at each change of a pixel: the usual rate is one long step.
    const upper = buckets.flatMap((b) => (heights[b] === heights[b + 1] ? [] : [`V${heights[b]}H${tenth(right(b))}`]));
    const d = `M${LEFT} ${base}${upper.join('')}V${base}Z`;
    return element('path', { class: `writer-${i + 1}`, d }, element('title', {}, `acknowledgements a second, ${writer}`));
  });
  return [
    // The first area is drawn last: it covers its share of those that stand upon it.
    ...areas.reverse(),
    element('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: base, y2: base }),
    element(
      'text',
      { class: 'name', x: LEFT - 8, y: RATE_TOP + 9, 'text-anchor': 'end' },
      `${count(Math.round(top))}${isCut ? '+' : ''} acks/s`,
    ),
    element('text', { class: 'name', x: LEFT - 8, y: base, 'text-anchor': 'end' }, '0'),
  ];
}

/** The same rates in wider buckets, if there are more than a drawing shows. */
function inColumns(rates: AckRates): AckRates {
  const length = Math.max(1, ...Object.values(rates.writers).map((w) => w.length));
  const size = Math.ceil(length / MOST_COLUMNS);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const merged = (writer: readonly number[]) =>
    Array.from({ length: Math.ceil(writer.length / size) }, (_, i) => mean(writer.slice(i * size, (i + 1) * size)));
  const writers = Object.fromEntries(Object.entries(rates.writers).map(([name, writer]) => [name, merged(writer)]));
  return { ...rates, bucketMs: rates.bucketMs * size, writers };
}

/** After an outage clients send at once what they have kept. Such a burst must not make the usual rate too small to be seen. */
function axisTop(sums: readonly number[]): { readonly top: number; readonly isCut: boolean } {
  const usual = quantile(
    sums.filter((sum) => sum > 0),
    0.5,
  );
  const highest = Math.max(1, ...sums);
  const top = Math.min(highest, (usual ?? highest) * MOST_OF_USUAL);
  return { top, isCut: top < highest };
}

/** Returns for each producer the sums of its values and those of the producers before it. */
function stacked(series: readonly (readonly number[])[], buckets: readonly number[]): readonly (readonly number[])[] {
  return series.map((_, i) => buckets.map((b) => series.slice(0, i + 1).reduce((all, own) => all + (own[b] ?? 0), 0)));
}

function rowsOf({ pods, handshakes }: MeasuredRun): readonly Row[] {
  const listeners = [...new Set(handshakes.map((h) => h.listener))].sort();
  const names = [...new Set([...pods.map((p) => p.pod), ...listeners.map(podOf)])].sort();
  let top = RATE_TOP + RATE_HEIGHT + 2 * ROW_GAP;
  return names.map((pod) => {
    const row = { pod, listeners: listeners.filter((l) => podOf(l) === pod), top };
    top += heightOf(row);
    return row;
  });
}

function heightOf({ listeners }: Pick<Row, 'listeners'>): number {
  return BAR_HEIGHT + listeners.length * LINE_HEIGHT + ROW_GAP;
}

function podRow({ pods }: MeasuredRun, { pod, top }: Row, x: Scale): readonly Element[] {
  const bars = pods.filter((p) => p.pod === pod);
  return [
    element('text', { class: 'name', x: LEFT - 8, y: top + BAR_HEIGHT - 1, 'text-anchor': 'end' }, pod),
    ...bars.map(({ from, to, state }) => {
      const d = bar({ left: x(from), top, width: x(to) - x(from), height: BAR_HEIGHT });
      return element('path', { class: state, d }, element('title', {}, `${state} for ${seconds(to - from)}`));
    }),
  ];
}

/**
 * A single handshake is a mark of two pixels, several ones with the same certificate are a line. What a listener served in one colour is one
 * path: a page holds thousands of them.
 */
function listenerLines({ handshakes }: MeasuredRun, { listeners, top }: Row, x: Scale): readonly Element[] {
  const certificates = certificatesOf(handshakes);
  return listeners.map((listener, i) => {
    const y = top + BAR_HEIGHT + 1 + i * LINE_HEIGHT;
    const marks = servedSpans(handshakes.filter((h) => h.listener === listener)).map(({ from, to, certificate }) => {
      const number = certificate === undefined ? undefined : numberOf(certificate.fingerprint, certificates);
      return { number, d: bar({ left: x(from), top: y, width: Math.max(2, x(to) - x(from)), height: LINE_HEIGHT - 1 }) };
    });
    const paths = [...new Set(marks.map((m) => m.number))].map((number) => {
      const d = marks.flatMap((m) => (m.number === number ? [m.d] : [])).join('');
      return element('path', { class: number === undefined ? 'no-certificate' : `certificate-${number}`, d });
    });
    return element('g', {}, element('title', {}, listener), ...paths);
  });
}

/** A rectangle as a part of a path. */
function bar({ left, top, width, height }: { left: number; top: number; width: number; height: number }): string {
  return `M${tenth(left)} ${tenth(top)}h${tenth(width)}v${height}H${tenth(left)}z`;
}

function numberOf(fingerprint: string, certificates: readonly string[]): number {
  return Math.min(certificates.indexOf(fingerprint) + 1, CERTIFICATE_COLOURS);
}

function podOf(listener: string): string {
  return listener.split('/')[0] ?? listener;
}

function clamp(at: number, { from, to }: Span): number {
  return Math.min(Math.max(at, from), to);
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
