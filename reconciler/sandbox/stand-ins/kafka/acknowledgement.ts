/**
 * Whether producers with acks=all get an answer. Pure.
 *
 * Brokers serve by what a controller told them last, also when no controller is left or when they cannot reach the active one: a partition
 * stays led, and its replicas fetch from each other. It stops when a replica goes that only a controller could remove from the ISR.
 */
import { canConnect, isConnected, type KafkaModel, type Partition } from './model';

/** A partition as a broker knows it. */
type Believed = Pick<Partition, 'leader' | 'isr'>;

/** What each broker believes of a partition, by node id. */
export type Beliefs = ReadonlyMap<number, Believed>;

/** Returns the beliefs after brokers that can connect to the active controller have heard of the partition. */
export function heard(before: Beliefs, model: KafkaModel, leaderId: number | undefined, { leader, isr, replicas }: Partition): Beliefs {
  const told = replicas.filter((id) => isConnected(model, leaderId, id)).map((id) => [id, { leader, isr }] as const);
  return new Map([...before, ...told]);
}

/** Tells whether some broker answers for the partition. */
export function isAcknowledged(beliefs: Beliefs, { nodes, ...model }: KafkaModel, minimum: number): boolean {
  return nodes.some((node) => {
    const believed = beliefs.get(node.nodeId);
    if (believed?.leader !== node.nodeId || believed.isr.length < minimum) return false;
    return believed.isr.every((id) => nodes.some((other) => other.nodeId === id && canConnect(node, other, model)));
  });
}
