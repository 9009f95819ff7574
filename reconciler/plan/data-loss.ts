/**
 * Which restarts lose data: restarts of pods whose volume is deleted with them (`storageType: Ephemeral`, or any other emptyDir).
 *
 *     certain loss, refused until acknowledged
 *       a cut-over                   every copy is deleted before another node can fetch it
 *       the only controller          no other node has the KRaft metadata: topics, ACLs and SCRAM users are lost
 *       the only broker              no other node has the records
 *     certain loss, a note
 *       partitions with one replica  the records of these partitions
 *     no loss
 *       any other gated restart      the gates require another replica in sync, and a majority of voters that is caught up
 *     possible loss, a note
 *       restarts by KubeDB           KubeDB does not wait for replicas and voters between pods
 */

import { capabilitiesOf } from '#model/capabilities';
import { nodesOf, type Role } from '#model/kubedb';
import type { Observation, PodFacts, PodObservation } from '../model/observation';
import type { Draft, Step } from '../model/plan';
import { isDataEphemeral } from '../model/storage';
import type { CutoverCause } from './cutover';
import { type PlanInput, restartedPods } from './plan-input';

/** Tells whether a pod loses its data when it restarts: its volume is deleted with it, or its successor mounts another volume. */
export function losesData(pod: PodFacts, { kafka, petSets }: Pick<PodObservation, 'kafka' | 'petSets'>): boolean {
  const set = petSets.find((s) => s.name === pod.petSet)?.object.spec;
  const claims: readonly { metadata: { name: string } }[] = set?.volumeClaimTemplates ?? [];
  const next = isDataEphemeral(
    set?.template?.spec,
    claims.map((c) => c.metadata.name),
  );
  if (pod.hasEphemeralData === undefined && next === undefined) return kafka?.spec?.storageType === 'Ephemeral';
  return pod.hasEphemeralData === true || next === true;
}

/** Returns why steps lose data for certain, and which data, or undefined. */
export function lossOf({ live }: Pick<PlanInput, 'live'>, cause: CutoverCause | undefined, steps: readonly Step[]): string | undefined {
  const losing = losingPods(live, steps);
  if (losing.length === 0) return undefined;
  if (cause !== undefined) {
    return `all pods restart while none can fetch from another, and their storage is ephemeral: ${lost(losing)}`;
  }
  const alone = losing.filter((pod) => isAlone(pod, live));
  const [first] = alone;
  if (first === undefined) return undefined;
  const names = alone.map((p) => `${p.name} is the only ${p.role === 'combined' ? 'node' : p.role}`).join(', and ');
  return `${names}, and restarts with empty storage, because its storage is ephemeral: ${lost(alone)}`;
}

function losingPods(live: Observation, steps: readonly Step[]): readonly PodFacts[] {
  return restartedPods(live, steps).filter((p) => losesData(p, live));
}

/** No other pod holds the same data. */
function isAlone({ role }: PodFacts, { kafka }: Observation): boolean {
  const has = (other: Role) => (role === 'broker' ? other !== 'controller' : other !== 'broker');
  return kafka !== undefined && nodesOf(kafka).filter((n) => has(n.role)).length === 1;
}

function lost(pods: readonly PodFacts[]): string {
  const isMetadata = pods.some((p) => p.role !== 'broker');
  const isRecords = pods.some((p) => p.role !== 'controller');
  if (isMetadata && isRecords) return 'topics, offsets, ACLs, SCRAM users and KRaft metadata are lost';
  return isMetadata
    ? 'topics, ACLs, SCRAM users and all other KRaft metadata are lost'
    : 'the records of all topics and the offsets of consumers are lost';
}

/** Returns notes on the data that gated restarts lose, or may lose. */
export function dataLossNotes({ bundle, live }: PlanInput, { steps, cutover }: Draft): readonly string[] {
  const losing = losingPods(live, steps);
  if (cutover !== undefined || losing.length === 0) return [];
  const brokers = losing.filter((p) => p.role !== 'controller');
  const notes = brokers.length === 0 ? [] : singleReplicaNotes(live, brokers);
  if (capabilitiesOf(bundle.desired).gatesBetweenPods) return notes;
  const risk = 'KubeDB does not wait between pods until others have fetched their data again, and storage is ephemeral';
  return [...notes, `${risk}: partitions and KRaft metadata without another copy by then are lost.`];
}

function singleReplicaNotes({ facts }: Observation, brokers: readonly PodFacts[]): readonly string[] {
  if ('unknown' in facts) return ['Partitions with a single replica are lost, because storage is ephemeral; their names are not known.'];
  const names = facts.value.topics
    .filter((t) => t.partitions.some((p) => p.replicas.length === 1 && brokers.some((b) => p.replicas.includes(b.nodeId))))
    .map((t) => t.name);
  if (names.length === 0) return [];
  return [`Partitions of ${listed(names)} are lost: the broker of a single replica restarts, and its storage is ephemeral.`];
}

const MOST_NAMES = 3;

/** Returns the first names, and the number of the others. */
export function listed(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.slice(0, MOST_NAMES).join(', ')}${more}`;
}
