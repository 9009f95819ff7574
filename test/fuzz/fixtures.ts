/** Valid input that tests mutate: bundles of every kind, and clusters that they were applied to. */

import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import type { ExecutorName } from '#model/desired';
import type { Connection, Runtime } from '#reconciler/cli/io';
import type { Observation } from '#reconciler/model/observation';
import type { Cluster } from '#reconciler/ports';
import { ClusterBuilder, readyIssuer, TLS } from '../support/cluster-builder';
import { bundleFor, type DesiredState } from '../support/desired-states';
import { kafkaManifest, World } from '../support/world';

export const ON: DesiredState = {
  issuer: 'ca-1',
  names: ['a.example.org'],
  days: 90,
  encoding: 'PKCS8',
  cutover: 'rolling',
  isRotation: false,
  rotatesBy: 'restart',
};

/** Returns what users may want of a Kafka that serves TLS of `ca-1`. */
export function bundlesFor(executor: ExecutorName, now: Date): readonly Bundle[] {
  const desires: readonly DesiredState[] = [
    ON,
    { ...ON, issuer: 'off' },
    { ...ON, issuer: 'ca-2', names: [], encoding: 'PKCS1' },
    { ...ON, days: 60, isRotation: true, rotatesBy: 'reload' },
  ];
  return desires.map((desire) => bundleFor(desire, executor, now));
}

/** Starts a small Kafka and gives it TLS. */
export async function tlsWorld(executor: ExecutorName, options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World({ opsManager: capabilitiesOf({ executor }).needsOpsManager, ...options });
  const storage = { resources: { requests: { storage: '1Gi' } } };
  await world.start(kafkaManifest({ topology: { controller: { replicas: 1, storage }, broker: { replicas: 2, storage } } }));
  await world.settle();
  await world.apply(bundleFor(ON, executor, world.clock.now()));
  return world;
}

/** A bundle and what is live. */
export interface Seen {
  readonly bundle: Bundle;
  readonly live: Observation;
}

/** Returns real observations with the bundles that they were made for. */
export async function realObservations(): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const executor of ['native', 'ops-request'] as const) {
    const world = await tlsWorld(executor);
    for (const bundle of bundlesFor(executor, world.clock.now())) seen.push({ bundle, live: await world.observe(bundle) });
    await world.stop();
  }
  return seen;
}

/** Returns observations of rare states: operations in progress, pauses, foreign requests, an issuer with a CA that can be read. */
export function madeUpObservations(): readonly Seen[] {
  const builders = [
    new ClusterBuilder('dedicated', 'off')
      .declares()
      .wants(TLS)
      .issuer({ kind: 'Issuer', name: 'orders-ca', object: readyIssuer('orders-ca') }),
    new ClusterBuilder().request('mine', 'Progressing', { executor: 'native', from: 'off' }),
    new ClusterBuilder()
      .desires({ executor: 'ops-request' })
      .request('mine', 'Failed', { executor: 'ops-request', from: TLS })
      .wants('off'),
    new ClusterBuilder().request('other', 'Pending', undefined),
    new ClusterBuilder('combined').kafkaCondition({ type: 'Paused', status: 'True', reason: 'Maintenance', message: 'disk swap' }),
    new ClusterBuilder().facts({
      value: {
        quorum: { leaderId: 1000, voters: [{ nodeId: 1000, lastCaughtUpMs: 5 }], fetchTimeoutMs: 2000 },
        topics: [{ name: 't', minInsyncReplicas: 1, partitions: [{ partition: 0, leader: 0, replicas: [0, 1], isr: [0] }] }],
      },
    }),
    new ClusterBuilder().noKafka().declares(),
  ];
  return builders.map(({ bundle, live }) => ({ bundle, live }));
}

/** Returns the outside of a process whose cluster is the world's; `cluster` may be one that misbehaves. */
export function outsideOf(world: World, cluster: Cluster = world.cluster): Partial<Runtime> {
  const { clock, environment } = world;
  const connection: Connection = {
    cluster,
    dialer: environment.dialer,
    facts: environment.facts,
    admin: environment.admin,
    random: (bytes) => 'x'.repeat(bytes),
    identity: 'fuzz',
    namespace: world.namespace,
    close: () => {},
  };
  return { clock, connect: async () => connection };
}
