/** The cluster behind a kubeconfig, and the sockets of its brokers. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type AddressOf, dnsAddress } from '../cluster/address';
import { type Connected, connect } from '../cluster/connect';
import { createDialer } from '../cluster/dial';
import { kafkaAdmin } from '../cluster/kafka-admin';
import { kafkaFacts } from '../cluster/kafka-facts';
import { isThisMachine } from '../cluster/proxy/environment';
import { systemClock } from '../cluster/system-clock';
import type { ClusterTarget, Connection, PluginProcess, Reach } from './io';
import { sandboxAddress, sandboxAdmin, sandboxFacts } from './sandbox-brokers';

/** Connects to the cluster of the kubeconfig, and to its brokers over real sockets. */
export async function connectTo(target: ClusterTarget, { env, stderr }: PluginProcess): Promise<Connection> {
  const connected = await connect({ ...target, env, stderr, clock: systemClock });
  const { cluster } = connected;
  // A sandbox serves its API on the loopback address only: on other clusters its annotations are ignored.
  const isLocal = isThisMachine(new URL(connected.server));
  const addressOf = addressesFor(target.reach, connected, isLocal);
  const facts = kafkaFacts(cluster, { clock: systemClock, addressOf });
  const admin = kafkaAdmin(cluster, { clock: systemClock, addressOf });
  return {
    ...connected,
    dialer: createDialer(systemClock, { addressOf }),
    facts: isLocal ? sandboxFacts(cluster, facts) : facts,
    admin: isLocal ? sandboxAdmin(cluster, admin) : admin,
    random,
    identity: `${hostname()}-${randomBytes(4).toString('hex')}`,
    close: () => {
      facts.close();
      connected.close();
    },
  };
}

/** Nothing is on the way to the listeners of a sandbox: only the flag itself sends a command through its API. */
function addressesFor(reach: Reach = 'auto', { isInPod, forwarded }: Connected, isLocal: boolean): AddressOf {
  if (reach === 'port-forward') return forwarded;
  const addressOf = reach === 'pod' || isInPod ? dnsAddress : forwarded;
  return isLocal ? sandboxAddress(addressOf) : addressOf;
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
