/**
 * Brings what a Kafka is made of to what its spec says. The provisioner does this for a Kafka that is not paused, the ops-manager for
 * one that it has paused itself.
 */
import { randomBytes } from 'node:crypto';
import { isEqual, KINDS, type KubeObject } from '#model/kube-object';
import { authSecret, configSecretName, KEYSTORE_PASSWORD_KEYS, keystoreCredSecret, mountedConfigSecret, petSetsOf } from '#model/kubedb';
import { ALIASES, certificateOf, tlsStateOf } from '#model/tls';
import { decoded, encoded, type World } from '../world';
import { configurationOf } from './configuration';
import { authSecretOf, budgetOf, configSecretOf, keystoreCredSecretOf, petSetOf, serviceOf } from './workloads';

/** Makes what has to be there before certificates can be: Service and passwords. */
export async function provisionBasics(world: World, kafka: KubeObject): Promise<void> {
  await ensure(world, serviceOf(kafka));
  if (kafka.spec?.disableSecurity !== true)
    await ensureSecret(world, kafka, authSecret(kafka), (password) => authSecretOf(kafka, password));
  if (tlsStateOf(kafka.spec) !== 'off')
    await ensureSecret(world, kafka, keystoreCredSecret(kafka), (password) => keystoreCredSecretOf(kafka, password));
}

/** Tells whether the Secrets of all certificates are there; a Kafka without TLS needs none. */
export function hasCertificates({ cache }: World, kafka: KubeObject): boolean {
  const { name, namespace } = kafka.metadata;
  const tls = tlsStateOf(kafka.spec);
  return (
    tls === 'off' ||
    ALIASES.every((alias) => cache.get(KINDS.Secret, namespace, certificateOf(name, tls, alias).secretName ?? '') !== undefined)
  );
}

/** Makes configuration, PetSets and budgets as the spec says. */
export async function provisionWorkloads(world: World, kafka: KubeObject): Promise<void> {
  const { cache, client, clusterDomain } = world;
  const { name, namespace } = kafka.metadata;
  const login = decoded(cache.get(KINDS.Secret, namespace, authSecret(kafka)));
  const credentials = decoded(cache.get(KINDS.Secret, namespace, keystoreCredSecret(kafka)));
  const version = cache.get(KINDS.KafkaVersion, undefined, kafka.spec.version)?.spec;
  const images = { image: version?.db?.image ?? '', initImage: version?.initContainer?.image };
  for (const facts of petSetsOf(kafka)) {
    const live = cache.get(KINDS.PetSet, namespace, facts.name);
    const configSecret = mountedConfigSecret(live?.spec?.template?.spec) ?? configSecretName(name, facts.role);
    const config = cache.get(KINDS.Secret, namespace, configSecret);
    const data = configurationOf(kafka, facts.role, { clusterDomain, storePassword: credentials[KEYSTORE_PASSWORD_KEYS[0]], login });
    if (config === undefined) await client.create(configSecretOf(kafka, facts.role, data));
    else if (!isEqual(config.data, encoded(data))) await client.replace({ ...config, data: encoded(data) });
    const petSet = petSetOf(kafka, facts, { ...images, configSecret });
    if (live === undefined) await client.create(petSet);
    else if (!isEqual(live.spec.template, petSet.spec.template) || live.spec.replicas !== petSet.spec.replicas) {
      await client.replace({ ...live, spec: { ...live.spec, replicas: petSet.spec.replicas, template: petSet.spec.template } });
    }
    const budget = budgetOf(kafka, facts);
    if (budget !== undefined) await ensure(world, budget);
  }
}

async function ensure({ cache, client }: World, object: KubeObject): Promise<void> {
  const kind = Object.values(KINDS).find((k) => k.kind === object.kind && k.apiVersion === object.apiVersion);
  if (kind !== undefined && cache.get(kind, object.metadata.namespace, object.metadata.name) === undefined) await client.create(object);
}

async function ensureSecret(
  { cache, client }: World,
  kafka: KubeObject,
  name: string,
  make: (password: string) => KubeObject,
): Promise<void> {
  if (cache.get(KINDS.Secret, kafka.metadata.namespace, name) !== undefined) return;
  await client.create(make(randomBytes(12).toString('base64url')));
}
