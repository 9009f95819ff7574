/** The rules of the operators that the sandbox stands in for. */
import type { Admission } from '../admission';

export const ADMISSION_RULES: readonly Admission[] = [];
