/** What a user may want of the Kafka of a `World`, in few words. */
import { Duration } from 'cdk8s';
import { Acknowledgement, Executor, KafkaCluster, type KafkaTlsProps, Tls, TlsIssuer, type TlsOnProps } from '#constructs/index';
import type { ExecutorName } from '#model/desired';
import { KAFKA } from './world';

export const MOVE = [Acknowledgement.clientsMoveToTls()];
export const LEAVE = [Acknowledgement.clientsLeaveTls()];

/** TLS by a CA of its own, acknowledged. */
export function on(change: Partial<TlsOnProps> = {}): Tls {
  return Tls.on({ issuer: TlsIssuer.selfSignedCa(), acknowledge: MOVE, ...change });
}

/** No TLS, acknowledged. */
export function off(): Tls {
  return Tls.off({ acknowledge: LEAVE });
}

/** TLS by another CA, acknowledged. */
export function onWithNewRoot(change: Partial<TlsOnProps> = {}): Tls {
  const acknowledge = [...MOVE, Acknowledgement.trustRootChangesTo('orders-ca-2')];
  return on({ issuer: TlsIssuer.selfSignedCa({ name: 'orders-ca-2' }), acknowledge, ...change });
}

/** A KafkaTls for a Kafka that somebody else created. Whether an ops-manager claims a request shows at once in tests. */
export function wish(executor: ExecutorName, tls: Tls, change: Partial<KafkaTlsProps> = {}): KafkaTlsProps {
  const by = executor === 'native' ? Executor.native() : Executor.opsRequest();
  const deadlines = { opsManagerDetection: Duration.seconds(1), ...change.deadlines };
  return { cluster: KafkaCluster.existing(KAFKA), tls, executor: by, ...change, deadlines };
}
