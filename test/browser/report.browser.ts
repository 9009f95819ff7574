/**
 * Reports in a real Chromium: nothing is reported to its console, nothing is requested, nothing is wider than the screen, text has enough
 * contrast, and the search works with the keyboard. `KAFKA_TLS_TEST_SCREENSHOTS` names a folder for pictures of every page in every view.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { page } from '#reconciler/report/page/page';
import { timelineOf } from '#reconciler/report/timeline/timeline';
import { PLANNED, type PlannedName, plannedPage } from '../support/planned-pages';
import { type RecordedName, recordedRun } from '../support/recorded-runs';
import { Chromium, findChromium, type Page, type View } from './chromium';

const executable = findChromium();
const skip = executable === undefined ? 'no Chromium: name one in KAFKA_TLS_TEST_CHROMIUM, or put it on the PATH' : false;
const RUNS = ['rotation', 'reload', 'cut-over', 'refused', 'failed', 'interrupted', 'nothing'] satisfies readonly RecordedName[];
const PLANS = Object.keys(PLANNED) as PlannedName[];
const VIEWS: Readonly<Record<string, View>> = {
  light: { width: 1100 },
  dark: { width: 1100, scheme: 'dark' },
  phone: { width: 360 },
  print: { width: 800, media: 'print' },
};

/** Returns each text whose contrast to its ground is below 4.5, or 3 where it is large. */
const LOW_CONTRAST = `(() => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = (c) => { const x = c / 255; return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    for (let e = element; e !== null; e = e.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll('main *')) {
    const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join('');
    if (text === '') continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(parse(style.color)), luminance(ground(element))].sort((x, y) => y - x);
    const needed = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    if ((a + 0.05) / (b + 0.05) < needed) low.push(text.slice(0, 40) + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return [...new Set(low)];
})()`;

describe('a report in Chromium', { skip }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'browser-'));
  let chromium: Chromium;
  before(async () => {
    chromium = await Chromium.start(executable ?? '');
    for (const name of RUNS) {
      const { events } = await recordedRun(name);
      writeFileSync(path.join(folder, `${name}.html`), page([timelineOf({ events })]));
    }
    for (const name of PLANS) writeFileSync(path.join(folder, `${name}.html`), (await plannedPage(name)).page);
  });
  after(async () => {
    await chromium?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(name: string, view: View, use: (page: Page) => Promise<void>): Promise<void> {
    const url = pathToFileURL(path.join(folder, `${name}.html`)).href;
    const opened = await chromium.open(url, view);
    try {
      await use(opened);
      assert.deepEqual(opened.problems, []);
      assert.deepEqual(opened.requests, [url], 'it asks for nothing else');
    } finally {
      opened.close();
    }
  }

  for (const name of [...RUNS, ...PLANS]) {
    for (const [viewName, view] of Object.entries(VIEWS)) {
      test(`${name}, ${viewName}`, () =>
        open(name, view, async (opened) => {
          await opened.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })");
          const width = await opened.evaluate<number>('document.documentElement.scrollWidth');
          assert.ok(width <= view.width, `${width} px are wider than the screen`);
          assert.deepEqual(await opened.evaluate(LOW_CONTRAST), []);
          const shots = process.env.KAFKA_TLS_TEST_SCREENSHOTS;
          if (shots === undefined) return;
          mkdirSync(shots, { recursive: true });
          writeFileSync(path.join(shots, `${name}-${viewName}.png`), await opened.screenshot());
        }));
    }
  }

  test('events are searched with the keyboard', () =>
    open('rotation', { width: 1100 }, async (opened) => {
      const shown = () =>
        opened.evaluate<number>("[...document.querySelectorAll('.log tbody tr')].filter((r) => r.offsetParent !== null).length");
      const all = await shown();
      for (let i = 0; i < 20 && (await opened.evaluate('document.activeElement.type')) !== 'search'; i++) await opened.press('Tab');
      await opened.type('Evicted BROKER-1');
      const { events } = await recordedRun('rotation');
      const texts = events.map((e) => `${e.event} ${e.subject} ${e.message}`.toLowerCase());
      const expected = texts.filter((text) => text.includes('evicted') && text.includes('broker-1')).length;
      assert.equal(await shown(), expected);
      assert.equal(await opened.evaluate("document.querySelector('output').textContent"), `${expected} of ${all} events`);
    }));

  test('folded parts open with the keyboard, and before the page is printed', () =>
    open('cut-over', { width: 1100 }, async (opened) => {
      const folded = () => opened.evaluate<number>("document.querySelectorAll('details:not([open])').length");
      const all = await folded();
      await opened.press('Tab');
      await opened.press('Enter');
      assert.equal(await folded(), all - 1);
      const pdf = await opened.pdf();
      assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
      await opened.evaluate("dispatchEvent(new Event('beforeprint'))");
      assert.equal(await folded(), 0);
    }));

  test('every track, table and field has a name for screen readers', () =>
    open('rotation', { width: 1100 }, async (opened) => {
      assert.equal(
        await opened.evaluate("[...document.querySelectorAll('[role=img]')].filter((e) => !e.getAttribute('aria-label')).length"),
        0,
      );
      assert.equal(await opened.evaluate("[...document.querySelectorAll('input')].filter((e) => e.labels.length === 0).length"), 0);
      assert.equal(await opened.evaluate("[...document.querySelectorAll('thead th')].filter((e) => e.scope !== 'col').length"), 0);
      assert.equal(await opened.evaluate('document.documentElement.lang'), 'en');
      assert.deepEqual(await opened.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((h) => h.tagName).slice(0, 3)"), [
        'H1',
        'H2',
        'H3',
      ]);
    }));
});
