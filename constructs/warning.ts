/** Warnings of synth. cdk8s knows errors only: a warning is kept on its construct, and printed once. */
import type { IConstruct } from 'constructs';
import { formatViolation, type Violation } from './model/violation';

const printed = new WeakMap<IConstruct, Set<string>>();

/** Tells the user what is accepted and will be regretted. cdk8s validates a construct several times. */
export function warn(construct: IConstruct, warning: Violation): void {
  const known = printed.get(construct) ?? new Set<string>();
  printed.set(construct, known);
  const text = formatViolation(warning);
  if (known.has(text)) return;
  known.add(text);
  construct.node.addMetadata('kafka-tls:warning', text);
  // biome-ignore lint/suspicious/noConsole: synth has no other way to tell its user something that is no error
  console.warn(`[${construct.node.path}] warning: ${text}`);
}
