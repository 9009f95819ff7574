/**
 * KubeDB's validating webhook for KafkaOpsRequest. It has a side effect: when a write makes a request Successful or Failed, the webhook resumes
 * the request's Kafka. `test/admission` compares it with KubeDB's; the words of refusals are this project's.
 */
import { isEqual, KINDS, type KubeObject } from '#model/kube-object';
import type { Admission, AdmissionRequest, Refusal } from '../admission';
import { type FieldProblem, invalidValue } from '../field-problem';
import { isObject } from '../json';
import { type View, viewOf } from '../schema';
import { kafkaOpsRequestSchema, kafkaSchema } from '../schemas/kubedb';
import { goDuration, undecodable } from './go';

export const kafkaOpsRequestAdmission: Admission = {
  webhook: 'kafkaopsrequests.webhooks.ops.kubedb.com',
  kind: KINDS.KafkaOpsRequest,
  validate,
};

type OpsRequest = View<typeof kafkaOpsRequestSchema>;

function validate(request: AdmissionRequest<OpsRequest>): Refusal | undefined {
  const { operation, object, old, store } = request;
  if (operation === 'DELETE') return undefined;
  const { tls, timeout, type, databaseRef } = object.spec;
  const unread = undecodable(tls, timeout);
  if (unread !== undefined) return unread;
  if (old !== undefined && !isEqual(decoded(old.spec), decoded(object.spec))) return 'spec is immutable; create another KafkaOpsRequest';
  const { namespace } = object.metadata;
  const name = databaseRef.name ?? '';
  const kafka = store.get(KINDS.Kafka, namespace, name);
  if (kafka === undefined) return `spec.databaseRef: Kafka ${namespace}/${name} not found`;
  const problems = type === 'ReconfigureTLS' ? tlsProblems(tls) : [];
  if (problems.length === 0) resumeIfDone(request, kafka);
  return problems;
}

/** Exactly one of: remove, rotate, or reconfigure by issuer or certificates. */
function tlsProblems(tls: OpsRequest['spec']['tls']): FieldProblem[] {
  if (tls === undefined) return [invalidValue('spec.tls', '', 'a ReconfigureTLS request needs it')];
  const asked = [tls.remove === true, tls.rotateCertificates === true, tls.issuerRef !== undefined || tls.certificates !== undefined];
  const count = asked.filter(Boolean).length;
  if (count === 1) return [];
  return [invalidValue('spec.tls', tls, count === 0 ? 'no reconfiguration is asked for' : 'more than one reconfiguration is asked for')];
}

function resumeIfDone({ object, old, store, dryRun }: AdmissionRequest<OpsRequest>, kafka: KubeObject): void {
  const wasOver = old === undefined || isOver(viewOf(kafkaOpsRequestSchema, old));
  if (wasOver || !isOver(object)) return;
  const { status } = viewOf(kafkaSchema, kafka);
  const others = status?.conditions?.filter((c) => c.type !== 'Paused');
  if (others?.length !== status?.conditions?.length && !dryRun)
    store.put(KINDS.Kafka, { ...kafka, status: { ...status, conditions: others } });
}

function isOver({ status }: OpsRequest): boolean {
  return status?.phase === 'Successful' || status?.phase === 'Failed';
}

const DURATIONS: readonly string[] = ['timeout', 'duration', 'renewBefore'];

/** KubeDB compares decoded objects: the same duration in another form is no change, and neither are false and an empty list instead of nothing. */
function decoded(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => decoded(item));
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, member]) => member !== false && !(Array.isArray(member) && member.length === 0));
    return Object.fromEntries(entries.map(([name, member]) => [name, decoded(member, name)]));
  }
  return DURATIONS.includes(key) ? goDuration(String(value)) : value;
}
