/** `plan --output html`: its figures are those of `--output json`, and it can be read without anything from elsewhere. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import type { Plan } from '#reconciler/model/plan';
import { stepRows } from '#reconciler/model/step-rows';
import { runPlan } from '#reconciler/plan/run-plan';
import { html, textOf } from '#reconciler/report/page/markup';
import { page } from '#reconciler/report/page/page';
import { plannedTimeline } from '#reconciler/report/timeline/planned';
import { HOSTILE } from '../report/samples';
import { bundleConfigMap, desiredOf, yaml } from '../support/bundle-text';
import { kafkaTls } from '../support/command-line';
import { PLANNED, type PlannedName, plannedPage } from '../support/planned-pages';

const root = mkdtempSync(path.join(tmpdir(), 'plan-html-'));
after(() => rmSync(root, { recursive: true, force: true }));

const names = Object.keys(PLANNED) as PlannedName[];
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, ...groups]) => groups);
const verdictOf = (text: string) => /<p class="verdict (\w+)">([^<]*)<\/p>/.exec(text)?.slice(1) ?? [];
const escaped = (text: string) => textOf(html`${text}`);

for (const name of names) {
  describe(`the page of a plan (${name})`, () => {
    test('asks for nothing from elsewhere, and claims no run', async () => {
      const { page: text } = await plannedPage(name);
      assert.match(text, /^<!doctype html>[\s\S]*<title>Kafka\/demo\/orders: plan<\/title>[\s\S]*<\/html>\n$/);
      assert.doesNotMatch(text, /<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=|\son\w+=/);
      assert.doesNotMatch(text, /<dt>(Started|Took)|<h2>Events|not reached|not begun|ended the run|BEGIN |PRIVATE/);
    });

    test('has the rows of the plan, and exits as the other formats', async () => {
      const { page: text, plan, exitCodes } = await plannedPage(name);
      assert.equal(exitCodes[0], exitCodes[1]);
      const rows = all(text, /<td data-label="Change">([^<]*)<\/td><td data-label="Subject">([^<]*)<\/td>/g);
      assert.deepEqual(
        rows.map((r) => r.join(' ')),
        plan.steps.flatMap(stepRows).map(({ change, subject }) => `${change} ${subject.kind}/${subject.namespace}/${subject.name}`),
      );
    });
  });
}

test('pods have bars as long as the estimate, in the order of the plan', async () => {
  const { page: text, plan } = await plannedPage('planned cut-over');
  const bars = all(text, /<li data-pod="([^"]+)" data-outcome="planned">.*?class="planned"[^>]*data-from="(\d+)" data-to="(\d+)"/g);
  const rows = plan.steps.flatMap(stepRows).map(({ subject, change }, i) => ({ subject, change, ms: plan.estimate?.rowsMs?.[i] ?? 0 }));
  const restarts = rows.filter((r) => r.change === 'restart');
  assert.equal(restarts.length, 6);
  assert.deepEqual(
    bars.map(([pod, from, to]) => [pod, Number(to) - Number(from)]),
    restarts.map(({ subject, ms }) => [subject.name, ms]),
  );
  assert.deepEqual(verdictOf(text)[0], 'planned');
  assert.match(verdictOf(text)[1] ?? '', /6 restart\. Nothing was changed\. Apply with: kafka-tls apply /);
});

test('a cut-over shows in which states nodes cannot talk, and what clients must do', async () => {
  const { page: text } = await plannedPage('planned cut-over');
  assert.match(text, /<h2>Who can talk to whom<\/h2>\s*<p>Nodes cannot talk in \d+ of \d+ states of the plan\./);
  assert.match(text, /<dt>Cut-over \(rolling\)/);
  assert.match(text, /<li>Clients must act: see the cut-over\.<\/li>/);
  assert.equal(all(text, /<tr data-listener="([^"]+)">/g).length, 6);
  assert.match(text, /<td data-label="Now">plaintext<\/td>/);
});

test('a change of root shows its rotations', async () => {
  const { page: text, plan } = await plannedPage('planned change of root');
  const phases = all(text, /<tr><td data-label="phase">([^<]*)<\/td><td data-label="state">([^<]*)<\/td>/g);
  assert.deepEqual(phases, plan.rootChange?.phases.map(({ name, status }) => [name, status]) ?? []);
  assert.equal(phases.length, 3);
});

test('a blocked plan shows its blockers and what resolves them', async () => {
  const { page: text, plan, exitCodes } = await plannedPage('blocked plan');
  assert.equal(exitCodes[0], 2);
  assert.deepEqual(verdictOf(text), [
    'refused',
    `${plan.obstacles.length} ${plan.obstacles.length === 1 ? 'blocker' : 'blockers'}. Nothing changes.`,
  ]);
  const rows = all(text, /<tr data-kind="blocker"><td data-label="Subject">[^<]*<\/td>.*?<td data-label="Fix">([^<]*)<\/td>/g);
  assert.deepEqual(
    rows.map(([fix]) => fix),
    plan.obstacles.map(({ hint = '' }) => escaped(hint)),
  );
  assert.match(text, /Acknowledgement\.clientsMoveToTls/);
});

test('a plan without a step says so', async () => {
  assert.deepEqual(verdictOf((await plannedPage('empty plan')).page), ['unchanged', 'Nothing to do.']);
});

describe('without a cluster', () => {
  const folder = (name: string, files: Readonly<Record<string, string>>) => {
    mkdirSync(path.join(root, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(root, name, file), text);
    return path.join(root, name);
  };
  const bundle = (kafka: string, change = (text: string) => text) => change(yaml(bundleConfigMap(desiredOf({ kafka }))));

  test('several Kafkas have a part each, and those without a bundle are named', async () => {
    const base = folder('base', { 'a.yaml': bundle('a'), 'b.yaml': bundle('b'), 'c.yaml': bundle('c') });
    const longer = (text: string) => text.replace(/executor: [a-z-]+/, 'executor: by-hand');
    const change = folder('change', { 'a.yaml': bundle('a'), 'b.yaml': bundle('b') });
    const { exitCode, stdout } = await kafkaTls(['plan', '--base', base, '-f', change, '--output', 'html']);
    assert.equal(exitCode, 0);
    assert.deepEqual(all(stdout, /<h1 id="kafka-\d">([^<]*)<\/h1>/g).flat(), ['Kafka/demo/a', 'Kafka/demo/b']);
    assert.match(stdout, /<h2>Kafkas without a plan<\/h2><ul><li>Kafka\/demo\/c: has no bundle any more: its TLS stays as it is/);
    const broken = folder('broken', { 'a.yaml': bundle('a', longer), 'b.yaml': bundle('b') });
    const partly = await kafkaTls(['plan', '--base', broken, '-f', change, '--output', 'html']);
    assert.match(partly.stdout, /<li>A part of the base could not be read, so these Kafkas were not compared: demo\/a\./);
    assert.deepEqual(all(partly.stdout, /<h1 id="kafka-\d">([^<]*)<\/h1>/g).flat(), ['Kafka/demo/b']);
  });
});

test('text from a cluster and from a commit is text', () => {
  const context = { difference: '--- a\n+++ b\n+</pre><script>alert(1)</script>\u202e\n' };
  const plan: Plan = { ...HOSTILE, steps: HOSTILE.steps };
  const text = page([plannedTimeline({ plan, details: { plan: runPlan(plan) }, context })], ['<b>x</b>']);
  assert.equal(text.match(/<script>/g)?.length, 1);
  assert.doesNotMatch(text, /<b>x<\/b>|\p{Cf}/u);
  assert.match(text, /\+&lt;\/pre&gt;&lt;script&gt;/);
});
