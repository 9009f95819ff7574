/**
 * KubeDB's health check of a Kafka, for the provisioner's status: a client with the protocol of the Kafka's spec, KubeDB's user and the CA of
 * the client certificate asks every broker for its metadata over a new connection. Unlike KubeDB's, it writes no message. Brokers that want a
 * client certificate refuse it.
 */

import type { Health } from '#reconciler/sandbox/stand-ins/kafka/processes';
import type { Kafka } from '#reconciler/sandbox/stand-ins/kinds';
import { PORTS, tlsOf } from '#reconciler/sandbox/stand-ins/kubedb/layout';
import { type Endpoint, KafkaConnection } from './wire';

export interface CheckedBroker {
  readonly id: number;
  readonly address: string;
  readonly fqdn: string;
}

export interface CheckOptions {
  readonly kafka: Kafka;
  readonly trust: readonly string[] | undefined;
  readonly login: Endpoint['login'];
  readonly timeoutMs: number;
}

/** Checks the brokers that a Kafka should have; one that does not run is undefined. */
export async function checkHealth(brokers: readonly (CheckedBroker | undefined)[], options: CheckOptions): Promise<Health> {
  const serving = await Promise.all(brokers.map(async (broker) => broker !== undefined && (await serves(broker, options))));
  return { isAccepting: serving.includes(true), isComplete: serving.length > 0 && !serving.includes(false) };
}

async function serves({ id, address, fqdn }: CheckedBroker, { kafka, trust, login, timeoutMs }: CheckOptions): Promise<boolean> {
  const tls = tlsOf(kafka) === undefined ? {} : { tls: { servername: fqdn, ca: trust ?? [] } };
  try {
    const connection = await KafkaConnection.open({ host: address, port: PORTS.BROKER, timeoutMs, ...tls, ...(login && { login }) });
    const { brokers } = await connection.metadata().finally(() => connection.close());
    return brokers.includes(id);
  } catch {
    return false;
  }
}
