/** One row for each Kafka: what its bundle wants, what the cluster stores, what its pods serve, and how these differ. */
import type { KafkaOpsRequest } from '#model/kinds/index';
import { conditionOf, formatRef, hasTrueCondition, isMap, type KubeObject, phaseOf, refOf } from '#model/kube-object';
import { REQUEST } from '#model/names';
import { formatIssuerRef, issuerOf, type TlsState, tlsStateOf } from '#model/tls';
import { differingCertificates, isSameTls } from '#model/tls-effect';
import type { LastRun, StatusRow } from '../model/fleet';
import type { CertificateFacts, PodObservation } from '../model/observation';
import { certificateSecret } from './plan-input';
import { mismatches } from './verify';

/** A Kafka and what was found for it. */
export interface Member {
  readonly live: PodObservation;
  readonly wanted?: (({ readonly tls: TlsState } | { readonly unreadable: string }) & { readonly by: string }) | undefined;
  readonly jobs: readonly KubeObject[];
  readonly requests: readonly KafkaOpsRequest[];
}

/** Returns the row of a Kafka. */
export function statusRow({ live, wanted, jobs, requests }: Member): StatusRow {
  const stored = tlsStateOf(live.kafka?.spec);
  const desired = wanted !== undefined && 'tls' in wanted ? wanted.tls : undefined;
  const secret = certificateSecret(live, stored, 'server');
  const served = live.pods.flatMap((pod) => pod.served);
  const count = (protocol: string) => served.filter((s) => s.protocol === protocol).length;
  const found = mismatches(live, desired ?? stored).map((m) => ({ ...m, text: `${formatRef(m.subject)}: ${m.problem}` }));
  const leaf = firstToEnd(served.flatMap((s) => s.leaf ?? []));
  const ca = firstToEnd(secret?.ca ?? []);
  const lastRun = lastOf(jobs) ?? lastOperation(requests);
  return {
    namespace: live.namespace,
    kafka: live.name,
    ...(wanted === undefined || desired === undefined ? {} : { wanted: { ...tlsOf(desired), by: wanted.by } }),
    stored: { ...tlsOf(stored), ...(secret?.leaf === undefined ? {} : { certificate: shown(secret.leaf) }) },
    served: { tls: count('tls'), plaintext: count('plaintext'), unknown: count('unknown') },
    ...(leaf === undefined ? {} : { leaf: shown(leaf) }),
    ...(ca === undefined ? {} : { ca: shown(ca) }),
    ...(lastRun === undefined ? {} : { lastRun }),
    drift: [...specDrift(live.name, desired, stored), ...found.filter((m) => !m.isUnknown).map((m) => m.text)],
    unknown: [
      ...(wanted !== undefined && 'unreadable' in wanted ? [wanted.unreadable] : []),
      ...found.filter((m) => m.isUnknown).map((m) => m.text),
    ],
  };
}

function tlsOf(tls: TlsState): { readonly tls: 'on' | 'off'; readonly issuer?: string } {
  return tls === 'off' ? { tls } : { tls: 'on', issuer: formatIssuerRef(issuerOf(tls, 'server')) };
}

/** Returns how the spec of a Kafka differs from the bundle. */
function specDrift(kafka: string, wanted: TlsState | undefined, stored: TlsState): readonly string[] {
  if (wanted === undefined || isSameTls(kafka, wanted, stored)) return [];
  const words = ({ tls, issuer }: ReturnType<typeof tlsOf>) => (issuer === undefined ? tls : `${tls} (issuer ${issuer})`);
  const [want, have] = [tlsOf(wanted), tlsOf(stored)];
  if (wanted === 'off' || stored === 'off' || want.issuer !== have.issuer) return [`TLS is ${words(have)}, wanted ${words(want)}`];
  return [`spec.tls differs from the bundle: ${differingCertificates(kafka, wanted, stored).join(', ')}`];
}

function firstToEnd<T extends CertificateFacts>(certificates: readonly T[]): T | undefined {
  return [...certificates].sort((a, b) => Date.parse(a.notAfter) - Date.parse(b.notAfter))[0];
}

function shown({ fingerprint, subject, notAfter }: CertificateFacts): NonNullable<StatusRow['leaf']> {
  return { fingerprint, subject, notAfter };
}

/** Returns the run of the Job that began last. */
function lastOf(jobs: readonly KubeObject[]): LastRun | undefined {
  const begun = (job: KubeObject) => textIn(job.status, 'startTime') ?? job.metadata.creationTimestamp ?? '';
  const [job] = [...jobs].sort((a, b) => Date.parse(begun(b)) - Date.parse(begun(a)));
  if (job === undefined) return undefined;
  const by = formatRef(refOf(job));
  if (hasTrueCondition(job, 'Complete')) return { by, result: 'succeeded', ...at(textIn(job.status, 'completionTime')) };
  const failed = conditionOf(job, 'Failed');
  if (failed?.status !== 'True') return { by, result: 'running', ...at(begun(job)) };
  return { by, result: 'failed', ...at(failed.lastTransitionTime ?? undefined), ...(failed.message ? { message: failed.message } : {}) };
}

/** Returns the last operation of a run, such as one that was started by hand. */
function lastOperation(requests: readonly KafkaOpsRequest[]): LastRun | undefined {
  const created = (request: KafkaOpsRequest) => request.metadata.creationTimestamp ?? '';
  const own = requests.filter((request) => request.metadata.annotations?.[REQUEST.executor] !== undefined);
  const [request] = [...own].sort((a, b) => Date.parse(created(b)) - Date.parse(created(a)));
  if (request === undefined) return undefined;
  const by = formatRef(refOf(request));
  const verified = request.metadata.annotations?.[REQUEST.verified];
  if (verified !== undefined) return { by, result: 'succeeded', ...at(verified) };
  if (phaseOf(request) === 'Failed') return { by, result: 'failed' };
  return { by, result: 'running', ...at(created(request)) };
}

function at(instant: string | undefined): { readonly at?: string } {
  return instant === undefined || Number.isNaN(Date.parse(instant)) ? {} : { at: instant };
}

function textIn(status: unknown, member: string): string | undefined {
  const value = isMap(status) ? status[member] : undefined;
  return typeof value === 'string' ? value : undefined;
}
