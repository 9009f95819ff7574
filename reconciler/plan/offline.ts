/**
 * Plans the difference between two bundles without a cluster, for the review of a commit. The live state is assumed to be what the old bundle
 * asked for. Expiring certificates, other operations and the state of earlier runs are unknown.
 */

import { type Acknowledged, formatAcknowledgement } from '#model/acknowledgement';
import type { Bundle } from '#model/bundle';
import type { Kafka } from '#model/kinds/index';
import { KINDS } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import { ANNOTATION_CHANGE, ANNOTATION_OWNER } from '#model/names';
import { issuerOf, type TlsState, tlsHash } from '#model/tls';
import { type Change, formatChangeRecord, type Losses } from '../model/change-record';
import type { KafkaFacts, Observation, Reading } from '../model/observation';
import type { Plan, Step, StepPart } from '../model/plan';
import { assumedObservation } from './assumed-observation';
import { plan } from './plan';

/** Leaves that were issued long ago and stay valid for long: only `issuedAfter` makes them too old. */
const LONG_VALID = { notBefore: '2000-01-01T00:00:00Z', notAfter: '2999-01-01T00:00:00Z' };
const NOW = '2500-01-01T00:00:00Z';

/** Returns what the new bundle changes. Without an old bundle a declared Kafka is assumed to be missing, and a referenced one to have no TLS. */
export function planOffline(old: Bundle | undefined, wanted: Bundle): Plan {
  const before = inDomainOf(wanted, old ?? { ...wanted, tls: 'off', issuerManifests: [] });
  const validity = { ...LONG_VALID, notBefore: before.desired.issuedAfter ?? LONG_VALID.notBefore };
  const reversed = old === undefined ? undefined : reversedChange(old, wanted);
  const losses = assumedLosses(wanted);
  const record = { ...(reversed === undefined ? {} : { change: reversed }), ...(losses === undefined ? {} : { losses }), used: [] };
  const kafka = kafkaOf(before, formatChangeRecord(record));
  const live: Observation = { ...assumedObservation(before, kafka, validity, NOW), facts: healthy(kafka) };
  const { kafka: _, ...nothing } = { ...live, pods: [], petSets: [], certificates: [], secrets: [], issuers: [] };
  const isMissing = old === undefined && wanted.kafka !== undefined;
  const petSets = wanted.kafka === undefined ? [] : live.petSets; // the roles of a referenced Kafka are unknown
  const result = plan(wanted, isMissing ? nothing : { ...live, petSets }, new Date(NOW));
  return {
    ...result,
    steps: result.steps.map(withoutAssumedDate),
    notes: [...result.notes, ...unprovenNotes(result, old, reversed), ...assumptions(old, wanted, result)],
  };
}

/** A cluster domain that is declared only now is assumed to be the one of the cluster. */
function inDomainOf({ desired: { clusterDomain } }: Bundle, old: Bundle): Bundle {
  if (clusterDomain === undefined || old.desired.clusterDomain !== undefined) return old;
  return { ...old, desired: { ...old.desired, clusterDomain } };
}

/**
 * Returns the change that led to the old bundle, if it was acknowledged there and the new bundle reverses it. Without a cluster nothing else
 * shows the state before, and a revert must pass a check without a cluster.
 */
function reversedChange({ desired, tls }: Bundle, wanted: Bundle): Change | undefined {
  const isAcknowledged = desired.acknowledge.some((a) => leadsTo(a, desired.kafka, tls, wanted.tls));
  return isAcknowledged ? { from: { tls: wanted.tls }, to: { tls } } : undefined;
}

function leadsTo({ kind, content, issuer }: Acknowledged, kafka: string, to: TlsState, from: TlsState): boolean {
  const names = (tls: TlsState) => content === undefined || content === tlsHash(kafka, tls);
  switch (kind) {
    case 'clientsMoveToTls':
      return from === 'off' && to !== 'off' && names(to);
    case 'clientsLeaveTls':
      return from !== 'off' && to === 'off' && names(from);
    case 'trustRootChangesTo':
      // Without a cluster the issuer of a root is unknown.
      return from !== 'off' && to !== 'off' && (issuer === undefined || issuer === issuerOf(to, 'server').name);
    case 'ephemeralDataIsLost':
      return false;
  }
}

