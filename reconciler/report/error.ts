/** Errors as text and JSON: `<Subject>: <what failed>: <why>.`, each violation or reason on a separate line, then the hint. */
import { formatRef } from '#model/kube-object';
import { defined } from '#model/plain-data';
import { ClusterError, InvalidInputError, type KafkaTlsError } from '../errors';
import { printable, printableJson, sentence } from './printable';
import { painterOf, paragraph, type Style } from './style';

/** Returns an error as text with a line break at its end. A stack is shown only with `isDebug`. */
export function errorText(error: KafkaTlsError, style: Style, isDebug = false): string {
  const paint = painterOf(style);
  const [first = '', ...violations] = errorLines(error);
  const lines = [paint.red(paragraph(first, style)), ...violations.map((v) => `  - ${paragraph(v, style, '    ')}`)];
  if (error.hint !== undefined) lines.push(paragraph(printable(error.hint), style));
  if (isDebug) lines.push(...stacks(error));
  return `${lines.join('\n')}\n`;
}

/** Returns the message of an error and, where there are several, its reasons, each as one printable line. */
export function errorLines(error: KafkaTlsError): readonly string[] {
  const { reasons } = error;
  if (reasons.length > 0) return [error.message.split('\n')[0] ?? '', ...reasons].map((r) => printable(sentence(r)));
  if (!(error instanceof InvalidInputError) || error.violations.length < 2) return [printable(sentence(error.message))];
  const subject = error.subject === undefined ? 'Input' : formatRef(error.subject);
  return [`${subject}: ${error.violations.length} violations.`, ...error.violations.map((v) => printable(sentence(v)))];
}

function stacks(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const lines = (error.stack ?? error.message)
    .split('\n')
    .map((line) => line.replace(/^ +/, '    '))
    .map(keepIndent);
  return [...lines, ...(error.cause === undefined ? [] : ['Caused by:', ...stacks(error.cause)])];
}

function keepIndent(line: string): string {
  return `${/^ */.exec(line)?.[0] ?? ''}${printable(line.trimStart())}`;
}

/** Returns an error as one line of JSON, with its line break: `{"error": {code, exitCode, message, subject, violations, hint}}`. */
export function errorJson(error: KafkaTlsError): string {
  return `${printableJson({ error: errorFields(error) })}\n`;
}

/** Returns the fields of an error that programs read. */
export function errorFields(error: KafkaTlsError): object {
  const isInvalid = error instanceof InvalidInputError;
  return defined({
    code: error.code,
    exitCode: error.exitCode,
    subject: error.subject && formatRef(error.subject),
    message: error.message,
    violations: isInvalid ? error.violations : undefined,
    reasons: error.reasons.length > 0 && !isInvalid ? error.reasons : undefined,
    ...(error instanceof ClusterError ? { status: error.status, reason: error.reason } : {}),
    hint: error.hint,
  });
}
