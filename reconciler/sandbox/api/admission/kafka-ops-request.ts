/**
 * KubeDB's validating webhook for KafkaOpsRequest. It has a side effect: a request that becomes Successful or Failed resumes its
 * Kafka, whoever wrote the status. Texts of refusals are this project's; KubeDB's are not public.
 */
import { type Condition, KINDS, type KubeObject } from '../../../../constructs/model/kube-object';
import type { Admission, AdmissionRequest, Refusal } from '../admission';
import { type FieldProblem, forbiddenValue, invalidValue, requiredValue } from '../field-problem';
import { isSame, type Tree } from '../json';

export const kafkaOpsRequestAdmission: Admission = {
  webhook: 'kafkaopsrequests.webhooks.ops.kubedb.com',
  kind: KINDS.KafkaOpsRequest,
  validate,
};

function validate(request: AdmissionRequest): Refusal | undefined {
  const { operation, object, old, cluster } = request;
  if (operation === 'DELETE') return undefined;
  if (old !== undefined && !isSame(old.spec, object.spec)) return [forbiddenValue('spec', 'is immutable; create another KafkaOpsRequest')];
  const name: string = object.spec.databaseRef.name;
  const kafka = cluster.get(KINDS.Kafka, object.metadata.namespace, name);
  if (kafka === undefined) return [invalidValue('spec.databaseRef.name', name, `Kafka "${name}" not found`)];
  const problems = object.spec.type === 'ReconfigureTLS' ? tlsProblems(object.spec.tls) : [];
  if (problems.length === 0) resumeIfDone(request, kafka);
  return problems;
}

/** Exactly one of: remove, rotate, or reconfigure by issuer or certificates. */
function tlsProblems(tls: Tree | undefined): FieldProblem[] {
  if (tls === undefined) return [requiredValue('spec.tls', 'a ReconfigureTLS request says what to do with TLS')];
  const asked = [tls.remove === true, tls.rotateCertificates === true, tls.issuerRef !== undefined || tls.certificates !== undefined];
  const count = asked.filter(Boolean).length;
  if (count === 1) return [];
  return [invalidValue('spec.tls', tls, count === 0 ? 'no reconfiguration is asked for' : 'more than one reconfiguration is asked for')];
}

function resumeIfDone({ object, old, cluster }: AdmissionRequest, kafka: KubeObject): void {
  const phase: string | undefined = object.status?.phase;
  if (old === undefined || phase === old.status?.phase || (phase !== 'Successful' && phase !== 'Failed')) return;
  const conditions: readonly Condition[] = kafka.status?.conditions ?? [];
  if (!conditions.some((c) => c.type === 'Paused')) return;
  cluster.writeStatus(KINDS.Kafka, kafka, { ...kafka.status, conditions: conditions.filter((c) => c.type !== 'Paused') });
}
