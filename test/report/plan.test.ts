import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Plan } from '#reconciler/model/plan';
import { planMarkdown } from '#reconciler/report/markdown';
import { PLAIN } from '#reconciler/report/style';
import { estimateLine, type PlanContext, planText } from '#reconciler/report/text';
import { expectGolden } from '../support/golden';
import { ADD, HOSTILE, NOTHING, REFUSED, WAITING } from './samples';

const context: PlanContext = { applyWith: 'kafka-tls apply -f dist' };
const plans: Readonly<Record<string, Plan>> = { add: ADD, waiting: WAITING, refused: REFUSED, nothing: NOTHING, hostile: HOSTILE };

for (const [name, plan] of Object.entries(plans)) {
  test(`prints the plan "${name}" as text`, () => {
    expectGolden(`test/report/golden/${name}.txt`, planText(plan, PLAIN, context));
  });

  test(`prints the plan "${name}" as Markdown`, () => {
    expectGolden(`test/report/golden/${name}.md`, planMarkdown(plan, context));
  });
}

test('wraps reasons to a narrow terminal', () => {
  const text = planText(ADD, { columns: 100, isColor: false }, context);
  expectGolden('test/report/golden/add-100-columns.txt', text);
  assert.ok(
    text
      .split('\n')
      .filter((line) => !line.startsWith('Kafka/') && !/^\d+ annotate/.test(line))
      .every((line) => line.length <= 100),
  );
});

test('a plan that is being executed does not claim that nothing was changed', () => {
  const text = planText(ADD, PLAIN, { isApplied: true });
  assert.match(text, /\n2 annotate, 2 create, 2 issue, 3 configure, 3 restart\.\n$/);
});

test('a plan made without a cluster reports that', () => {
  assert.match(planText(ADD, PLAIN, {}), /Nothing was changed. {2}This plan was made without a cluster\.\n$/);
});

test('text of the cluster cannot control the terminal, nor add markup or a column', () => {
  const text = planText(HOSTILE, PLAIN, context);
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  const row =
    planMarkdown(HOSTILE, context)
      .split('\n')
      .find((line) => line.includes('evil')) ?? '';
  assert.equal(row.replace(/\\\|/g, '').split('|').length, 7);
  assert.doesNotMatch(row, /<b>|@team/);
});

test('the difference is folded away and cannot break out of its fence', () => {
  const text = planMarkdown(ADD, { ...context, difference: '--- a\n+++ b\n@@ -1 +1 @@\n-  x: 1\n+  x: "````\\n</details> \u202e"\n' });
  const [, fence = '', body = ''] = /<details><summary>.*<\/summary>\n\n(`+)diff\n([\s\S]*)\n\1\n\n<\/details>\n$/.exec(text) ?? [];
  assert.equal(fence.length, 5);
  assert.match(body, /^--- a\n\+\+\+ b\n@@ -1 \+1 @@\n- {2}x: 1\n\+ {2}x: "````/);
  assert.ok(!body.includes('\u202e'));
});

const CLIENTS: readonly { readonly name: string; readonly plan: Plan; readonly says: RegExp | undefined }[] = [
  { name: 'a cut-over', plan: ADD, says: /^Clients must act: see the cut-over\.$/m },
  {
    name: 'restarts',
    plan: withoutCutover(ADD),
    says: /^Clients need not act\. Each broker closes their connections once, and clients reconnect\.$/m,
  },
  { name: 'nothing', plan: NOTHING, says: undefined },
];
for (const { name, plan, says } of CLIENTS) {
  test(`a pull request shows whether clients must act: ${name}`, () => {
    const text = planMarkdown(plan, context);
    if (says === undefined) assert.doesNotMatch(text, /^Clients/m);
    else assert.match(text, says);
  });
}

function withoutCutover({ cutover: _, ...plan }: Plan): Plan {
  return plan;
}

test('colours appear only when asked for', () => {
  assert.ok(!planText(ADD, PLAIN, context).includes('\u001b'));
  assert.ok(planText(ADD, { columns: 200, isColor: true }, context).includes('\u001b[32mcreate'));
});

describe('an estimate', () => {
  const because = 'assumed: 60 s for a pod to restart';
  const cases = [
    { estimate: { durationMs: 40_000, because }, expect: 'Takes about 40 s (assumed: 60 s for a pod to restart).' },
    {
      estimate: { durationMs: 0, perPodMs: 65_000, because },
      expect: 'Takes about 70 s for every pod that restarts (assumed: 60 s for a pod to restart).',
    },
    {
      estimate: { durationMs: 140_000, perPodMs: 60_000, because },
      expect: 'Takes about 3 min, and 60 s for every pod that restarts (assumed: 60 s for a pod to restart).',
    },
    {
      estimate: { durationMs: 400_000, outageMs: 90_000, because },
      expect: 'Takes about 7 min, with an outage of about 90 s (assumed: 60 s for a pod to restart).',
    },
  ];
  for (const { estimate, expect } of cases) test(expect, () => assert.equal(estimateLine(estimate), expect));
});
