/** Readiness probes. A pod is Ready after one success, and not Ready after three failures in a row, as with Kubernetes' defaults. */
import { keyOf, named } from '#reconciler/sandbox/stand-ins/cache';
import type { KafkaContainer } from './container';
import { answering, inSync } from './probe';

/** What a probe asks: whether Kafka calls the node in sync, or only whether the node answers, as most probes in use do. */
export type ReadinessChecks = 'sync' | 'answer';

export interface Probing {
  /** From the start of a process to its first probe. */
  readonly delayMs: number;
  readonly checks: ReadinessChecks;
  /** Failed probes in a row until a pod is not Ready. */
  readonly failureThreshold: number;
}

/** Probes all containers that have run for the delay, and calls back for each that has become Ready or stopped being it. */
export async function probeOnce(
  containers: readonly KafkaContainer[],
  { delayMs, checks, failureThreshold }: Probing,
  onChange: (container: KafkaContainer) => void,
): Promise<void> {
  const due = containers.filter((c) => c.probe !== undefined && hasRunFor(c, delayMs));
  for (const kafka of new Set(due.map(kafkaOf))) {
    const members = due.filter((c) => kafkaOf(c) === kafka);
    const ready = await (checks === 'sync' ? inSync : answering)(members.flatMap((c) => c.probe ?? []));
    // One may have ended meanwhile.
    for (const container of members)
      if (container.probe !== undefined && isChanged(container, ready.has(container.probe), failureThreshold)) onChange(container);
  }
}

function isChanged(container: KafkaContainer, isInSync: boolean, failureThreshold: number): boolean {
  container.failures = isInSync ? 0 : container.failures + 1;
  const isReady = isInSync || (container.isReady && container.failures < failureThreshold);
  if (isReady === container.isReady) return false;
  container.isReady = isReady;
  return true;
}

function kafkaOf({ pod, node }: KafkaContainer): string {
  return keyOf(named(pod.metadata.namespace, node.kafka));
}

function hasRunFor({ startedAt }: KafkaContainer, ms: number): boolean {
  return startedAt !== undefined && Date.now() - startedAt.getTime() >= ms;
}
