/**
 * The settings of running nodes that decide whether they can load their key stores again. They are read only when nodes may have to: one
 * connection to each node.
 */
import { updatedCertificateDirectories } from '../model/broker-pod';
import type { NodeSettings, Observation, PodFacts, Reading } from '../model/observation';
import { observedDomain } from '../model/observed-domain';
import type { Cluster, KafkaAdmin, KafkaNode } from '../ports';
import { readPods } from './objects';
import { Reader } from './reading';

export interface NodesContext {
  readonly cluster: Cluster;
  readonly admin: KafkaAdmin;
}

/** Returns the observation with the settings of these pods. A Ready node that does not answer is asked once more, unless no pod can be reached. */
export async function withNodeSettings(
  { cluster, admin }: NodesContext,
  live: Observation,
  asked: readonly PodFacts[],
  clusterDomain?: string,
  signal?: AbortSignal,
): Promise<Observation> {
  const { kafka } = live;
  if (kafka === undefined || asked.length === 0) return live;
  const reader = new Reader(cluster, live.namespace);
  const objects = await readPods(reader, live.name);
  reader.assertComplete();
  const domain = clusterDomain ?? observedDomain(live);
  const isAnyInReach = live.pods.some((p) => p.served.some((s) => s.protocol !== 'unknown'));
  const pods = live.pods.map(async (pod): Promise<PodFacts> => {
    if (!asked.includes(pod)) return pod;
    const node: KafkaNode = { kafka, pod: pod.name, ...(domain === undefined ? {} : { clusterDomain: domain }) };
    const directories = updatedCertificateDirectories(objects.find((p) => p.metadata.uid === pod.uid)?.spec);
    const first = await admin.settings(node, signal);
    const answer = 'unknown' in first && isAnyInReach && pod.isReady ? await admin.settings(node, signal) : first;
    return { ...pod, node: factsOf(answer, directories) };
  });
  const result = { ...live, pods: await Promise.all(pods) };
  signal?.throwIfAborted();
  return result;
}

function factsOf(read: Reading<NodeSettings['settings']>, directories: readonly string[]): Reading<NodeSettings> {
  return 'unknown' in read ? read : { value: { settings: read.value, directories } };
}
