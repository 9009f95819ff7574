/**
 * Violations between the documents of a bundle: an object or Secret with two uses, a certificate that outlives its CA, a document that
 * contradicts the desired TLS state. Each rule is named after the violation that it finds.
 */
import { DEFAULT_DURATION } from './certificate-fields';

import type { Desired } from './desired';
import { parseGoDuration } from './go-duration';
import { type Certificate, isKind } from './kinds';
import { formatRef, KINDS, type KubeObject, type ObjectRef, ref, refOf } from './kube-object';
import { authSecret, brokerCommonName, keystoreCredSecret } from './kubedb';
import { isEqual } from './plain-data';
import { ALIASES, brokerCertificateName, certificateOf, formatIssuerRef, issuerOf, type TlsState, tlsStateOf } from './tls';
import { commonNameProblem } from './validate-certificate';
import { type Violation, violationsFor } from './violation';

/** A bundle, which need not be complete. */
export interface Draft {
  readonly desired: Desired;
  readonly tls: TlsState;
  readonly manifests: readonly KubeObject[];
  /** Number of pods of a Kafka that the app only refers to. */
  readonly nodes?: number;
  /** Time of the synthesis. Without it no instant counts as too far ahead. */
  readonly now?: Date;
}

/** Returns all violations between the documents of a bundle, whose manifests conform to their schemas. */
export function bundleViolations(draft: Draft): readonly Violation[] {
  return RULES.flatMap((rule) => rule(draft));
}

const RULES: readonly ((draft: Draft) => readonly Violation[])[] = [
  objectsHaveOneName,
  secretsHaveTwoUses,
  brokerNamesAreTooLong,
  leavesOutliveTheirCa,
  rotationIsAlwaysDue,
  aliasesHaveTwoIssuers,
  requestsAreAboutAnotherKafka,
  kafkaTlsDiffersFromDesired,
];

const kafkaRef = ({ desired }: Draft) => ref(KINDS.Kafka, desired.namespace, desired.kafka);

function isBrokerCertificate(manifest: KubeObject, { desired }: Draft): boolean {
  return (
    manifest.kind === 'Certificate' &&
    manifest.metadata.labels?.['app.kubernetes.io/managed-by'] === 'kubedb.com' &&
    ALIASES.some((alias) => manifest.metadata.name === brokerCertificateName(desired.kafka, alias))
  );
}

/** Certificates of CAs and applications. The certificates of the brokers are described by the TLS state. */
function certificatesIn(draft: Draft): readonly Certificate[] {
  return draft.manifests.filter((m) => isKind('Certificate', m)).filter((m) => m.spec !== undefined && !isBrokerCertificate(m, draft));
}

/** The two certificates of the brokers, as the TLS state describes them; none if TLS is off. */
function brokerCertificates({ desired, tls }: Draft) {
  if (tls === 'off') return [];
  return ALIASES.map((alias) => {
    const { secretName = '', duration } = certificateOf(desired.kafka, tls, alias);
    return { alias, at: `spec.tls.certificates[${alias}]`, secretName, duration, issuer: issuerOf(tls, alias) };
  });
}

/** Two objects with one kind and name are one object in the cluster. */
function objectsHaveOneName(draft: Draft): readonly Violation[] {
  const { kafka, namespace } = draft.desired;
  const seen = new Set(ALIASES.map((alias) => formatRef(ref(KINDS.Certificate, namespace, brokerCertificateName(kafka, alias)))));
  return draft.manifests.flatMap((manifest) => {
    const name = formatRef(refOf(manifest));
    const isTaken = seen.has(name) && !isBrokerCertificate(manifest, draft);
    seen.add(name);
    const why = `another ${manifest.kind} of this bundle, or of KubeDB, has this name`;
    return isTaken
      ? [violationsFor(refOf(manifest)).error('metadata.name', manifest.metadata.name, why, 'Give one of them another name.')]
      : [];
  });
}

/** cert-manager issues for only one of two Certificates with one Secret. A Certificate with the Secret of a CA overwrites the CA. */
function secretsHaveTwoUses(draft: Draft): readonly Violation[] {
  const { desired, manifests } = draft;
  const kafka = manifests.find((m) => isKind('Kafka', m)) ?? { ...KINDS.Kafka, metadata: { name: desired.kafka } };
  const certificates = certificatesIn(draft);
  const filled = certificates.filter((c) => c.spec.isCA === true).map((c) => c.spec.secretName);
  const foreignCas = manifests.filter((m) => isKind('Issuer', m)).filter((m) => m.spec?.ca && !filled.includes(m.spec.ca.secretName));
  const subject = kafkaRef(draft);
  const uses: readonly { readonly of: string; readonly subject: ObjectRef; readonly field: string; readonly name: string }[] = [
    { of: 'the passwords of the key stores', subject, field: 'spec.keystoreCredSecret.name', name: keystoreCredSecret(kafka) },
    { of: "KubeDB's login", subject, field: 'spec.authSecret.name', name: authSecret(kafka) },
    ...brokerCertificates(draft).map(({ alias, at, secretName: name }) => ({
      of: `the ${alias} certificate of the brokers`,
      subject,
      field: `${at}.secretName`,
      name,
    })),
    ...certificates.map((c) => ({ of: formatRef(refOf(c)), subject: refOf(c), field: 'spec.secretName', name: c.spec.secretName })),
    ...foreignCas.map((issuer) => ({
      of: `the CA of ${formatRef(refOf(issuer))}`,
      subject: refOf(issuer),
      field: 'spec.ca.secretName',
      name: issuer.spec?.ca?.secretName ?? '',
    })),
  ];
  return uses.flatMap((use, i) => {
    const other = uses.slice(0, i).find((u) => u.name === use.name);
    if (other === undefined) return [];
    return [
      violationsFor(use.subject).error(use.field, use.name, `that Secret holds ${other.of} already`, 'Give one of them another Secret.'),
    ];
  });
}

