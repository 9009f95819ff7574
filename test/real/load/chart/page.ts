/** Runs as one HTML page that needs nothing else: no script, no font, no address. */
import { type Element, element, render } from './markup';
import { plot } from './plot';
import type { Measured, MeasuredRun } from './run';
import { PAGE_STYLE, STYLE_PLACE, withStyle } from './style';
import { COLUMNS, rowOf } from './table';

const TITLE = 'What clients see while the TLS of a Kafka changes';

export function page(runs: readonly MeasuredRun[], { date, machine, versions }: Measured): string {
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('title', {}, TITLE),
    element('style', {}, STYLE_PLACE),
  );
  const body = element(
    'body',
    {},
    element('h1', {}, TITLE),
    element('p', {}, `${date}. ${machine}. ${versions.join(', ')}.`),
    element('div', { class: 'scroll' }, table(runs)),
    ...runs.flatMap(figure),
  );
  return `<!doctype html>\n${withStyle(render(element('html', { lang: 'en' }, head, body)), PAGE_STYLE)}`;
}

function table(runs: readonly MeasuredRun[]): Element {
  const cells = (row: readonly string[]) =>
    row.map((cell, i) => {
      const missing = COLUMNS.length - row.length;
      return element('td', i === row.length - 1 && missing > 0 ? { colspan: missing + 1 } : {}, cell);
    });
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...COLUMNS.map((column) => element('th', { scope: 'col' }, column)))),
    element('tbody', {}, ...runs.map((run) => element('tr', {}, ...cells(rowOf(run))))),
  );
}

function figure(run: MeasuredRun): readonly Element[] {
  return [element('h2', {}, `${run.operation}, ${run.executor}, Kafka ${run.kafka}`), element('figure', {}, plot(run))];
}
