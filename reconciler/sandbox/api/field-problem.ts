/** Problems of fields, in the words of Kubernetes' field errors. */
import { isObject } from './json';

const TITLES = {
  FieldValueInvalid: 'Invalid value',
  FieldValueTypeInvalid: 'Invalid value',
  FieldValueRequired: 'Required value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueDuplicate: 'Duplicate value',
} as const;

/** A problem of one field, in the words of Kubernetes' field errors. */
export interface FieldProblem {
  readonly reason: keyof typeof TITLES;
  /** Path as a user would write it: `spec.tls.certificates[0].alias`. */
  readonly field: string;
  readonly value?: unknown;
  readonly detail: string;
}

export function invalidValue(field: string, value: unknown, detail: string): FieldProblem {
  return { reason: 'FieldValueInvalid', field, value, detail };
}

/** Returns the problem of a value for `problemsOf`, if its rule is broken. */
export function invalidIf(isBroken: boolean, field: string, value: unknown, detail: string): FieldProblem | false {
  return isBroken && invalidValue(field, value, detail);
}

/** An invalid value that is secret or too large to be printed. */
export function malformed(field: string, detail: string): FieldProblem {
  return { reason: 'FieldValueInvalid', field, detail };
}

export function tooLong(field: string, maxBytes: number): FieldProblem {
  return malformed(field, `Too long: may not be more than ${maxBytes} bytes`);
}

export function wrongType(field: string, value: unknown, type: string): FieldProblem {
  const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  const detail = `${field} in body must be of type ${type}: "${found}"`;
  return { reason: 'FieldValueTypeInvalid', field, value: isObject(value) ? 'object' : value, detail };
}

export function requiredValue(field: string, detail = ''): FieldProblem {
  return { reason: 'FieldValueRequired', field, detail };
}

export function unsupportedValue(field: string, value: unknown, supported: readonly unknown[]): FieldProblem {
  const list = supported.map((v) => JSON.stringify(v)).join(', ');
  return { reason: 'FieldValueNotSupported', field, value, detail: `supported values: ${list}` };
}

export function forbiddenValue(field: string, detail: string): FieldProblem {
  return { reason: 'FieldValueForbidden', field, detail };
}

export function duplicateValue(field: string, value: unknown): FieldProblem {
  return { reason: 'FieldValueDuplicate', field, value, detail: '' };
}

/** Returns the problems of a list of rules, each written as `isBroken && problem`. */
export function problemsOf(...found: readonly (FieldProblem | false)[]): FieldProblem[] {
  return found.filter((problem) => problem !== false);
}

/** Returns problems as the API server prints them: `spec.replicas: Invalid value: 0: must be greater than 0`. */
export function formatProblems(problems: readonly FieldProblem[]): string {
  const texts = problems.map((problem) => `${problem.field}: ${formatProblem(problem)}`);
  return texts.length === 1 ? String(texts[0]) : `[${texts.join(', ')}]`;
}

/** Returns a problem without its field: `Invalid value: 0: must be greater than 0`. */
export function formatProblem({ reason, value, detail }: FieldProblem): string {
  return [TITLES[reason], ...(value === undefined ? [] : [JSON.stringify(value)]), ...(detail === '' ? [] : [detail])].join(': ');
}
