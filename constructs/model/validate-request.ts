/**
 * What KubeDB's webhook refuses in a KafkaOpsRequest of the types that have to do with TLS. A request that runs or has finished cannot be
 * edited, so a request that the webhook would refuse must not reach the cluster.
 *
 * Source: KubeDB apimachinery, validating webhook of `ops.kubedb.com/v1alpha1` KafkaOpsRequest.
 */
import { parseGoDuration } from './go-duration';
import type { KubeObject } from './kube-object';
import { isDnsLabel } from './kubernetes-names';
import { mapIn } from './plain-data';
import { checkRules, isOneOf, type Rule, valueAt } from './rules';
import { TLS_RULES } from './validate-tls';
import type { Violation } from './violation';

/** Returns all violations of a request. */
export function requestViolations(request: KubeObject): readonly Violation[] {
  const found = checkRules(request, RULES);
  const tls = mapIn(valueAt(request, 'spec.tls'));
  const setsCertificates = operationsIn(tls)[0] === 'issuerRef and certificates';
  if (!setsCertificates || found.some(({ field }) => field === 'spec.tls')) return found;
  // Without an issuer only the certificates change: that is allowed in a request, but not in a Kafka.
  const isAllowed = ({ field }: Violation) => tls.issuerRef === undefined && field === 'spec.tls.issuerRef';
  return [...found, ...checkRules(request, TLS_RULES).filter((v) => !isAllowed(v))];
}

const SHORTEST_TIMEOUT = 10_000_000_000n;
const TYPES = [
  'UpdateVersion',
  'HorizontalScaling',
  'VerticalScaling',
  'VolumeExpansion',
  'Restart',
  'Reconfigure',
  'ReconfigureTLS',
  'RotateAuth',
  'StorageMigration',
];

/** Names the operations that a request asks for. `false` is no operation; an empty list of certificates is one. */
function operationsIn(value: unknown): readonly string[] {
  const { remove, rotateCertificates, issuerRef, certificates } = mapIn(value);
  return [
    ...(remove === true ? ['remove'] : []),
    ...(rotateCertificates === true ? ['rotateCertificates'] : []),
    ...(issuerRef !== undefined || certificates !== undefined ? ['issuerRef and certificates'] : []),
  ];
}

const RULES: readonly Rule[] = [
  {
    field: 'spec.type',
    isRequired: true,
    must: isOneOf(...TYPES),
    message: 'KubeDB knows no such operation. Use ReconfigureTLS or Restart.',
  },
  {
    field: 'spec.databaseRef.name',
    isRequired: true,
    must: isDnsLabel,
    message: 'a request is about one Kafka, in the namespace of the chart. Name it in lower-case letters, digits and "-".',
  },
  {
    field: 'spec.timeout',
    must: (timeout) => (parseGoDuration(String(timeout)) ?? 0n) > 0n,
    message: 'that is not a positive duration in Go syntax. Write hours, minutes and seconds, such as "10m".',
  },
  {
    field: 'spec.timeout',
    must: (timeout) => (parseGoDuration(String(timeout)) ?? 0n) >= SHORTEST_TIMEOUT,
    message: 'every step of an operation takes longer. Use "10s" or more.',
  },
  { field: 'spec.apply', must: isOneOf('IfReady', 'Always'), message: 'KubeDB knows IfReady and Always. Use one of the two.' },
  {
    field: 'spec.maxRetries',
    must: (retries) => Number.isInteger(retries) && Number(retries) >= 0,
    message: 'that is not a number of retries. Use 0 or more.',
  },
  {
    field: 'spec.tls',
    must: (_, { parent }) => parent.type === 'ReconfigureTLS',
    message: (_, { parent }) => `KubeDB would ignore it in a request of type ${parent.type}. Write a separate request for it.`,
  },
  {
    field: 'spec.tls',
    isRequired: true,
    must: (tls, { parent }) => parent.type !== 'ReconfigureTLS' || operationsIn(tls).length > 0,
    message: 'KubeDB requires exactly one operation, and there is none. Set remove, rotateCertificates, or issuerRef and certificates.',
  },
  {
    field: 'spec.tls',
    must: (tls) => operationsIn(tls).length === 1,
    message: (tls) =>
      `KubeDB requires exactly one operation, these are ${operationsIn(tls).length}: ${operationsIn(tls).join(', ')}. Write one request for each, and apply the next when the previous one has finished.`,
  },
];
