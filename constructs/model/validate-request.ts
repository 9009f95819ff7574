/**
 * What KubeDB's webhook refuses in a KafkaOpsRequest of the types that have to do with TLS.
 *
 * Source: KubeDB apimachinery, validating webhook of `ops.kubedb.com/v1alpha1` KafkaOpsRequest. A finished or running request can never be
 * edited, so what it would refuse must not reach it.
 */
import { parseGoDuration } from './go-duration';
import { type KubeObject, refOf } from './kube-object';
import { isDnsLabel } from './kubernetes-names';
import { tlsViolations } from './validate-certificate';
import { type Violation, violationsFor } from './violation';

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

/** Returns everything that is wrong with a request. */
export function requestViolations(request: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(request));
  const { type, databaseRef, tls, timeout, apply, maxRetries } = request.spec ?? {};
  const found: Violation[] = [];
  if (!TYPES.includes(type)) found.push(error('spec.type', type, 'KubeDB knows no such operation', 'Use ReconfigureTLS or Restart.'));
  if (!databaseRef?.name) found.push(error('spec.databaseRef.name', databaseRef?.name, 'a request is about one Kafka', 'Name it.'));
  else if (!isDnsLabel(databaseRef.name))
    found.push(
      error(
        'spec.databaseRef.name',
        databaseRef.name,
        'that is not the name of a Kafka',
        'Use lower-case letters, digits and "-". The namespace is that of the chart.',
      ),
    );
  const duration = timeout === undefined ? SHORTEST_TIMEOUT : parseGoDuration(timeout);
  if (duration === undefined || duration <= 0n) {
    found.push(
      error('spec.timeout', timeout, 'that is not a positive duration in Go syntax', 'Write hours, minutes and seconds, such as "10m".'),
    );
  } else if (duration < SHORTEST_TIMEOUT) {
    found.push(error('spec.timeout', timeout, 'no step of an operation takes so little', 'Use "10s" or more.'));
  }
  if (apply !== undefined && !['IfReady', 'Always'].includes(apply))
    found.push(error('spec.apply', apply, 'KubeDB knows IfReady and Always', 'Use one of the two.'));
  if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0)) {
    found.push(error('spec.maxRetries', maxRetries, 'that is not a number of retries', 'Use 0 or more.'));
  }
  if (type === 'ReconfigureTLS') found.push(...operationViolations(request));
  else if (tls !== undefined)
    found.push(
      error(
        'spec.tls',
        tls,
        `a request of type ${type} has nothing to do with TLS, and KubeDB would ignore it`,
        'Make it a request of its own.',
      ),
    );
  return found;
}

/** A request carries exactly one operation. False does not count; an empty list of certificates does. */
function operationViolations(request: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(request));
  const tls = request.spec.tls ?? {};
  const operations = [
    ...(tls.remove === true ? ['remove'] : []),
    ...(tls.rotateCertificates === true ? ['rotateCertificates'] : []),
    ...(tls.issuerRef !== undefined || tls.certificates !== undefined ? ['issuerRef and certificates'] : []),
  ];
  if (operations.length === 0) {
    return [
      error(
        'spec.tls',
        request.spec.tls,
        'KubeDB wants exactly one operation, and there is none',
        'Say remove, rotateCertificates, or issuerRef and certificates.',
      ),
    ];
  }
  if (operations.length > 1) {
    return [
      error(
        'spec.tls',
        tls,
        `KubeDB wants exactly one operation, these are ${operations.length}: ${operations.join(', ')}`,
        'Make one request each, the next when the one before is over.',
      ),
    ];
  }
  if (tls.issuerRef === undefined && tls.certificates === undefined) return [];
  const found = tlsViolations(request, 'spec.tls', tls);
  // Without an issuer only certificates change; that is no violation of a request, though it is one of a Kafka.
  return tls.issuerRef === undefined ? found.filter((v) => v.field !== 'spec.tls.issuerRef') : found;
}
