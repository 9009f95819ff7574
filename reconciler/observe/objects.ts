/** Reads the objects that a Kafka's TLS state depends on: first by the name of the Kafka, then by the names in these objects. */

import type { Bundle } from '#model/bundle';
import { capabilitiesOf } from '#model/capabilities';
import { type Certificate, isKind, type Kafka, type Pod, type Secret } from '#model/kinds/index';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { configSecretName, defaultKeystoreCredSecret, keystoreCredSecret, petSetsOf, selectorLabels } from '#model/kubedb';
import { LABEL_KAFKA, trustName } from '#model/names';
import { ALIASES, type Alias, brokerCertificateName, certificateOf, type TlsState, tlsStateOf } from '#model/tls';
import { mountedCertificateSecret, mountedConfigSecret } from '../model/broker-pod';
import type { ClientCertificateFacts, IssuerState, PetSetState, PodTemplate, TrustState } from '../model/observation';
import { TRUST_KEY, trustDigest } from '../model/trust-bundle';
import { readCas } from '../pki/certificates';
import { GET_SECRET, type Reader } from './reading';
import { configOf } from './secret';

/** Returns the objects that are found by the name of the Kafka. */
export async function readByName(reader: Reader, name: string, bundle: Bundle | undefined) {
  const { namespace } = reader;
  const [kafka, gitOpsKafka, requests, pods, budgets] = await Promise.all([
    readKafka(reader, name),
    reader.optional(`gitops.kubedb.com Kafka/${namespace}/${name}`, () => reader.get(KINDS.GitOpsKafka, name), undefined),
    reader.necessary('list KafkaOpsRequest', () => reader.list(KINDS.KafkaOpsRequest), []),
    readPods(reader, name),
    reader.optional(`PodDisruptionBudget/${namespace}`, () => reader.list(KINDS.PodDisruptionBudget), []),
  ]);
  // If TLS is off and stays off, cert-manager is not needed and may be uninstalled.
  const needsCertificates = (bundle !== undefined && bundle.tls !== 'off') || tlsStateOf(kafka?.spec) !== 'off';
  const readCertificates = () => reader.list(KINDS.Certificate);
  const certificates = needsCertificates
    ? await reader.necessary('list Certificate', readCertificates, [])
    : await reader.optional(`Certificate/${namespace}`, readCertificates, []);
  return {
    kafka,
    gitOpsKafka,
    requests: requests.filter((r) => r.spec.databaseRef.name === name).sort(byAge),
    pods,
    budgets,
    certificates: certificates.filter((c) => isOfKafka(c, name, bundle)).sort(byName),
    foreign: certificates.filter((c) => !isOfKafka(c, name, bundle)).sort(byName),
  };
}

export function readKafka(reader: Reader, name: string): Promise<Kafka | undefined> {
  return reader.necessary('get Kafka', () => reader.get(KINDS.Kafka, name), undefined);
}

export function readPods(reader: Reader, name: string): Promise<readonly Pod[]> {
  return reader.necessary('list Pod', () => reader.list(KINDS.Pod, { labels: selectorLabels(name) }), []);
}

/** Broker Certificates, others of KubeDB for this Kafka, those with our label, and those in the bundle. */
function isOfKafka(certificate: KubeObject, kafka: string, bundle: Bundle | undefined): boolean {
  const { name, labels = {} } = certificate.metadata;
  return (
    ALIASES.some((alias) => name === brokerCertificateName(kafka, alias)) ||
    labels[LABEL_KAFKA] === kafka ||
    Object.entries(selectorLabels(kafka)).every(([key, value]) => labels[key] === value) ||
    (bundle?.issuerManifests ?? []).some((m) => m.kind === KINDS.Certificate.kind && m.metadata.name === name)
  );
}

/** Returns those Certificates of others that are for clients and of these issuers. Those of another Kafka's nodes are for its nodes. */
export function clientCertificates(
  certificates: readonly Certificate[],
  issuers: readonly Pick<IssuerState, 'kind' | 'name'>[],
): readonly ClientCertificateFacts[] {
  return certificates.flatMap(({ metadata: { name, labels = {} }, spec }) => {
    const issuer = issuers.find((i) => i.kind === (spec?.issuerRef.kind ?? 'Issuer') && i.name === spec?.issuerRef.name);
    const isForClients = spec?.isCA !== true && spec?.usages?.includes('client auth') === true;
    if (issuer === undefined || !isForClients || labels['app.kubernetes.io/managed-by'] === 'kubedb.com') return [];
    return [{ name, secretName: spec?.secretName ?? '', issuerKind: issuer.kind, issuerName: issuer.name }];
  });
}

