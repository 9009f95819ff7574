/**
 * Everything that is wrong with a bundle, at once. Works on the manifests as they will stand in Git, after patches by the user, so that
 * an escape hatch is no way around it.
 *
 *     each document by its kind     validate-schema.ts  validate-kafka.ts  validate-certificate.ts  validate-request.ts
 *     between documents             one name, one Secret for one thing; a leaf within its CA's life; one TLS state everywhere
 *     `desired.yaml`                validate-desired.ts
 *
 * Whether an issuer exists, a KafkaVersion is known or a Secret is there is for the cluster to say: `kafka-tls plan`.
 */
import { commonNameViolation } from './certificate-rules';
import type { Desired } from './desired';
import { parseGoDuration } from './go-duration';
import { formatRef, isEqual, KINDS, type KubeObject, ref, refOf } from './kube-object';
import { authSecret, brokerCommonName, DEFAULT_DURATION, keystoreCredSecret } from './kubedb';
import { ALIASES, brokerCertificateName, certificateOf, formatIssuerRef, issuerOf, type TlsState, tlsStateOf } from './tls';
import { certificateViolations, issuerViolations } from './validate-certificate';
import { desiredViolations, nodesViolations } from './validate-desired';
import { kafkaViolations } from './validate-kafka';
import { metadataViolations } from './validate-metadata';
import { requestViolations } from './validate-request';
import { conformToSchema } from './validate-schema';
import { type Violation, violationsFor } from './violation';

/** A bundle as far as it is needed here; it need not be complete. */
export interface Draft {
  readonly desired: Desired;
  readonly tls: TlsState;
  readonly manifests: readonly KubeObject[];
  /** Number of pods of a Kafka that is only referenced. */
  readonly nodes?: number;
  /** When the bundle is synthesised. Without it no instant counts as too far ahead. */
  readonly now?: Date;
}

/** Returns everything that is wrong with a bundle; errors and warnings. */
export function validate(draft: Draft): readonly Violation[] {
  return [
    ...desiredViolations(draft.desired, draft.now),
    ...(draft.nodes === undefined ? [] : nodesViolations(draft.desired, draft.nodes)),
    ...draft.manifests.flatMap(manifestViolations),
    ...BETWEEN.flatMap((rule) => rule(draft)),
  ];
}

/** What is asked of one kind besides its schema. */
const BY_KIND: Readonly<Record<string, (manifest: KubeObject) => readonly Violation[]>> = {
  Kafka: kafkaViolations,
  KafkaOpsRequest: requestViolations,
  Certificate: certificateViolations,
  Issuer: issuerViolations,
};

/** Returns everything that is wrong with one manifest by itself. */
export function manifestViolations(manifest: KubeObject): readonly Violation[] {
  const secrets = keyMaterial(manifest);
  if (secrets.length > 0) return secrets;
  const { object, violations } = conformToSchema(manifest);
  return [...metadataViolations(manifest), ...violations, ...(BY_KIND[manifest.kind]?.(object) ?? [])];
}

/** The value is not shown: it is what must not be in Git. */
function keyMaterial(manifest: KubeObject): readonly Violation[] {
  const { error } = violationsFor(refOf(manifest));
  if (manifest.kind === 'Secret')
    return [error('kind', manifest.kind, 'a bundle stands in Git, and a Secret must not', 'Refer to it by name.')];
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(JSON.stringify(manifest))) return [];
  return [
    error('spec', '(a private key)', 'a bundle stands in Git, and a private key must not', 'Put it into a Secret and refer to that.'),
  ];
}

const BETWEEN: readonly ((draft: Draft) => readonly Violation[])[] = [
  objectsClash,
  secretsClash,
  brokerNamesAreTooLong,
  leavesOutliveTheirCa,
  rotationIsAlwaysDue,
  aliasesHaveTwoIssuers,
  requestsAreAboutAnotherKafka,
  kafkaTlsDiffersFromDesired,
];

