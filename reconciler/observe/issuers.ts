/** Issuers that the live or desired TLS state refers to, with the CA that they sign with if it can be read. */
import { type Certificate, type Issuer, isKind, type Kafka } from '#model/kinds/index';
import { formatRef, KINDS, type KubeObject, ref } from '#model/kube-object';
import { type IssuerRef, issuersOf, type TlsState } from '#model/tls';
import { changeRecordOf } from '../model/change-record';
import type { IssuerState, ProbeAnswers } from '../model/observation';
import { denialOf, type Reader } from './reading';
import { answeredCa, caProblem, signingCa } from './secret';

/** Returns the issuers that the TLS states and the manifests contain or refer to, sorted by name. */
export function issuersUsed(states: readonly TlsState[], manifests: readonly KubeObject[]): readonly Pick<IssuerRef, 'kind' | 'name'>[] {
  const declared = manifests.filter((m) => m.kind === KINDS.Issuer.kind).map((m) => ({ kind: 'Issuer' as const, name: m.metadata.name }));
  const referred = states.flatMap((tls) => (tls === 'off' ? [] : issuersOf(tls).map(({ kind, name }) => ({ kind, name }))));
  const ofCertificates = manifests
    .filter((m) => isKind('Certificate', m))
    .map(({ spec: { issuerRef } }) => {
      return { kind: issuerRef.kind === KINDS.ClusterIssuer.kind ? ('ClusterIssuer' as const) : ('Issuer' as const), name: issuerRef.name };
    });
  const all = new Map([...declared, ...referred, ...ofCertificates].map((issuer) => [`${issuer.kind}/${issuer.name}`, issuer]));
  return [...all.keys()].sort().flatMap((key) => all.get(key) ?? []);
}

/** Returns the TLS states that a Kafka records of its last change: once the new CA is self-signed, the issuer of the old root is named only there. */
export function recordedStates(kafka: Kafka | undefined): readonly TlsState[] {
  const { change } = changeRecordOf({ kafka });
  return change === undefined ? [] : [change.from.tls, change.to.tls];
}

/** Returns the CA Certificates of a Kafka: while its root changes, the issuer of the old root is named only there. */
export function caCertificates(certificates: readonly Certificate[]): readonly Certificate[] {
  return certificates.filter((c) => c.spec?.isCA === true);
}

/**
 * Returns the state of an issuer. An issuer that may not be read is unknown, not absent. If it is still to be created, its manifest names the
 * Secret that it will sign with. If no Secret shows the CA, the issuer's answer to a certificate request does.
 */
export async function readIssuer(
  reader: Reader,
  { kind, name }: Pick<IssuerRef, 'kind' | 'name'>,
  { issuing, probes }: { readonly issuing: readonly KubeObject[]; readonly probes?: ProbeAnswers | undefined },
): Promise<IssuerState> {
  const answer = probes?.get(`${kind}/${name}`);
  const answered = answer === undefined ? {} : answeredCa(answer);
  try {
    const object = await reader.get(KINDS[kind], name);
    const signing = object ?? issuing.filter((m) => isKind(kind, m)).find((m) => m.metadata.name === name);
    return { kind, name, ...(object === undefined ? {} : { object }), ...answered, ...(await readSigningCa(reader, signing)) };
  } catch (error) {
    const unknown = denialOf(error);
    if (unknown === undefined) throw error;
    return { kind, name, unknown, ...answered };
  }
}

/** The Secret of a ClusterIssuer is not read: it is in the namespace of cert-manager, which is not known. */
async function readSigningCa(
  reader: Reader,
  issuer: Issuer | undefined,
): Promise<Pick<IssuerState, 'ca' | 'chain' | 'caPublicKeys' | 'caProblem'>> {
  const secretName = issuer?.spec?.ca?.secretName;
  if (issuer?.kind !== KINDS.Issuer.kind || secretName === undefined) return {};
  const subject = ref(KINDS.Secret, reader.namespace, secretName);
  const read = await reader.optional(formatRef(subject), async () => ({ secret: await reader.secret(subject) }), undefined);
  if (read === undefined) return {};
  const problem = caProblem(read.secret);
  return {
    ...(read.secret === undefined ? {} : signingCa(read.secret)),
    ...(problem === undefined ? {} : { caProblem: { ...problem, problem: `${formatRef(subject)} ${problem.problem}` } }),
  };
}
