/** Which node of which Kafka a pod is, by KubeDB's labels. */
import type { KubeObject } from '#model/kube-object';
import type { Role } from '#model/kubedb';
import { ordinalOf } from './petset';

/** `node.id` of the first dedicated controller. */
const FIRST_CONTROLLER = 1000;

export interface KafkaNode {
  readonly kafka: string;
  readonly role: Role;
  readonly nodeId: number;
}

/** Returns the node, or undefined for a pod that is none of a Kafka. */
export function kafkaNodeOf(pod: KubeObject): KafkaNode | undefined {
  const labels = pod.metadata.labels ?? {};
  const kafka = labels['app.kubernetes.io/instance'];
  const isBroker = labels['kubedb.com/role-broker'] !== undefined;
  const isController = labels['kubedb.com/role-controller'] !== undefined;
  if (kafka === undefined || (!isBroker && !isController)) return undefined;
  const role: Role = isBroker && isController ? 'combined' : isBroker ? 'broker' : 'controller';
  return { kafka, role, nodeId: ordinalOf(pod) + (role === 'controller' ? FIRST_CONTROLLER : 0) };
}