/** With `native` the Certificates are in the bundle and have this violation themselves; otherwise KubeDB would write the same name. */
function brokerNamesAreTooLong(draft: Draft): readonly Violation[] {
  const { kafka, namespace } = draft.desired;
  const commonName = brokerCommonName(kafka, namespace);
  if (draft.tls === 'off' || commonName.length <= 64 || draft.manifests.some((m) => isBrokerCertificate(m, draft))) return [];
  const certificate = { ...KINDS.Certificate, metadata: { name: brokerCertificateName(kafka, 'server'), namespace } };
  const message = commonNameProblem(commonName);
  return [{ severity: 'error', subject: refOf(certificate), field: 'spec.commonName', value: commonName, message }];
}

/** A CA is renewed `renewBefore` before it expires. A leaf that was signed shortly before may be valid for longer than the root. */
function leavesOutliveTheirCa(draft: Draft): readonly Violation[] {
  const issuers = draft.manifests.filter((m) => isKind('Issuer', m));
  const certificates = certificatesIn(draft);
  const leaves = [
    ...brokerCertificates(draft).map(({ at, issuer, duration }) => ({ subject: kafkaRef(draft), at, issuer, duration })),
    ...certificates
      .filter((c) => c.spec.isCA !== true)
      .map((c) => ({ subject: refOf(c), at: 'spec', issuer: c.spec.issuerRef, duration: c.spec.duration })),
  ];
  return leaves.flatMap(({ subject, at, issuer, duration = DEFAULT_DURATION }) => {
    const signer = issuer?.kind === 'Issuer' ? issuers.find((i) => i.metadata.name === issuer.name) : undefined;
    const ca = signer && certificates.find((c) => c.spec.isCA === true && c.spec.secretName === signer.spec?.ca?.secretName);
    const life = parseGoDuration(ca?.spec.duration ?? '');
    if (ca === undefined || life === undefined) return [];
    const renewBefore = parseGoDuration(ca.spec.renewBefore ?? '') ?? life / 3n;
    if ((parseGoDuration(duration) ?? 0n) <= renewBefore) return [];
    const time = ca.spec.renewBefore ?? 'a third of its life';
    const why = `it may outlive its CA, ${formatRef(refOf(ca))}, which is only renewed ${time} before it expires`;
    return [violationsFor(subject).warning(`${at}.duration`, duration, why, 'Use a shorter duration, or renew the CA earlier.')];
  });
}

/** If the margin before expiry is as long as the lifetime, every new certificate is due for rotation at once. */
function rotationIsAlwaysDue(draft: Draft): readonly Violation[] {
  const { beforeExpiry, namespace, kafka } = draft.desired;
  const margin = parseGoDuration(beforeExpiry ?? '');
  if (margin === undefined) return [];
  const lives = brokerCertificates(draft).map(({ alias, duration = DEFAULT_DURATION }) => ({ alias, duration }));
  const short = lives.find(({ duration }) => margin >= (parseGoDuration(duration) ?? margin + 1n));
  if (short === undefined) return [];
  const { error } = violationsFor({ apiVersion: '', kind: 'KafkaTls', namespace, name: kafka });
  const why = `the ${short.alias} certificate lives for ${short.duration}, so that a new one would be due for rotation at once`;
  return [error('beforeExpiry', beforeExpiry, why, 'Use less than the duration of the certificates.')];
}

/** KubeDB's own clients trust the CA of the `client` certificate. Its health check fails if the brokers have another root. */
function aliasesHaveTwoIssuers(draft: Draft): readonly Violation[] {
  const [server, client] = brokerCertificates(draft).map(({ issuer }) => formatIssuerRef(issuer));
  if (server === client) return [];
  const why = `server certificates come from ${server}: unless both have one root, KubeDB's health check does not trust the brokers`;
  return [violationsFor(kafkaRef(draft)).warning('spec.tls.certificates[client].issuerRef', client, why, 'Use one issuer for both.')];
}

function requestsAreAboutAnotherKafka({ desired, manifests }: Draft): readonly Violation[] {
  return manifests
    .filter((m) => isKind('KafkaOpsRequest', m))
    .filter((m) => m.spec?.databaseRef?.name !== desired.kafka)
    .map((m) => {
      const hint = 'Use a separate KafkaTls for another Kafka.';
      return violationsFor(refOf(m)).error(
        'spec.databaseRef.name',
        m.spec?.databaseRef?.name,
        `this bundle is about ${desired.kafka}`,
        hint,
      );
    });
}

/** The converging request defines the desired TLS state. A Kafka that is created with another state would be changed right after. */
function kafkaTlsDiffersFromDesired({ tls, manifests }: Draft): readonly Violation[] {
  const kafka = manifests.find((m) => isKind('Kafka', m));
  if (kafka === undefined || isEqual(tlsStateOf(kafka.spec), tls)) return [];
  // If only one of the two fields is set, the rules for a Kafka report that.
  if ((kafka.spec?.enableSSL === true) !== (kafka.spec?.tls !== undefined)) return [];
  const hint = 'Set TLS with the prop "tls", or patch convergeRequest; the Kafka follows.';
  return [violationsFor(refOf(kafka)).error('spec.tls', kafka.spec?.tls, 'it is not what the converging request asks for', hint)];
}
