/** What a ReconfigureTLS request wants of a Kafka. Pure. */
import type { KubeObject } from '#model/kube-object';
import { type CertificateSpec, formatIssuerRef, normalizeTls, type TlsConfig, type TlsState, tlsStateOf } from '#model/tls';

export type Operation = 'add' | 'update' | 'rotate' | 'remove' | 'restart';

export interface Target {
  readonly operation: Operation;
  /** TLS state afterwards. */
  readonly tls: TlsState;
  /** Restarted nodes cannot talk to those that are not. */
  readonly isCutover: boolean;
}

/** Returns what the request wants, or why it cannot be done. */
export function targetOf(request: KubeObject, kafka: KubeObject): Target | { readonly failure: string } {
  const live = tlsStateOf(kafka.spec);
  const { rotateCertificates, remove, issuerRef, certificates } = request.spec.tls ?? {};
  if (request.spec.type === 'Restart') return { operation: 'restart', tls: live, isCutover: false };
  if (remove === true) return { operation: 'remove', tls: 'off', isCutover: live !== 'off' };
  if (rotateCertificates === true)
    return live === 'off'
      ? { failure: 'there are no certificates to rotate: TLS is off' }
      : { operation: 'rotate', tls: live, isCutover: false };
  const issuer = issuerRef ?? (live === 'off' ? undefined : live.issuerRef);
  if (issuer === undefined) return { failure: 'issuerRef is missing, and the Kafka has none' };
  const tls = normalizeTls(kafka.metadata.name, {
    issuerRef: issuer,
    certificates: merged(live === 'off' ? [] : live.certificates, certificates ?? []),
  });
  const isCutover = live === 'off' || formatIssuerRef(live.issuerRef) !== formatIssuerRef(issuer);
  return { operation: live === 'off' ? 'add' : 'update', tls, isCutover };
}

/** A certificate that the request names replaces the one of its alias. KubeDB's own rule is not public. */
function merged(live: TlsConfig['certificates'], asked: TlsConfig['certificates']): readonly CertificateSpec[] {
  return [...live.filter((c) => !asked.some((a) => a.alias === c.alias)), ...asked];
}

/** Returns the Kafka as it is afterwards. */
export function withTls(kafka: KubeObject, state: TlsState): KubeObject {
  const { tls: _tls, enableSSL: _enableSSL, ...spec } = kafka.spec;
  return { ...kafka, spec: state === 'off' ? { ...spec, enableSSL: false } : { ...spec, enableSSL: true, tls: state } };
}
