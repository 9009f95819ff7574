/** Readiness probes: a pod is Ready after one success, and not Ready after three failures in a row, as with Kubernetes' defaults. */
import { keyOf, named } from '#reconciler/sandbox/stand-ins/cache';
import type { KafkaContainer } from './container';
import { inSync } from './probe';

const FAILED_PROBES = 3;

/** Probes all containers that have run for the delay, and calls back for each that has become Ready or stopped being it. */
export async function probeOnce(
  containers: readonly KafkaContainer[],
  delayMs: number,
  onChange: (container: KafkaContainer) => void,
): Promise<void> {
  const due = containers.filter((c) => c.probe !== undefined && hasRunFor(c, delayMs));
  for (const kafka of new Set(due.map(kafkaOf))) {
    const members = due.filter((c) => kafkaOf(c) === kafka);
    const ready = await inSync(members.flatMap((c) => c.probe ?? []));
    // One may have ended meanwhile.
    for (const container of members) if (container.probe !== undefined) judge(container, ready.has(container.probe), onChange);
  }
}

function judge(container: KafkaContainer, isInSync: boolean, onChange: (container: KafkaContainer) => void): void {
  container.failures = isInSync ? 0 : container.failures + 1;
  const isReady = isInSync || (container.isReady && container.failures < FAILED_PROBES);
  if (isReady === container.isReady) return;
  container.isReady = isReady;
  onChange(container);
}

function kafkaOf({ pod, node }: KafkaContainer): string {
  return keyOf(named(pod.metadata.namespace, node.kafka));
}

function hasRunFor({ startedAt }: KafkaContainer, ms: number): boolean {
  return startedAt !== undefined && Date.now() - startedAt.getTime() >= ms;
}
