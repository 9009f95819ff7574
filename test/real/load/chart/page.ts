/** Runs as one HTML page that needs nothing else: no script, no font, no address. */
import { lengthOf } from '../spans';
import { count, milliseconds, seconds } from './figures';
import { type Element, element, render } from './markup';
import { plot } from './plot';
import type { MeasuredRun } from './run';
import { PAGE_STYLE, STYLE_PLACE, withStyle } from './style';
import { failedOf, overheadOf } from './table';

export interface PageParts {
  readonly title: string;
  /** What stands before the drawings, and after them. */
  readonly before: readonly Element[];
  readonly after: readonly Element[];
}

export function page(runs: readonly MeasuredRun[], { title, before, after }: PageParts): string {
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('title', {}, title),
    element('style', {}, STYLE_PLACE),
  );
  const body = element('body', {}, element('h1', {}, title), ...before, ...runs.flatMap(figure), ...after);
  // Without indentation, which is a sixth of a page with drawings.
  const html = render(element('html', { lang: 'en' }, head, body)).replaceAll(/^ +/gm, '');
  return `<!doctype html>\n${withStyle(html, PAGE_STYLE)}`;
}

/** A table that a narrow screen scrolls. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): Element {
  const head = element('thead', {}, element('tr', {}, ...columns.map((column) => element('th', { scope: 'col' }, column))));
  const body = element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell)))));
  return element('div', { class: 'scroll' }, element('table', {}, head, body));
}

export function list(items: readonly string[]): Element {
  return element('ul', {}, ...items.map((item) => element('li', {}, item)));
}

function figure(run: MeasuredRun): readonly Element[] {
  return [
    element('h2', {}, `${run.operation}, ${run.executor}, Kafka ${run.kafka}`),
    element('figure', {}, element('figcaption', {}, captionOf(run)), element('div', { class: 'scroll' }, plot(run))),
  ];
}

function captionOf({ judged, restarts, span, overhead, estimatedOutageMs }: MeasuredRun): string {
  const between = overhead === undefined ? '' : `, between the restarts ${overheadOf(overhead)}`;
  const operation = `${count(restarts)} restarts in ${seconds(lengthOf(span))}${between}`;
  if ('unknown' in judged) return `No evidence: ${judged.unknown.join('; ')}. ${operation}.`;
  const { acked, lost, longestGap, longestPartitionGap, latencyMs, connections, withoutLeader } = judged.value;
  const estimate = estimatedOutageMs === undefined ? '' : `, estimated ${seconds(estimatedOutageMs)}`;
  return [
    `${count(acked)} messages acknowledged, ${count(lost.length)} lost; failed sends: ${failedOf(judged.value)}`,
    `Without an acknowledgement: ${seconds(lengthOf(longestGap))}${estimate}; in one partition ${seconds(lengthOf(longestPartitionGap))}`,
    operation,
    `Latency p99 ${milliseconds(latencyMs.p99)}, ${count(connections.reconnects)} reconnects, quorum without a leader ` +
      seconds(withoutLeader.quorum.longestMs),
  ]
    .join('. ')
    .concat('.');
}
