/** The Kafka node that a pod runs, by KubeDB's labels. */
import type { KubeObject } from '#model/kube-object';
import { nodeIdOf, type Role } from '../kubedb/layout';

export interface KafkaNode {
  readonly kafka: string;
  readonly role: Role;
  readonly nodeId: number;
}

/** Returns the node, or undefined for a pod of another application. */
export function kafkaNodeOf(pod: KubeObject): KafkaNode | undefined {
  const labels = pod.metadata.labels ?? {};
  const kafka = labels['app.kubernetes.io/instance'];
  const isBroker = labels['kubedb.com/role-broker'] !== undefined;
  const isController = labels['kubedb.com/role-controller'] !== undefined;
  if (kafka === undefined || (!isBroker && !isController)) return undefined;
  const role: Role = isBroker && isController ? 'combined' : isBroker ? 'broker' : 'controller';
  return { kafka, role, nodeId: nodeIdOf(role, ordinalOf(pod)) };
}

/** Returns the ordinal of a PetSet's pod. */
export function ordinalOf({ metadata: { name } }: KubeObject): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}
