/**
 * KubeDB's validating webhook for KafkaOpsRequest. It has a side effect: a request that becomes Successful or Failed resumes its
 * Kafka, whoever wrote the status. `test/admission` holds it to KubeDB's own; the words of refusals are this project's.
 */
import { type Condition, isEqual, KINDS, type KubeObject } from '../../../../constructs/model/kube-object';
import type { Admission, AdmissionRequest, Refusal } from '../admission';
import { type FieldProblem, invalidValue } from '../field-problem';
import { isTree, type Tree } from '../json';
import { durationsOf, spelledByGo, undecodable } from './decoding';

export const kafkaOpsRequestAdmission: Admission = {
  webhook: 'kafkaopsrequests.webhooks.ops.kubedb.com',
  kind: KINDS.KafkaOpsRequest,
  refusalGroup: 'kafkaopsrequests.kubedb.com',
  validate,
};

function validate(request: AdmissionRequest): Refusal | undefined {
  const { operation, object, old, cluster } = request;
  if (operation === 'DELETE') return undefined;
  const unread = undecodable([object.spec.timeout, ...durationsOf(object.spec.tls)]);
  if (unread !== undefined) return unread;
  if (old !== undefined && !isEqual(meant(old.spec), meant(object.spec))) return 'spec is immutable; create another KafkaOpsRequest';
  const { namespace } = object.metadata;
  const kafka = cluster.get(KINDS.Kafka, namespace, object.spec.databaseRef.name);
  if (kafka === undefined) return `spec.databaseRef: Kafka ${namespace}/${object.spec.databaseRef.name} not found`;
  const problems = object.spec.type === 'ReconfigureTLS' ? tlsProblems(object.spec.tls) : [];
  if (problems.length === 0) resumeIfDone(request, kafka);
  return problems;
}

/** Exactly one of: remove, rotate, or reconfigure by issuer or certificates. */
function tlsProblems(tls: Tree | undefined): FieldProblem[] {
  if (tls === undefined) return [invalidValue('spec.tls', '', 'a ReconfigureTLS request says what to do with TLS')];
  const asked = [tls.remove === true, tls.rotateCertificates === true, tls.issuerRef !== undefined || tls.certificates !== undefined];
  const count = asked.filter(Boolean).length;
  if (count === 1) return [];
  return [invalidValue('spec.tls', tls, count === 0 ? 'no reconfiguration is asked for' : 'more than one reconfiguration is asked for')];
}

function resumeIfDone({ object, old, cluster }: AdmissionRequest, kafka: KubeObject): void {
  const phase: string | undefined = object.status?.phase;
  if (old === undefined || isOver(old.status?.phase) || !isOver(phase)) return;
  const conditions: readonly Condition[] = kafka.status?.conditions ?? [];
  if (!conditions.some((c) => c.type === 'Paused')) return;
  cluster.writeStatus(KINDS.Kafka, kafka, { ...kafka.status, conditions: conditions.filter((c) => c.type !== 'Paused') });
}

function isOver(phase: string | undefined): boolean {
  return phase === 'Successful' || phase === 'Failed';
}

const DURATIONS: readonly string[] = ['timeout', 'duration', 'renewBefore'];

/** KubeDB compares what it decoded: a duration in other words is no change, and neither is what says no more than its absence. */
function meant(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => meant(item));
  if (isTree(value)) {
    const entries = Object.entries(value).filter(([, member]) => member !== false && !(Array.isArray(member) && member.length === 0));
    return Object.fromEntries(entries.map(([name, member]) => [name, meant(member, name)]));
  }
  return DURATIONS.includes(key) ? spelledByGo(String(value)) : value;
}
