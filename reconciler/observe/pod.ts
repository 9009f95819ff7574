/** The facts of a pod that restarts depend on: its role, whether it runs and is Ready, and why it cannot start. */
import type { Pod } from '#model/kinds/index';
import type { ContainerStatus } from '#model/kinds/kubernetes';
import { conditionOf, hasTrueCondition } from '#model/kube-object';
import type { Node } from '#model/kubedb';
import { KAFKA_CONTAINER, mountedCertificateSecret } from '../model/broker-pod';
import { stuckReason } from '../model/object-status';
import type { PodFacts, Served } from '../model/observation';
import { isDataEphemeral } from '../model/storage';

/** Returns the facts of a pod that is a node of the Kafka; `served` is what its listeners answered. */
export function podFacts(pod: Pod, node: Pick<Node, 'petSet' | 'role' | 'ordinal' | 'nodeId'>, served: readonly Served[]): PodFacts {
  const stuck = stuckReason(pod);
  const startedAt = kafkaContainer(pod)?.state?.running?.startedAt;
  const startMs = startOf(pod);
  const certificateSecret = mountedCertificateSecret(pod.spec);
  const hasEphemeralData = isDataEphemeral(pod.spec);
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid ?? '',
    role: node.role,
    ordinal: node.ordinal,
    nodeId: node.nodeId,
    petSet: node.petSet,
    isReady: hasTrueCondition(pod, 'Ready'),
    isRunning: isRunning(pod),
    isTerminating: pod.metadata.deletionTimestamp !== undefined,
    ...(stuck === undefined ? {} : { stuck }),
    revision: pod.metadata.labels?.['controller-revision-hash'] ?? '',
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(certificateSecret === undefined ? {} : { certificateSecret }),
    ...(hasEphemeralData === undefined ? {} : { hasEphemeralData }),
    served,
  };
}

/** Tells whether the Kafka container has been started; it need not be Ready. */
export function isRunning(pod: Pod): boolean {
  const kafka = kafkaContainer(pod);
  return kafka === undefined ? pod.status?.phase === 'Running' : kafka.state?.running !== undefined;
}

/** Returns how long the pod took to become Ready; undefined if the container was restarted or the time was overwritten later. */
function startOf(pod: Pod): number | undefined {
  const ready = conditionOf(pod, 'Ready');
  const kafka = kafkaContainer(pod);
  const startedAt = kafka?.state?.running?.startedAt;
  if (ready?.status !== 'True' || kafka?.restartCount !== 0 || startedAt === undefined) return undefined;
  const readyMs = Date.parse(ready.lastTransitionTime ?? '');
  const createdMs = Date.parse(pod.metadata.creationTimestamp ?? '');
  return createdMs <= Date.parse(startedAt) && Date.parse(startedAt) <= readyMs ? readyMs - createdMs : undefined;
}

function kafkaContainer(pod: Pod): ContainerStatus | undefined {
  return (pod.status?.containerStatuses ?? []).find((c) => c.name === KAFKA_CONTAINER);
}
