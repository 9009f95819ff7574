/** The comment of a pull request: what is left out, in which order, and that the comment says so. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidInputError, OperationFailedError } from '#reconciler/errors';
import { COMMENT_BYTES, type DescribedPlan, errorMarkdown, plansMarkdown, SUMMARY_BYTES } from '#reconciler/report/comment';
import { ADD, NOTHING, REFUSED } from './samples';

const GITHUB_CHARACTERS = 65_536;
const limit = { bytes: COMMENT_BYTES, rest: 'The summary of the run holds the full text.' };
const difference = `--- /dev/null\n+++ desired.yaml\n${'+  some: line of a bundle\n'.repeat(150)}`;
const named = (plan: DescribedPlan['plan'], i: number) => ({ ...plan, subject: { ...plan.subject, name: `orders-${i}` } });
const plans = (count: number, plan = ADD): readonly DescribedPlan[] =>
  Array.from({ length: count }, (_, i) => ({ plan: named(plan, i), context: { difference } }));

describe('a comment', () => {
  const cases = [
    { count: 1, leftOut: undefined, hasSteps: true, hasDifference: true, named: 1 },
    { count: 20, leftOut: 'the difference between the bundles.', hasSteps: true, hasDifference: false, named: 20 },
    { count: 70, leftOut: 'the difference between the bundles, and the steps.', hasSteps: false, hasDifference: false, named: 70 },
    { count: 300, leftOut: 'all but one line for each Kafka.', hasSteps: false, hasDifference: false, named: 300 },
  ];
  for (const { count, leftOut, hasSteps, hasDifference, named: expected } of cases) {
    test(`on ${count} Kafkas leaves out ${leftOut ?? 'nothing'}`, () => {
      const text = plansMarkdown(plans(count), [], limit);
      assert.ok(text.length < GITHUB_CHARACTERS, `${text.length} characters`);
      assert.equal(
        /^> Left out, because the text would be too long: (.*) The summary of the run holds the full text\.$/m.exec(text)?.[1],
        leftOut,
      );
      assert.equal(text.includes('| restart |'), hasSteps);
      assert.equal(text.includes('<details>'), hasDifference);
      assert.equal(new Set(text.match(/orders-\d+(?=`: |\n)/g)).size, expected);
    });
  }

  test('on 2000 Kafkas counts the omitted ones and keeps the urgent ones', () => {
    const text = plansMarkdown([...plans(1999, NOTHING), ...plans(1, REFUSED)], ['Kafka/demo/gone: has no bundle any more.\n'], limit);
    assert.ok(Buffer.byteLength(text) < GITHUB_CHARACTERS);
    const [, leftOut, all] = /all but one line for each Kafka, and (\d+) of (\d+) Kafkas\./.exec(text) ?? [];
    const shown = text.split('\n').filter((line) => line.startsWith('- ')).length;
    assert.equal(all, '2001');
    assert.equal(Number(leftOut) + shown, 2001);
    assert.match(text, /^- `demo\/orders-0`: .* 2 blockers\. \*\*Nothing changes\.\*\*\n- Kafka\/demo\/gone: has no bundle any more\.\n/m);
  });

  test('is limited in bytes, of which there are at least as many as characters', () => {
    const wide = { ...ADD, notes: ['Ü'.repeat(COMMENT_BYTES - 10_000)] };
    const text = plansMarkdown([{ plan: wide, context: {} }], [], limit);
    assert.ok(Buffer.byteLength(text) < GITHUB_CHARACTERS);
  });

  test('has its full text in the summary of the run', () => {
    const text = plansMarkdown(plans(70), [], { bytes: SUMMARY_BYTES, rest: '' });
    assert.equal(text.match(/<details>/g)?.length, 70);
    assert.doesNotMatch(text, /Left out/);
  });
});

describe('where there is no plan', () => {
  test('the comment holds every violation and the hint, with their markup escaped', () => {
    const error = new InvalidInputError(['dist/a.yaml: is <b>broken</b>', 'dist/b.yaml: asks @team'], { hint: 'Synthesise again.' });
    assert.equal(
      errorMarkdown(error, limit),
      [
        '### No plan: the input is refused',
        '> **Input: 2 violations.**',
        '- dist/a.yaml: is &lt;b&gt;broken&lt;/b&gt;.\n- dist/b.yaml: asks &#64;team.',
        'Synthesise again.\n',
      ].join('\n\n'),
    );
  });

  test('after a failure, the comment reports it', () => {
    assert.match(errorMarkdown(new OperationFailedError('failed'), limit), /^### No plan: it could not be made\n\n> \*\*failed\.\*\*\n$/);
  });

  test('the comment counts the violations that it omits', () => {
    const violations = Array.from({ length: 5000 }, (_, i) => `data.x${i}: is wrong in a way that takes some words to explain`);
    const text = errorMarkdown(new InvalidInputError(violations), limit);
    assert.ok(Buffer.byteLength(text) < GITHUB_CHARACTERS);
    assert.match(text, /> Left out, because the text would be too long: \d+ of 5000 reasons\./);
  });
});
