/** The observation of a Kafka in which all five layers agree with a bundle. A plan without a cluster assumes it. */

import type { Bundle } from '#model/bundle';
import { asKind, type Certificate, isKind, type Kafka } from '#model/kinds/index';
import { KINDS, type KubeObject } from '#model/kube-object';
import {
  brokerCertificate,
  type CertificateOwner,
  configSecretName,
  KEYSTORE_PASSWORD_KEYS,
  keystoreCredSecret,
  listenersOf,
  nodesOf,
  type PetSetFacts,
  petSetsOf,
} from '#model/kubedb';
import { ALIASES, type Alias, brokerCertificateName, certificateOf, issuerOf, issuersOf, type TlsConfig } from '#model/tls';
import { baseConfig, CERTIFICATE_DIR, CONFIG_VOLUME, configData, withCertificateVolume, withoutPasswords } from '../model/broker-pod';
import {
  type CaFacts,
  type CertificateFacts,
  type IssuerState,
  type NodeSettings,
  OBSERVATION_FORMAT,
  type Observation,
  type PodFacts,
  type Reading,
  type SecretFacts,
  type Served,
  type TrustState,
} from '../model/observation';
import { TRUST_KEY, trustDigest } from '../model/trust-bundle';
import { REQUIRED_KEYS } from './checks/secrets';
import { issuerManifest } from './issuers';
import { desiredKafka, type PlanInput } from './plan-input';
import { casToTrust, wantedTrustBundle } from './trust-bundle';

const REVISION = 'assumed';
/** A CA outlives the certificates it signs. */
const CA_VALIDITY: Validity = { notBefore: '2000-01-01T00:00:00Z', notAfter: '9999-12-31T23:59:59Z' };

/** A node as KubeDB configures it. */
const ASSUMED_NODE: Reading<NodeSettings> = {
  value: { settings: { 'ssl.keystore.location': `${CERTIFICATE_DIR}/server.keystore.jks` }, directories: [CERTIFICATE_DIR] },
};

/** The validity of the assumed leaves, RFC 3339. */
export interface Validity {
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Returns the observation of a Kafka whose TLS state is that of the bundle. */
export function assumedObservation(bundle: Bundle, given: Kafka, validity: Validity, observedAt: string): Observation {
  const kafka = provisioned(desiredKafka(given, bundle.tls));
  const owner: CertificateOwner = {
    name: bundle.desired.kafka,
    namespace: bundle.desired.namespace,
    keystoreCredSecret: keystoreCredSecret(kafka),
    clusterDomain: bundle.desired.clusterDomain,
  };
  const { tls } = bundle;
  const secrets = tls === 'off' ? [] : ALIASES.map((alias) => secretOf(owner, tls, alias, validity));
  const live: Observation = {
    format: OBSERVATION_FORMAT,
    observedAt,
    namespace: owner.namespace,
    name: owner.name,
    kafka,
    issuers: issuersIn(bundle),
    certificates: [
      ...(tls === 'off' ? [] : ALIASES.map((alias) => certificateIn(bundle, alias) ?? brokerCertificate(owner, tls, alias))),
      ...bundle.issuerManifests.filter((m) => isKind('Certificate', m)),
    ].map(ready),
    secrets: [...secrets, passwordSecret(owner.keystoreCredSecret)],
    petSets: petSetsOf(kafka).map((set) => petSetState(kafka, set, owner.clusterDomain)),
    pods: nodesOf(kafka).map(
      (node): PodFacts => ({
        name: node.pod,
        uid: `uid-${node.pod}`,
        role: node.role,
        ordinal: node.ordinal,
        nodeId: node.nodeId,
        petSet: node.petSet,
        isReady: true,
        isRunning: true,
        isTerminating: false,
        revision: REVISION,
        startedAt: observedAt,
        ...(secrets[0] === undefined ? {} : { certificateSecret: secrets[0].name }),
        node: ASSUMED_NODE,
        served: listenersOf(node.role).map((listener) => servedBy(listener, secrets[0]?.leaf)),
      }),
    ),
    requests: [],
    budgets: [],
    facts: { unknown: 'planned without a cluster' },
    trust: { ca: [] },
  };
  return { ...live, trust: publishedTrustBundle({ bundle, live, now: new Date(observedAt) }) };
}

/** Returns the ConfigMap with every CA that clients must trust. */
export function publishedTrustBundle(input: PlanInput): TrustState {
  const wanted = wantedTrustBundle(input);
  if (wanted === undefined) return { ca: [] };
  const { data, ...object } = wanted;
  return { object: asKind('ConfigMap', object), ca: casToTrust(input), digest: trustDigest(data[TRUST_KEY]) };
}

/** The content of the bundle's issuers is known. Of other issuers only the name is known, and a root is assumed. */
function issuersIn(bundle: Bundle): readonly IssuerState[] {
  const { tls, desired, issuerManifests } = bundle;
  const others = (tls === 'off' ? [] : issuersOf(tls)).filter((issuer) => issuerManifest(bundle, issuer) === undefined);
  return [
    ...others.map(({ kind, name }) => ({
      kind,
      name,
      object: ready({ ...KINDS[kind], metadata: { name, namespace: desired.namespace } }),
      caPublicKeys: [assumedRoot(name).publicKey],
      ca: [assumedRoot(name)],
    })),
    ...issuerManifests
      .filter((m) => isKind('Issuer', m))
      .map((m) => ({ kind: 'Issuer' as const, name: m.metadata.name, object: ready(m) })),
  ];
}

/** If the bundle holds the broker Certificates, they may have more fields than the TLS state has. */
function certificateIn({ desired, brokerCertificates }: Bundle, alias: Alias): Certificate | undefined {
  return brokerCertificates.find((c) => c.metadata.name === brokerCertificateName(desired.kafka, alias));
}

function provisioned(kafka: Kafka): Kafka {
  return {
    ...kafka,
    metadata: { generation: 1, uid: 'uid-kafka', resourceVersion: '1', ...kafka.metadata },
    status: { phase: 'Ready', observedGeneration: 1, conditions: [{ type: 'Provisioned', status: 'True' }] },
  };
}

function ready<O extends KubeObject>(object: O): O {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, uid: `uid-${metadata.name}`, generation: 1 },
    status: { revision: 1, conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] },
  };
}

