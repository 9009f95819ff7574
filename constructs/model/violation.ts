/** What is wrong with a desired state: which field of which object, what it says, why that will not do, and what to do about it. */
import { formatRef, type ObjectRef } from './kube-object';

export interface Violation {
  /** An error is refused by KubeDB, cert-manager or Kubernetes, or can never work; a warning is accepted and regretted. */
  readonly severity: 'error' | 'warning';
  readonly subject: ObjectRef;
  /** Path from the root of the object, such as `spec.topology.broker.replicas`. */
  readonly field: string;
  /** What stands there; undefined when nothing does. */
  readonly value: unknown;
  readonly why: string;
  /** A sentence that says what to do. */
  readonly hint: string;
}

/** What a rule says about one field. */
export type ReportViolation = (field: string, value: unknown, why: string, hint: string) => Violation;

/** Returns how to complain about one object. */
export function violationsFor(subject: ObjectRef): { readonly error: ReportViolation; readonly warning: ReportViolation } {
  const as =
    (severity: Violation['severity']): ReportViolation =>
    (field, value, why, hint) => ({ severity, subject, field, value, why, hint });
  return { error: as('error'), warning: as('warning') };
}

/** Returns a violation as it is printed: `Kafka/stream/orders: spec.version is "": KubeDB has to know which Kafka to run. Name a KafkaVersion.` */
export function formatViolation(v: Violation): string {
  return `${formatRef(v.subject)}: ${v.field} ${formatValue(v.value)}: ${v.why}. ${v.hint}`;
}

const LONGEST_VALUE = 120;

function formatValue(value: unknown): string {
  if (value === undefined || value === null) return 'is missing';
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `is ${text.slice(0, LONGEST_VALUE)}...` : `is ${text}`;
}
