/**
 * Which restarts lose data: that of pods whose volume is deleted with them (`storageType: Ephemeral`, or any other way to an emptyDir).
 *
 *     lost for certain, and refused until acknowledged
 *       a cut-over                   every copy is deleted before another node can fetch it
 *       the only controller          no other node has the KRaft metadata: topics, ACLs and SCRAM users are gone with it
 *       the only broker              no other node has the records
 *     lost for certain, and a note
 *       partitions with one replica  the records of these partitions
 *     not lost
 *       any other gated restart      the gate requires another replica in sync, and a majority of voters that is caught up
 *     perhaps lost, and a note
 *       a roll by KubeDB             it does not wait for replicas and voters between pods
 */
import { nodesOf, type Role } from '#model/kubedb';
import type { Observation, PodFacts, PodObservation } from '../model/observation';
import type { Draft, Step } from '../model/plan';
import { isDataEphemeral } from '../model/storage';
import type { CutoverCause } from './cutover';
import type { PlanInput } from './plan-input';

/** Tells whether the data of a pod is lost when it restarts: it is on a volume that ends with the pod, or its successor mounts another one. */
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

/** Returns why steps lose data for certain, and which, or undefined. */
export function lossOf({ live }: Pick<PlanInput, 'live'>, cut: CutoverCause | undefined, steps: readonly Step[]): string | undefined {
  const losing = losingPods(live, steps);
  if (losing.length === 0) return undefined;
  if (cut !== undefined) {
    return `all pods restart while none can fetch from another, and their storage is ephemeral: ${lost(losing)}`;
  }
  const alone = losing.filter((pod) => isAlone(pod, live));
  const [first] = alone;
  if (first === undefined) return undefined;
  const names = alone.map((p) => `${p.name} is the only ${p.role === 'combined' ? 'node' : p.role}`).join(', and ');
  return `${names}, and restarts with empty storage, since that is ephemeral: ${lost(alone)}`;
}

function losingPods(live: Observation, steps: readonly Step[]): readonly PodFacts[] {
  return live.pods.filter((p) => steps.some((s) => s.kind === 'evict' && s.subject.name === p.name) && losesData(p, live));
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

/** Returns what restarts that are gated lose, or may lose. */
export function dataLossNotes({ bundle, live }: PlanInput, { steps, cutover }: Draft): readonly string[] {
  const losing = losingPods(live, steps);
  if (cutover !== undefined || losing.length === 0) return [];
  const brokers = losing.filter((p) => p.role !== 'controller');
  const notes = brokers.length === 0 ? [] : singleReplicaNotes(live, brokers);
  if (bundle.desired.executor !== 'ops-request') return notes;
  const risk = 'KubeDB does not wait between pods until others have fetched their data again, and storage is ephemeral';
  return [...notes, `${risk}: partitions and KRaft metadata that no other pod holds by then are lost.`];
}

function singleReplicaNotes({ facts }: Observation, brokers: readonly PodFacts[]): readonly string[] {
  if ('unknown' in facts) return ['Partitions with a single replica are lost, since storage is ephemeral; which these are is not known.'];
  const names = facts.value.topics
    .filter((t) => t.partitions.some((p) => p.replicas.length === 1 && brokers.some((b) => p.replicas.includes(b.nodeId))))
    .map((t) => t.name);
  if (names.length === 0) return [];
  return [`Partitions of ${listed(names)} are lost: the broker of a single replica restarts, and its storage is ephemeral.`];
}

const MOST_NAMES = 3;

/** Returns a few names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.slice(0, MOST_NAMES).join(', ')}${more}`;
}