/** Returns the PetSets that a Kafka has. */
export async function readTemplates(reader: Reader, name: string, kafka: Kafka | undefined): Promise<readonly PodTemplate[]> {
  const read = (petSet: string) => reader.necessary('get PetSet', () => reader.get(KINDS.PetSet, petSet), undefined);
  if (kafka === undefined) {
    // Without the Kafka the names of its PetSets are unknown. If the kind Kafka is not installed, this read reports whether PetSet is.
    if (!reader.isComplete) await read(name);
    return [];
  }
  const all = petSetsOf(kafka).map(async (set): Promise<readonly PodTemplate[]> => {
    const object = await read(set.name);
    return object === undefined ? [] : [{ name: set.name, role: set.role, object }];
  });
  return (await Promise.all(all)).flat();
}

/** Returns the PetSets of a Kafka with their configuration. */
export async function readPetSets(reader: Reader, name: string, kafka: Kafka | undefined): Promise<readonly PetSetState[]> {
  const templates = await readTemplates(reader, name, kafka);
  const all = templates.map(async (set): Promise<PetSetState> => {
    const configSecret = mountedConfigSecret(set.object.spec.template.spec) ?? configSecretName(name, set.role);
    const readSecret = () => reader.secret(ref(KINDS.Secret, reader.namespace, configSecret));
    const secret = await reader.necessary(GET_SECRET, readSecret, undefined);
    return { ...set, configSecret, ...(secret === undefined ? {} : { config: configOf(secret) }) };
  });
  return Promise.all(all);
}

/** Returns the names of the certificate Secrets of TLS states. */
export function certificateSecretNames(kafka: string, states: readonly TlsState[], aliases: readonly Alias[]): readonly string[] {
  return states.flatMap((tls) => (tls === 'off' ? [] : aliases.flatMap((alias) => certificateOf(kafka, tls, alias).secretName ?? [])));
}

/** Returns the certificate Secrets that pods mount, and that the next pods will mount. */
export function mountedSecretNames(pods: readonly Pod[], petSets: readonly PodTemplate[]): readonly string[] {
  const specs = [...pods.map((p) => p.spec), ...petSets.map((s) => s.object.spec.template.spec)];
  return specs.flatMap((spec) => mountedCertificateSecret(spec) ?? []);
}

/** Returns the Secrets of CA and application certificates; a plan can do without them. */
export function issuedSecretNames(bundle: Bundle | undefined): readonly string[] {
  return (bundle?.issuerManifests ?? []).flatMap((m) => (isKind('Certificate', m) ? [m.spec.secretName] : []));
}

/** Returns the Secret with the JKS passwords if this run may have to create it. Its values are not read. */
export function passwordSecretNames(name: string, kafka: Kafka | undefined, bundle: Bundle | undefined): readonly string[] {
  if (bundle === undefined || !capabilitiesOf(bundle.desired).ownsCertificates) return [];
  return [kafka === undefined ? defaultKeystoreCredSecret(name) : keystoreCredSecret(kafka)];
}

/** Returns Secrets by name: those that the plan needs, and those that it can do without. */
export async function readSecrets(
  reader: Reader,
  needed: readonly string[],
  others: readonly string[] = [],
): Promise<ReadonlyMap<string, Secret>> {
  const names = [...new Set([...needed, ...others])].sort();
  const secrets = await Promise.all(
    names.map((name) => {
      const read = () => reader.secret(ref(KINDS.Secret, reader.namespace, name));
      return needed.includes(name)
        ? reader.necessary(GET_SECRET, read, undefined)
        : reader.optional(`Secret/${reader.namespace}/${name}`, read, undefined);
    }),
  );
  return new Map(secrets.flatMap((secret) => (secret === undefined ? [] : [[secret.metadata.name, secret] as const])));
}

/** Oldest first. Timestamps have whole seconds, so attempts of the same second are ordered by their number. */
function byAge(a: KubeObject, b: KubeObject): number {
  const [x, y] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  return x === y ? byName(a, b) : x < y ? -1 : 1;
}

const NAMES = new Intl.Collator('en', { numeric: true });

function byName(a: KubeObject, b: KubeObject): number {
  return NAMES.compare(a.metadata.name, b.metadata.name);
}

/** Returns the certificates in the ConfigMap of a Kafka's clients, without other data in it; undefined when it may not be read. */
export function readTrust(reader: Reader, kafka: string): Promise<TrustState | undefined> {
  const name = trustName(kafka);
  const read = async (): Promise<TrustState> => {
    const found = await reader.getDated(KINDS.ConfigMap, name);
    if (found === undefined) return { ca: [] };
    const { data, binaryData: _, ...object } = found.object;
    const dated = found.writtenAt === undefined ? { object } : { object, writtenAt: found.writtenAt };
    const pem: unknown = data?.[TRUST_KEY];
    return typeof pem === 'string' ? { ...dated, ca: readCas(pem).certificates, digest: trustDigest(pem) } : { ...dated, ca: [] };
  };
  return reader.optional(`ConfigMap/${reader.namespace}/${name}`, read, undefined);
}
