import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, ref } from '#model/kube-object';
import { BlockedError, ClusterError, InternalError, InvalidInputError } from '#reconciler/errors';
import { errorJson, errorText } from '#reconciler/report/error';
import { PLAIN } from '#reconciler/report/style';

const subject = ref(KINDS.Kafka, 'demo', 'orders');

test('an error is a sentence that starts with its subject, then a hint', () => {
  const error = new BlockedError('paused by another controller: since 09:00', { subject, hint: 'Resume it first.' });
  assert.equal(errorText(error, PLAIN), 'Kafka/demo/orders: paused by another controller: since 09:00.\nResume it first.\n');
});

test('each violation is on a separate line', () => {
  const error = new InvalidInputError(['a: is missing', 'b: is 3'], { hint: 'Mend both.' });
  assert.equal(errorText(error, PLAIN), 'Input: 2 violations.\n  - a: is missing.\n  - b: is 3.\nMend both.\n');
});

test('several reasons follow their headline, in every class', () => {
  const reasons = ['Kafka/demo/orders: is halted. Set spec.halted to false first.', 'Issuer/demo/ca: does not exist'];
  const error = new BlockedError('2 blockers.', { subject, reasons });
  const lines = ['Kafka/demo/orders: 2 blockers.', ...['  - ', '  - '].map((b, i) => b + reasons[i])];
  assert.equal(errorText(error, PLAIN), `${lines.join('\n')}.\n`);
  assert.deepEqual(JSON.parse(errorJson(error)).error.reasons, reasons);
  assert.deepEqual(JSON.parse(errorJson(new InvalidInputError('2 things.', { subject, reasons }))).error.violations, reasons);
});

test('a stack is shown only for debugging', () => {
  const error = new InternalError('impossible', { cause: new TypeError('x is undefined') });
  assert.doesNotMatch(errorText(error, PLAIN), /at .*\.js|TypeError/);
  assert.match(errorText(error, PLAIN, true), /\n {4}at .*\nCaused by:\nTypeError: x is undefined\n {4}at /);
});

test('a message of the cluster cannot control the terminal', () => {
  assert.equal(errorText(new InternalError('\u001b[31mred\r\nline', { hint: 'h' }), PLAIN), '\\u001b[31mred line.\nh\n');
});

test('programs get code, exit code and the message of the server', () => {
  const error = new ClusterError('may not be listed', { subject, status: 403, reason: 'Forbidden', hint: 'Add a rule.' });
  assert.deepEqual(JSON.parse(errorJson(error)), {
    error: {
      code: 'cluster',
      exitCode: 1,
      subject: 'Kafka/demo/orders',
      message: 'Kafka/demo/orders: may not be listed',
      status: 403,
      reason: 'Forbidden',
      hint: 'Add a rule.',
    },
  });
});
