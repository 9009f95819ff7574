/**
 * Creates and updates the objects of a Kafka as its spec says. The provisioner does this for a Kafka that is not paused, the ops-manager for
 * a Kafka that it has paused itself.
 */
import { randomBytes } from 'node:crypto';
import { isEqual, type KubeObject } from '#model/kube-object';
import { type Context, decoded, encoded } from '../context';
import { type Kafka, KINDS, type KindOf, type PetSet } from '../kinds';
import { configurationOf } from './configuration';
import { ALIASES, authSecretName, CONFIG_VOLUME, certificateOf, configSecretName, keystoreSecretName, petSetsOf, tlsOf } from './layout';
import { authSecretOf, budgetOf, configSecretOf, keystoreSecretOf, petSetOf, STORE_PASSWORD, serviceOf } from './manifests';

/** Creates what certificates depend on: the Service and the passwords. */
export async function provisionBasics(context: Context, kafka: Kafka): Promise<void> {
  const password = () => randomBytes(12).toString('base64url');
  await ensure(context, KINDS.Service, serviceOf(kafka));
  if (kafka.spec.disableSecurity !== true) await ensure(context, KINDS.Secret, authSecretOf(kafka, password()));
  if (tlsOf(kafka) !== undefined) await ensure(context, KINDS.Secret, keystoreSecretOf(kafka, password()));
}

async function ensure({ cache, client }: Context, kind: KindOf<KubeObject>, object: KubeObject): Promise<void> {
  if (cache.get(kind, object.metadata.namespace, object.metadata.name) === undefined) await client.create(object);
}

/** Tells whether the Secrets of all certificates exist. A Kafka without TLS needs none. */
export function hasCertificates({ cache }: Context, kafka: Kafka): boolean {
  const { name, namespace } = kafka.metadata;
  const tls = tlsOf(kafka);
  return tls === undefined || ALIASES.every((alias) => cache.get(KINDS.Secret, namespace, certificateOf(name, tls, alias).secretName));
}

/** Brings configuration, PetSets and budgets to what the spec says. */
export async function provisionWorkloads(context: Context, kafka: Kafka): Promise<void> {
  const { cache, client, clusterDomain } = context;
  const { name, namespace } = kafka.metadata;
  const login = decoded(cache.get(KINDS.Secret, namespace, authSecretName(kafka)));
  const storePassword = decoded(cache.get(KINDS.Secret, namespace, keystoreSecretName(kafka)))[STORE_PASSWORD];
  const version = cache.get(KINDS.KafkaVersion, undefined, kafka.spec.version)?.spec;
  const images = { image: version?.db.image ?? '', initImage: version?.initContainer?.image };
  for (const plan of petSetsOf(kafka)) {
    const live = cache.get(KINDS.PetSet, namespace, plan.name);
    const configSecret = mountedConfiguration(live) ?? configSecretName(name, plan.role);
    const config = cache.get(KINDS.Secret, namespace, configSecret);
    const files = configurationOf(kafka, plan.role, { clusterDomain, storePassword, login });
    if (config === undefined) await client.create(configSecretOf(kafka, plan.role, files));
    else if (!isEqual(config.data, encoded(files))) await client.replace({ ...config, data: encoded(files) });
    const { spec, ...petSet } = petSetOf(kafka, plan, { ...images, configSecret });
    if (live === undefined) await client.create({ ...petSet, spec });
    else if (!isEqual(live.spec.template, spec.template) || live.spec.replicas !== spec.replicas)
      await client.replace({ ...live, spec: { ...live.spec, replicas: spec.replicas, template: spec.template } });
    const budget = budgetOf(kafka, plan);
    if (budget !== undefined) await ensure(context, KINDS.PodDisruptionBudget, budget);
  }
}

/** The name of the configuration Secret differs between KubeDB's releases; a PetSet keeps the one it mounts. */
function mountedConfiguration(petSet: PetSet | undefined): string | undefined {
  return petSet?.spec.template.spec.volumes?.find((v) => v.name === CONFIG_VOLUME)?.secret?.secretName;
}
