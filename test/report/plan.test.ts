import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../../reconciler/plan/nouns';
import { planMarkdown } from '../../reconciler/report/markdown';
import { PLAIN } from '../../reconciler/report/style';
import { type PlanContext, planText } from '../../reconciler/report/text';
import { expectGolden } from '../support/golden';
import { ADD, HOSTILE, NOTHING, REFUSED, WAITING } from './samples';

const context: PlanContext = { acknowledge: [{ kind: 'clientsMoveToTls' }], applyWith: 'kafka-tls apply -f dist' };
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
      .filter((line) => !line.startsWith('Kafka/') && !/^\d+ create/.test(line))
      .every((line) => line.length <= 100),
  );
});

test('a plan that is being applied does not say that nothing was changed', () => {
  const text = planText(ADD, PLAIN, { acknowledge: [], isApplied: true });
  assert.match(text, /\n2 create, 1 issue, 1 configure, 3 restart\.\n$/);
});

test('a plan made without a cluster says so', () => {
  assert.match(planText(ADD, PLAIN, { acknowledge: [] }), /Nothing was changed. {2}No cluster was asked\.\n$/);
});

test('text of the cluster cannot steer the terminal, nor add markup or a column', () => {
  const text = planText(HOSTILE, PLAIN, context);
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  const row =
    planMarkdown(HOSTILE, context)
      .split('\n')
      .find((line) => line.includes('evil')) ?? '';
  assert.equal(row.replace(/\\\|/g, '').split('|').length, 7);
  assert.doesNotMatch(row, /<b>|@team/);
});

test('colours appear only when asked for', () => {
  assert.ok(!planText(ADD, PLAIN, context).includes('\u001b'));
  assert.ok(planText(ADD, { columns: 200, isColor: true }, context).includes('\u001b[32mcreate'));
});
