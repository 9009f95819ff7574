/** The cluster behind a kubeconfig, and the sockets of its brokers. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { connect } from '../cluster/connect';
import { createDialer } from '../cluster/dial';
import { kafkaFacts } from '../cluster/kafka-facts';
import { systemClock } from '../cluster/system-clock';
import type { ClusterTarget, Connection } from './io';
import type { Surroundings } from './outside';

/** Returns the cluster that is meant, and its brokers, over real sockets. */
export async function connectTo(target: ClusterTarget, { env, stderr }: Surroundings): Promise<Connection> {
  const connected = await connect({ ...target, env, stderr, clock: systemClock });
  return {
    ...connected,
    dialer: createDialer(systemClock),
    facts: kafkaFacts(connected.cluster, { clock: systemClock }),
    random,
    identity: `${hostname()}-${randomBytes(4).toString('hex')}`,
  };
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
