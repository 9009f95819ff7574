/** Violations at synth. cdk8s collects errors only, so warnings are stored on their construct and printed once. */
import type { IConstruct } from 'constructs';
import { formatViolation, type Violation } from './model/violation';

const printed = new WeakMap<IConstruct, Set<string>>();

/** Returns the errors as text, and prints the warnings. */
export function reportViolations(construct: IConstruct, violations: readonly Violation[]): readonly string[] {
  for (const violation of violations) if (violation.severity === 'warning') warn(construct, formatViolation(violation));
  return violations.filter(({ severity }) => severity === 'error').map(formatViolation);
}

/** cdk8s validates a construct several times, so that a warning would otherwise be printed several times. */
function warn(construct: IConstruct, text: string): void {
  const known = printed.get(construct) ?? new Set<string>();
  if (known.has(text)) return;
  printed.set(construct, known.add(text));
  construct.node.addMetadata('kafka-tls:warning', text);
  // biome-ignore lint/suspicious/noConsole: cdk8s offers no way to report a warning at synth
  console.warn(`[${construct.node.path}] warning: ${text}`);
}