/** Only the Kafka records earlier losses: their number is assumed so that the acknowledged loss is the next one. */
function assumedLosses({ desired, tls }: Bundle): Losses | undefined {
  const content = tlsHash(desired.kafka, tls);
  const numbers = desired.acknowledge
    .filter((a) => a.kind === 'ephemeralDataIsLost' && a.content?.startsWith(content))
    .map((a) => Number(a.content?.slice(content.length + 1) || 1));
  return numbers.length === 0 ? undefined : { content, count: Math.max(...numbers) - 1 };
}

/** Only the Kafka records which change came last, and which acknowledgements were used. */
function unprovenNotes(
  { cutover, acknowledged = [], obstacles }: Plan,
  old: Bundle | undefined,
  reversed: Change | undefined,
): readonly string[] {
  if (cutover === undefined || obstacles.length > 0) return [];
  if (reversed !== undefined && acknowledged.length === 0)
    return ['Assumed to revert the last acknowledged change: the run in the cluster refuses it if another change came later.'];
  const before = (old?.desired.acknowledge ?? []).map(formatAcknowledgement);
  const left = acknowledged
    .filter((a) => a.kind === 'ephemeralDataIsLost' || (a.content ?? a.root) === undefined)
    .map(formatAcknowledgement);
  return left
    .filter((text) => before.includes(text))
    .map((text) => `${text} was there before this commit: if it has approved a change already, the run in the cluster needs another one.`);
}

/** The plan must not print the assumed date of issuance. */
function withoutAssumedDate(step: Step): Step {
  const clean = <P extends StepPart>(part: P): P => {
    const inWords = (message: string) => message.replace(`issued ${LONG_VALID.notBefore}, `, 'issued earlier, ');
    return { ...part, findings: part.findings.map((f) => ({ ...f, message: inWords(f.message) })) };
  };
  return step.kind === 'issue' ? { ...step, certificates: step.certificates.map(clean) } : clean(step);
}

/** No gate is known to refuse, and no controller to be the active one. */
function healthy(kafka: Kafka): Reading<KafkaFacts> {
  const voters = nodesOf(kafka).filter((n) => n.role !== 'broker');
  const quorum = { leaderId: undefined, voters: voters.map(({ nodeId }) => ({ nodeId, lastCaughtUpMs: undefined })), fetchTimeoutMs: 0 };
  return { value: { quorum, topics: [] } };
}

/** The number of pods of a referenced Kafka is unknown, so the plan has no pods for it. */
function kafkaOf({ desired, kafka }: Bundle, record: string): Kafka {
  const annotations = { [ANNOTATION_OWNER]: desired.owner, [ANNOTATION_CHANGE]: record };
  const metadata = { name: desired.kafka, namespace: desired.namespace, annotations };
  if (kafka !== undefined) return { ...kafka, metadata: { ...kafka.metadata, ...metadata } };
  return { apiVersion: KINDS.Kafka.apiVersion, kind: KINDS.Kafka.kind, metadata, spec: { replicas: 0 } };
}

function assumptions(old: Bundle | undefined, wanted: Bundle, { operation }: Plan): readonly string[] {
  const base =
    old === undefined
      ? wanted.kafka === undefined
        ? 'the Kafka exists and has no TLS'
        : 'the Kafka does not exist yet'
      : 'the live state is what the old bundle asked for';
  const isReload = operation === 'reload';
  const change = isReload
    ? 'each node loads the certificate while it runs if its settings allow that; otherwise its pod restarts'
    : 'every pod whose certificate changes restarts';
  const pods = wanted.kafka === undefined ? ` Its pods are unknown: ${change}.` : '';
  const nodes = isReload && wanted.kafka !== undefined ? ' Its nodes are assumed to have the settings that KubeDB gives them.' : '';
  return [`Planned without a cluster, on the assumption that ${base}.${pods}${nodes}`];
}
