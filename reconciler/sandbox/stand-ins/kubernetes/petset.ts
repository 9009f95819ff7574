/**
 * Stand-in for the PetSet controller: it keeps the pods of a PetSet in existence, creates them from the latest revision of the template, and
 * counts them. Whatever the PetSet says, a pod changes only after it was deleted or evicted (OnDelete), and pods start in parallel.
 * The pods refer to volume claims that do not exist. There are no placement policies.
 */
import { contentHash } from '#model/content-hash';
import { hasTrueCondition, type KubeObject } from '#model/kube-object';
import { type Context, controllerOf, isOwnedBy, objectOf, writeStatus } from '../context';
import { type Controller, watchOwned } from '../controller';
import { KINDS, type PetSet, type Pod } from '../kinds';
import { ordinalOf } from '../kubedb/layout';

const REVISION_LABEL = 'controller-revision-hash';

export function petSetController(context: Context): Controller<PetSet> {
  return {
    kind: KINDS.PetSet,
    watches: [watchOwned(KINDS.Pod, KINDS.PetSet)],
    reconcile: async (petSet) => {
      const { name, namespace } = petSet.metadata;
      const revision = `${name}-${contentHash(petSet.spec.template, 10)}`;
      if (petSet.status?.updateRevision !== revision) await recordRevision(context, petSet, revision);
      const pods = () => context.cache.list(KINDS.Pod, namespace).filter((pod) => isOwnedBy(petSet, pod));
      const existing = pods();
      const replicas = petSet.spec.replicas ?? 1;
      for (let ordinal = 0; ordinal < replicas; ordinal++) {
        if (!existing.some((p) => ordinalOf(p) === ordinal)) await context.client.create(podOf(petSet, ordinal, revision));
      }
      for (const pod of existing) if (ordinalOf(pod) >= replicas && isStaying(pod)) await context.client.delete(pod);
      await writeStatus(context, petSet, statusOf(petSet, pods(), revision));
    },
  };
}

/** Tells whether a pod is not being deleted. */
export function isStaying({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined;
}

async function recordRevision({ client }: Context, petSet: PetSet, name: string): Promise<void> {
  const { namespace = '', labels = {}, generation = 1 } = petSet.metadata;
  if ((await client.get(KINDS.ControllerRevision, namespace, name)) !== undefined) return;
  const data = { spec: { template: petSet.spec.template } };
  const metadata = { name, namespace, labels, ownerReferences: [controllerOf(petSet)] };
  await client.create(objectOf(KINDS.ControllerRevision, metadata, { data, revision: generation }));
}

function podOf(petSet: PetSet, ordinal: number, revision: string): KubeObject {
  const { name, namespace = '' } = petSet.metadata;
  const { template, volumeClaimTemplates = [], serviceName } = petSet.spec;
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const podName = `${name}-${ordinal}`;
  const identity = {
    'apps.kubernetes.io/pod-index': String(ordinal),
    'statefulset.kubernetes.io/pod-name': podName,
    [REVISION_LABEL]: revision,
  };
  const claims = volumeClaimTemplates.map(({ metadata: { name: claim } }) => ({
    name: claim,
    persistentVolumeClaim: { claimName: `${claim}-${podName}` },
  }));
  const metadata = { name: podName, namespace, labels: { ...labels, ...identity }, annotations, ownerReferences: [controllerOf(petSet)] };
  return objectOf(KINDS.Pod, metadata, {
    spec: {
      ...template.spec,
      volumes: [...(template.spec.volumes ?? []), ...claims],
      // There is no scheduler. The API server would delete a pod without a node at once, without a grace period.
      nodeName: 'sandbox',
      hostname: podName,
      subdomain: serviceName,
    },
  });
}

function statusOf(petSet: PetSet, pods: readonly Pod[], updateRevision: string): object {
  const staying = pods.filter(isStaying);
  return {
    observedGeneration: petSet.metadata.generation ?? 1,
    replicas: pods.length,
    readyReplicas: staying.filter((p) => hasTrueCondition(p, 'Ready')).length,
    updatedReplicas: staying.filter((p) => p.metadata.labels?.[REVISION_LABEL] === updateRevision).length,
    updateRevision,
  };
}
