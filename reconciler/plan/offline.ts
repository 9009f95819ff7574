/**
 * Plans the difference between two bundles with no cluster at all, for a reviewer of a commit: the live state is assumed to be what the old
 * bundle asked for. Whether a certificate is close to its expiry, who else works on the Kafka, and how far an earlier run came, is not known.
 */

import { type Acknowledged, formatAcknowledgement } from '#model/acknowledgement';
import type { Bundle } from '#model/bundle';
import { isKind } from '#model/kinds/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import { nodesOf } from '#model/kubedb';
import { ANNOTATION_CHANGE, ANNOTATION_OWNER } from '#model/names';
import { issuerOf, type TlsState, tlsHash } from '#model/tls';
import type { IssuerState, KafkaFacts, Observation, Reading } from '../model/observation';
import type { Plan, Step } from '../model/plan';
import { assumedObservation } from './assumed-observation';
import { type Change, formatChangeRecord, type Losses } from './change-record';
import { plan } from './plan';

/** Leaves that were issued long ago and hold for long: only `issuedAfter` makes them too old. */
const NEVER = { notBefore: '2000-01-01T00:00:00Z', notAfter: '2999-01-01T00:00:00Z' };
const SOMETIME = '2500-01-01T00:00:00Z';

/** Returns what the new bundle changes. Without an old one a declared Kafka is taken to be missing, and a referenced one to have no TLS. */
export function planOffline(old: Bundle | undefined, wanted: Bundle): Plan {
  const before = inDomainOf(wanted, old ?? { ...wanted, tls: 'off', issuerManifests: [] });
  const validity = { ...NEVER, notBefore: before.desired.issuedAfter ?? NEVER.notBefore };
  const reversed = old === undefined ? undefined : reversedChange(old, wanted);
  const losses = assumedLosses(wanted);
  const record = { ...(reversed === undefined ? {} : { change: reversed }), ...(losses === undefined ? {} : { losses }), used: [] };
  const kafka = kafkaOf(before, formatChangeRecord(record));
  const live: Observation = { ...assumedObservation(before, kafka, validity, SOMETIME), facts: healthy(kafka) };
  const { kafka: _, ...nothing } = { ...live, pods: [], petSets: [], certificates: [], secrets: [], issuers: [] };
  const isMissing = old === undefined && wanted.kafka !== undefined;
  const petSets = wanted.kafka === undefined ? [] : live.petSets; // how many roles a referenced Kafka has is not known
  const seen = isMissing
    ? nothing
    : {
        ...live,
        petSets,
        certificates: [...live.certificates, ...before.issuerManifests.filter((m) => isKind('Certificate', m)).map(asApplied)],
        issuers: withApplied(live.issuers, before),
      };
  const result = plan(wanted, seen, new Date(SOMETIME));
  return {
    ...result,
    steps: result.steps.map(withoutNever),
    notes: [...result.notes, ...unprovenNotes(result, old, reversed), ...assumptions(old, wanted)],
  };
}

/** A domain that is declared only now is the one that the cluster has always had. */
function inDomainOf({ desired: { clusterDomain } }: Bundle, old: Bundle): Bundle {
  if (clusterDomain === undefined || old.desired.clusterDomain !== undefined) return old;
  return { ...old, desired: { ...old.desired, clusterDomain } };
}

/**
 * Returns the change that led to the old bundle, if it was acknowledged there and the new one reverses it. Nothing else here says what was
 * before, and a revert has to pass a check that asks no cluster.
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
      // Whose root a fingerprint is does not show here.
      return from !== 'off' && to !== 'off' && (issuer === undefined || issuer === issuerOf(to, 'server').name);
    case 'ephemeralDataIsLost':
      return false;
  }
}

/** How often data was lost before, only the Kafka knows: as often as makes the acknowledged loss the next one. */
function assumedLosses({ desired, tls }: Bundle): Losses | undefined {
  const content = tlsHash(desired.kafka, tls);
  const numbers = desired.acknowledge
    .filter((a) => a.kind === 'ephemeralDataIsLost' && a.content?.startsWith(content))
    .map((a) => Number(a.content?.slice(content.length + 1) || 1));
  return numbers.length === 0 ? undefined : { content, count: Math.max(...numbers) - 1 };
}

/** Which change came last, and which acknowledgements were used, only the Kafka knows. */
function unprovenNotes(
  { cutover, acknowledged = [], obstacles }: Plan,
  old: Bundle | undefined,
  reversed: Change | undefined,
): readonly string[] {
  if (cutover === undefined || obstacles.length > 0) return [];
  if (reversed !== undefined && acknowledged.length === 0)
    return ['Taken for the revert of an acknowledged change: the run in the cluster refuses it if that was not the last one.'];
  const before = (old?.desired.acknowledge ?? []).map(formatAcknowledgement);
  const left = acknowledged
    .filter((a) => a.kind === 'ephemeralDataIsLost' || (a.content ?? a.root) === undefined)
    .map(formatAcknowledgement);
  return left
    .filter((text) => before.includes(text))
    .map((text) => `${text} was there before this commit: if it approved a change already, the run in the cluster asks for another one.`);
}

/** The assumed instant of issuance is nobody's business. */
function withoutNever<S extends Step>(step: S): S {
  const findings = step.findings.map((f) => ({ ...f, message: f.message.replace(`issued ${NEVER.notBefore}, `, 'issued earlier, ') }));
  return { ...step, findings };
}

/** Nothing is known against a restart, and nothing for a certain order. */
function healthy(kafka: KubeObject): Reading<KafkaFacts> {
  const voters = nodesOf(kafka).filter((n) => n.role !== 'broker');
  const quorum = { leaderId: undefined, voters: voters.map(({ nodeId }) => ({ nodeId, lastCaughtUpMs: undefined })), fetchTimeoutMs: 0 };
  return { value: { quorum, topics: [] } };
}

/** A Kafka that is only referenced has an unknown number of pods: none is planned for. */
function kafkaOf({ desired, kafka }: Bundle, record: string): KubeObject {
  const annotations = { [ANNOTATION_OWNER]: desired.owner, [ANNOTATION_CHANGE]: record };
  const metadata = { name: desired.kafka, namespace: desired.namespace, annotations };
  if (kafka !== undefined) return { ...kafka, metadata: { ...kafka.metadata, ...metadata } };
  return { apiVersion: KINDS.Kafka.apiVersion, kind: KINDS.Kafka.kind, metadata, spec: { replicas: 0 } };
}

function asApplied<O extends KubeObject>(manifest: O): O {
  return { ...manifest, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
}

/** Those of the bundle are known with their content, the others by name. */
function withApplied(issuers: readonly IssuerState[], { issuerManifests }: Bundle): readonly IssuerState[] {
  const applied = issuerManifests
    .filter((m) => isKind('Issuer', m))
    .map((m) => ({ kind: 'Issuer' as const, name: m.metadata.name, object: asApplied(m) }));
  return [...issuers.filter((i) => !applied.some((a) => a.kind === i.kind && a.name === i.name)), ...applied];
}

function assumptions(old: Bundle | undefined, wanted: Bundle): readonly string[] {
  const base =
    old === undefined
      ? wanted.kafka === undefined
        ? 'the Kafka exists and has no TLS'
        : 'the Kafka does not exist yet'
      : 'the live state is what the old bundle asked for';
  const pods = wanted.kafka === undefined ? ' Its pods are not known here: every pod whose certificate changes restarts.' : '';
  return [`Made without a cluster; it is assumed that ${base}.${pods}`];
}
