/** A violation of a rule: which field of which object breaks it, the value of the field, the reason, and what to do. */
import { formatRef, type ObjectRef } from './kube-object';

export interface Violation {
  /** KubeDB, cert-manager or Kubernetes refuses an error, or it can never work. A warning is admitted, and causes trouble later. */
  readonly severity: 'error' | 'warning';
  readonly subject: ObjectRef;
  /** Path from the root of the object, such as `spec.topology.broker.replicas`. */
  readonly field: string;
  /** The value of the field; undefined when the field is absent. */
  readonly value: unknown;
  /** The reason, and a sentence that says what to do. */
  readonly message: string;
}

/** Makes a violation of a field of one object. */
export type ReportViolation = (field: string, value: unknown, why: string, hint: string) => Violation;

/** Returns functions that make the violations of one object. */
export function violationsFor(subject: ObjectRef): { readonly error: ReportViolation; readonly warning: ReportViolation } {
  const report =
    (severity: Violation['severity']): ReportViolation =>
    (field, value, why, hint) => ({ severity, subject, field, value, message: `${why}. ${hint}` });
  return { error: report('error'), warning: report('warning') };
}

/** Returns a violation as it is printed: `Kafka/stream/orders: spec.version is "": KubeDB must know which Kafka to run. Name a KafkaVersion.` */
export function formatViolation({ subject, field, value, message }: Violation): string {
  return `${formatRef(subject)}: ${field} ${formatValue(value)}: ${message}`;
}

const LONGEST_VALUE = 120;

function formatValue(value: unknown): string {
  if (value === undefined || value === null) return 'is missing';
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `is ${text.slice(0, LONGEST_VALUE)}...` : `is ${text}`;
}
