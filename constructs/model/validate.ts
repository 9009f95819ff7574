/**
 * Everything that is wrong with a bundle, at once. Works on the manifests as they will stand in Git, after patches by the user, so that
 * an escape hatch is no way around it.
 *
 *     each document by its kind     validate-kafka.ts  validate-certificate.ts  validate-request.ts
 *     between documents             one name, one Secret for one thing; a leaf within its CA's life; one TLS state everywhere
 *     what is not a manifest        `desired.yaml`
 *
 * Whether an issuer exists, a KafkaVersion is known or a Secret is there is for the cluster to say: `kafka-tls plan`.
 */
import { acknowledgementViolations } from './acknowledgement';
import type { Desired } from './desired';
import { parseGoDuration } from './go-duration';
import { formatRef, isEqual, KINDS, type KubeObject, ref, refOf } from './kube-object';
import { authSecret, brokerCertificateName, brokerCommonName, DEFAULT_DURATION, keystoreCredSecret } from './kubedb';
import { ALIASES, certificateOf, formatIssuerRef, issuerOf, type TlsState, tlsStateOf } from './tls';
import { certificateViolations, commonNameIsTooLong, isDnsLabel, issuerViolations } from './validate-certificate';
import { kafkaViolations } from './validate-kafka';
import { requestViolations } from './validate-request';
import { complaintsAbout, type Violation } from './violation';

/** A bundle as far as it is needed here; it need not be complete. */
export interface Draft {
  readonly desired: Desired;
  readonly tls: TlsState;
  readonly manifests: readonly KubeObject[];
}

/** Returns everything that is wrong with a bundle; errors and warnings. */
export function validate(draft: Draft): readonly Violation[] {
  return [...desiredViolations(draft.desired), ...draft.manifests.flatMap(manifestViolations), ...BETWEEN.flatMap((rule) => rule(draft))];
}

/** Returns everything that is wrong with one manifest by itself. */
export function manifestViolations(manifest: KubeObject): readonly Violation[] {
  switch (manifest.kind) {
    case 'Kafka':
      return [...kafkaViolations(manifest), ...keyMaterial(manifest)];
    case 'KafkaOpsRequest':
      return [...requestViolations(manifest), ...keyMaterial(manifest)];
    case 'Certificate':
      return [...certificateViolations(manifest), ...keyMaterial(manifest)];
    case 'Issuer':
      return [...issuerViolations(manifest), ...keyMaterial(manifest)];
    default:
      return keyMaterial(manifest);
  }
}

/** The value is not shown: it is what must not be in Git. */
function keyMaterial(manifest: KubeObject): readonly Violation[] {
  const { error } = complaintsAbout(refOf(manifest));
  if (manifest.kind === 'Secret')
    return [error('kind', manifest.kind, 'a bundle stands in Git, and a Secret must not', 'Refer to it by name.')];
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(JSON.stringify(manifest))) return [];
  return [
    error('spec', '(a private key)', 'a bundle stands in Git, and a private key must not', 'Put it into a Secret and refer to that.'),
  ];
}