/** Two objects of one kind and name would take turns in the cluster. */
function objectsClash({ desired, manifests }: Draft): readonly Violation[] {
  const seen = new Set(
    ALIASES.map((alias) => formatRef(ref(KINDS.Certificate, desired.namespace, brokerCertificateName(desired.kafka, alias)))),
  );
  const found: Violation[] = [];
  for (const manifest of manifests) {
    const name = formatRef(refOf(manifest));
    const isOurs = isBrokerCertificate(manifest, desired);
    if (seen.has(name) && !isOurs) {
      found.push(
        violationsFor(refOf(manifest)).error(
          'metadata.name',
          manifest.metadata.name,
          `another ${manifest.kind} of this bundle, or of KubeDB, has this name`,
          'Give one of them another name.',
        ),
      );
    }
    seen.add(name);
  }
  return found;
}

function isBrokerCertificate(manifest: KubeObject, desired: Desired): boolean {
  return (
    manifest.kind === 'Certificate' &&
    manifest.metadata.labels?.['app.kubernetes.io/managed-by'] === 'kubedb.com' &&
    ALIASES.some((alias) => manifest.metadata.name === brokerCertificateName(desired.kafka, alias))
  );
}

/** cert-manager issues for one of two Certificates with the same Secret, and a CA whose Secret is a leaf's target is overwritten. */
function secretsClash({ desired, tls, manifests }: Draft): readonly Violation[] {
  const kafka = manifests.find((m) => m.kind === 'Kafka') ?? { ...KINDS.Kafka, metadata: { name: desired.kafka } };
  const subject = ref(KINDS.Kafka, desired.namespace, desired.kafka);
  const uses = [
    { of: 'the passwords of the key stores', subject, field: 'spec.keystoreCredSecret.name', name: keystoreCredSecret(kafka) },
    { of: "KubeDB's own login", subject, field: 'spec.authSecret.name', name: authSecret(kafka) },
    ...(tls === 'off'
      ? []
      : ALIASES.map((alias) => ({
          of: `the ${alias} certificate of the brokers`,
          subject,
          field: `spec.tls.certificates[${alias}].secretName`,
          name: certificateOf(desired.kafka, tls, alias).secretName ?? '',
        }))),
    ...manifests
      .filter((m) => m.kind === 'Certificate' && !isBrokerCertificate(m, desired))
      .map((m) => ({ of: formatRef(refOf(m)), subject: refOf(m), field: 'spec.secretName', name: String(m.spec?.secretName) })),
    ...foreignCaSecrets(manifests).map((m) => ({
      of: `the CA of ${formatRef(refOf(m))}`,
      subject: refOf(m),
      field: 'spec.ca.secretName',
      name: String(m.spec.ca.secretName),
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

/** Issuers whose CA comes from a Secret that no CA Certificate of the bundle fills. */
function foreignCaSecrets(manifests: readonly KubeObject[]): readonly KubeObject[] {
  const filled = manifests.filter((m) => m.kind === 'Certificate' && m.spec?.isCA === true).map((m) => m.spec.secretName);
  return manifests.filter((m) => m.kind === 'Issuer' && m.spec?.ca !== undefined && !filled.includes(m.spec.ca.secretName));
}

/** Under `native` the Certificates are in the bundle and say so themselves; under `ops-request` KubeDB would write the same. */
function brokerNamesAreTooLong({ desired, tls, manifests }: Draft): readonly Violation[] {
  const commonName = brokerCommonName(desired.kafka, desired.namespace);
  if (tls === 'off' || commonName.length <= 64 || manifests.some((m) => isBrokerCertificate(m, desired))) return [];
  const certificate = {
    ...KINDS.Certificate,
    metadata: { name: brokerCertificateName(desired.kafka, 'server'), namespace: desired.namespace },
  };
  return [commonNameViolation(certificate, 'spec.commonName', commonName)];
}

/** KubeDB's own clients trust the CA that came with the `client` certificate; its health check then fails on brokers of another root. */
function aliasesHaveTwoIssuers({ desired, tls }: Draft): readonly Violation[] {
  if (tls === 'off') return [];
  const [server, client] = ALIASES.map((alias) => formatIssuerRef(issuerOf(tls, alias)));
  if (server === client) return [];
  return [
    violationsFor(ref(KINDS.Kafka, desired.namespace, desired.kafka)).warning(
      'spec.tls.certificates[client].issuerRef',
      client ?? '',
      `server certificates come from ${server}: unless both have one root, KubeDB's health check does not trust the brokers`,
      'Use one issuer for both.',
    ),
  ];
}

/** A CA is renewed `renewBefore` its end; a leaf signed just before that lives on longer than the root that vouches for it. */
function leavesOutliveTheirCa({ desired, tls, manifests }: Draft): readonly Violation[] {
  const kafka = ref(KINDS.Kafka, desired.namespace, desired.kafka);
  const leaves = [
    ...(tls === 'off'
      ? []
      : ALIASES.map((alias) => ({
          subject: kafka,
          field: `spec.tls.certificates[${alias}].duration`,
          issuer: issuerOf(tls, alias),
          duration: certificateOf(desired.kafka, tls, alias).duration,
        }))),
    ...manifests
      .filter((m) => m.kind === 'Certificate' && m.spec?.isCA !== true && !isBrokerCertificate(m, desired))
      .map((m) => ({ subject: refOf(m), field: 'spec.duration', issuer: m.spec?.issuerRef, duration: m.spec?.duration })),
  ];
  return leaves.flatMap(({ subject, field, issuer, duration = DEFAULT_DURATION }) => {
    const signer = issuer?.kind === 'Issuer' ? manifests.find((m) => m.kind === 'Issuer' && m.metadata.name === issuer.name) : undefined;
    const ca =
      signer === undefined
        ? undefined
        : manifests.find((m) => m.kind === 'Certificate' && m.spec?.isCA === true && m.spec.secretName === signer.spec?.ca?.secretName);
    const life = parseGoDuration(ca?.spec?.duration ?? '');
    if (ca === undefined || life === undefined) return [];
    const sure = parseGoDuration(ca.spec.renewBefore ?? '') ?? life / 3n;
    if ((parseGoDuration(duration) ?? 0n) <= sure) return [];
    return [
      violationsFor(subject).warning(
        field,
        duration,
        `it may outlive its CA, ${formatRef(refOf(ca))}, which is only renewed ${ca.spec.renewBefore ?? 'a third of its life'} before its end`,
        'Use a shorter duration, or renew the CA earlier.',
      ),
    ];
  });
}

/** A margin before expiry that is as long as the certificate lives would make every new certificate too old at once. */
function rotationIsAlwaysDue({ desired, tls }: Draft): readonly Violation[] {
  const margin = parseGoDuration(desired.beforeExpiry ?? '');
  if (tls === 'off' || margin === undefined) return [];
  const lives = ALIASES.map((alias) => ({ alias, duration: certificateOf(desired.kafka, tls, alias).duration ?? DEFAULT_DURATION }));
  const short = lives.find(({ duration }) => margin >= (parseGoDuration(duration) ?? margin + 1n));
  if (short === undefined) return [];
  const { error } = violationsFor({ apiVersion: '', kind: 'KafkaTls', namespace: desired.namespace, name: desired.kafka });
  const why = `the ${short.alias} certificate lives for ${short.duration}, so that a new one would be too old at once`;
  return [error('beforeExpiry', desired.beforeExpiry, why, 'Use less than the duration of the certificates.')];
}

function requestsAreAboutAnotherKafka({ desired, manifests }: Draft): readonly Violation[] {
  return manifests
    .filter((m) => m.kind === 'KafkaOpsRequest' && m.spec?.databaseRef?.name !== desired.kafka)
    .map((m) =>
      violationsFor(refOf(m)).error(
        'spec.databaseRef.name',
        m.spec?.databaseRef?.name,
        `this bundle is about ${desired.kafka}`,
        'Use a KafkaTls of its own for another Kafka.',
      ),
    );
}

/** The converging request says what TLS should be. A Kafka that is created otherwise would be changed right after. */
function kafkaTlsDiffersFromDesired({ tls, manifests }: Draft): readonly Violation[] {
  const kafka = manifests.find((m) => m.kind === 'Kafka');
  if (kafka === undefined || isEqual(tlsStateOf(kafka.spec), tls)) return [];
  const isHalf = (kafka.spec?.enableSSL === true) !== (kafka.spec?.tls !== undefined);
  if (isHalf) return []; // said already, and clearer
  return [
    violationsFor(refOf(kafka)).error(
      'spec.tls',
      kafka.spec?.tls,
      'it is not what the converging request asks for',
      'Say what TLS should be with the prop "tls", or patch convergeRequest; the Kafka follows.',
    ),
  ];
}