function servedBy(listener: Served['listener'], leaf: CertificateFacts | undefined): Served {
  return leaf === undefined ? { listener, protocol: 'plaintext' } : { listener, protocol: 'tls', leaf, isSignedBySecretCa: true };
}

function secretOf(owner: CertificateOwner, tls: TlsConfig, alias: Alias, validity: Validity): SecretFacts {
  const issuer = issuerOf(tls, alias);
  const { spec } = brokerCertificate(owner, tls, alias);
  const { secretName = '', privateKey } = certificateOf(owner.name, tls, alias);
  const root = assumedRoot(issuer.name);
  return {
    name: secretName,
    uid: `uid-${secretName}`,
    resourceVersion: '1',
    keys: REQUIRED_KEYS,
    annotations: { 'cert-manager.io/issuer-name': issuer.name, 'cert-manager.io/issuer-kind': issuer.kind },
    leaf: { ...factsOf(alias, spec, validity), issuer: root.subject, signers: [root.publicKey] },
    ca: [root],
    isSignedByCa: true,
    keyEncoding: privateKey?.encoding ?? 'PKCS8',
  };
}

/** The root that an issuer signs with, before and now. */
function assumedRoot(issuer: string): CaFacts {
  const root = factsOf(`root of ${issuer}`, {}, CA_VALIDITY);
  return { ...root, issuer: root.subject, signers: [root.publicKey], isCa: true, pem: assumedPem(root.fingerprint) };
}

/** Returns the PEM form of an assumed certificate. */
export function assumedPem(fingerprint: string): string {
  return `-----BEGIN CERTIFICATE-----\n${fingerprint.replaceAll('-', '+')}\n-----END CERTIFICATE-----\n`;
}

function factsOf(name: string, spec: Partial<Certificate['spec']>, validity: Validity): CertificateFacts {
  const { dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [] } = spec;
  const id = name.replaceAll(' ', '-');
  return {
    fingerprint: `fp-${id}`,
    serial: '1',
    subject: `CN=${name}`,
    issuer: '',
    ...validity,
    dnsNames,
    ipAddresses,
    uris,
    emailAddresses,
    publicKey: `key-${id}`,
    isCa: false,
  };
}

function passwordSecret(name: string): SecretFacts {
  return { name, uid: `uid-${name}`, resourceVersion: '1', keys: KEYSTORE_PASSWORD_KEYS, annotations: {} };
}

function petSetState(
  kafka: Kafka,
  { name, role, replicas }: PetSetFacts,
  clusterDomain: string | undefined,
): Observation['petSets'][number] {
  const configSecret = configSecretName(kafka.metadata.name, role);
  const template = { spec: { containers: [{ name: 'kafka' }], volumes: [{ name: CONFIG_VOLUME, secret: { secretName: configSecret } }] } };
  const config = Object.entries(configData(kafka, role, undefined, baseConfig(kafka, role, clusterDomain))).map(([key, text]) => [
    key,
    withoutPasswords(text),
  ]);
  return {
    name,
    role,
    configSecret,
    config: Object.fromEntries(config),
    object: {
      apiVersion: KINDS.PetSet.apiVersion,
      kind: KINDS.PetSet.kind,
      metadata: { name, generation: 1, ...(kafka.metadata.namespace === undefined ? {} : { namespace: kafka.metadata.namespace }) },
      spec: { replicas, updateStrategy: { type: 'OnDelete' }, template: withCertificateVolume(kafka, template) },
      status: { updateRevision: REVISION, observedGeneration: 1 },
    },
  };
}