function desiredViolations(desired: Desired): readonly Violation[] {
  const { error } = complaintsAbout(subjectOf(desired));
  const found: Violation[] = [];
  if (!isDnsLabel(desired.namespace)) {
    found.push(error('namespace', desired.namespace, 'that is not the name of a namespace', 'Use lower-case letters, digits and "-".'));
  }
  if (!isDnsLabel(`${desired.kafka}-pods`)) {
    found.push(
      error(
        'kafka',
        desired.kafka,
        'that is not the name of a Kafka that KubeDB can run',
        'Use at most 58 lower-case letters, digits and "-".',
      ),
    );
  }
  if (desired.owner.trim() === '')
    found.push(error('owner', desired.owner, 'a Kafka belongs to somebody', 'Leave it out for "<namespace>/<kafka>".'));
  if (desired.issuedAfter !== undefined && !isInstant(desired.issuedAfter)) {
    found.push(error('issuedAfter', desired.issuedAfter, 'that is not an instant in RFC 3339', 'Write it as "2026-11-23T09:00:00Z".'));
  }
  if (!Number.isInteger(desired.retries) || desired.retries < 0) {
    found.push(error('retries', desired.retries, 'that is not a number of retries', 'Use 0 or more.'));
  }
  found.push(...acknowledgementViolations(desired.acknowledge, error));
  const durations = { ...desired.deadlines, ...(desired.beforeExpiry === undefined ? {} : { beforeExpiry: desired.beforeExpiry }) };
  for (const [name, text] of Object.entries(durations)) {
    const least = name === 'claim' ? 0n : 1n;
    if ((parseGoDuration(text) ?? -1n) >= least) continue;
    const field = name === 'beforeExpiry' ? name : `deadlines.${name}`;
    found.push(error(field, text, 'that is not a positive duration', 'Use a Duration of a second or more.'));
  }
  return found;
}

function subjectOf(desired: Desired) {
  return { apiVersion: '', kind: 'KafkaTls', namespace: desired.namespace, name: desired.kafka };
}

/** Tells whether a text is an RFC 3339 instant, with a time zone. */
export function isInstant(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
}

const BETWEEN: readonly ((draft: Draft) => readonly Violation[])[] = [
  objectsClash,
  secretsClash,
  brokerNamesAreTooLong,
  leavesOutliveTheirCa,
  aliasesHaveTwoIssuers,
  requestsAreAboutAnotherKafka,
  kafkaIsBornOtherwise,
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
        complaintsAbout(refOf(manifest)).error(
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
      complaintsAbout(use.subject).error(use.field, use.name, `that Secret holds ${other.of} already`, 'Give one of them another Secret.'),
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
  return [commonNameIsTooLong(certificate, 'spec.commonName', commonName)];
}

/** KubeDB's own clients trust the CA that came with the `client` certificate; its health check then fails on brokers of another root. */
function aliasesHaveTwoIssuers({ desired, tls }: Draft): readonly Violation[] {
  if (tls === 'off') return [];
  const [server, client] = ALIASES.map((alias) => formatIssuerRef(issuerOf(tls, alias)));
  if (server === client) return [];
  return [
    complaintsAbout(ref(KINDS.Kafka, desired.namespace, desired.kafka)).warning(
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
      complaintsAbout(subject).warning(
        field,
        duration,
        `it may outlive its CA, ${formatRef(refOf(ca))}, which is only renewed ${ca.spec.renewBefore ?? 'a third of its life'} before its end`,
        'Use a shorter duration, or renew the CA earlier.',
      ),
    ];
  });
}

function requestsAreAboutAnotherKafka({ desired, manifests }: Draft): readonly Violation[] {
  return manifests
    .filter((m) => m.kind === 'KafkaOpsRequest' && m.spec?.databaseRef?.name !== desired.kafka)
    .map((m) =>
      complaintsAbout(refOf(m)).error(
        'spec.databaseRef.name',
        m.spec?.databaseRef?.name,
        `this bundle is about ${desired.kafka}`,
        'Use a KafkaTls of its own for another Kafka.',
      ),
    );
}

/** The converging request says what TLS should be. A Kafka that is created otherwise would be changed right after. */
function kafkaIsBornOtherwise({ tls, manifests }: Draft): readonly Violation[] {
  const kafka = manifests.find((m) => m.kind === 'Kafka');
  if (kafka === undefined || isEqual(tlsStateOf(kafka.spec), tls)) return [];
  const isHalf = (kafka.spec?.enableSSL === true) !== (kafka.spec?.tls !== undefined);
  if (isHalf) return []; // said already, and clearer
  return [
    complaintsAbout(refOf(kafka)).error(
      'spec.tls',
      kafka.spec?.tls,
      'it is not what the converging request asks for',
      'Say what TLS should be with the prop "tls", or patch convergeRequest; the Kafka follows.',
    ),
  ];
}
