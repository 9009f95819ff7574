/** What is wrong with one field, in the words of Kubernetes' field errors. */

export interface FieldProblem {
  readonly reason:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueDuplicate'
    | 'FieldValueTypeInvalid';
  /** Path as a user would write it: `spec.tls.certificates[0].alias`. */
  readonly field: string;
  readonly value?: unknown;
  readonly detail: string;
}

const TITLES: Readonly<Record<FieldProblem['reason'], string>> = {
  FieldValueInvalid: 'Invalid value',
  FieldValueTypeInvalid: 'Invalid value',
  FieldValueRequired: 'Required value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueDuplicate: 'Duplicate value',
};

export function invalidValue(field: string, value: unknown, detail: string): FieldProblem {
  return { reason: 'FieldValueInvalid', field, value, detail };
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

/** Returns the problem as the API server prints it: `spec.replicas: Invalid value: 0: must be greater than 0`. */
export function formatFieldProblem(problem: FieldProblem): string {
  const value = problem.value === undefined ? [] : [JSON.stringify(problem.value)];
  const detail = problem.detail === '' ? [] : [problem.detail];
  return [problem.field, TITLES[problem.reason], ...value, ...detail].join(': ');
}
