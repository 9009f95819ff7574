/**
 * Stand-in for the PetSet controller: keeps the pods of a PetSet in being, at the latest revision of its template, and counts them.
 * Pods change only when somebody deletes or evicts them (OnDelete), and start side by side (Parallel), whatever the PetSet says.
 * Its pods refer to their volume claims, which are not made; it follows no placement policy.
 */
import { contentHash } from '#model/content-hash';
import { KINDS, type Kind, type KubeObject } from '#model/kube-object';
import { type Controller, ownerKey, ownKey } from '../controller';
import { controllerOf, type World, writeStatus } from '../world';

const REVISION_LABEL = 'controller-revision-hash';
export const ControllerRevision: Kind = {
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  namespaced: true,
};

export function petSetController(world: World): Controller {
  return {
    name: 'petset-controller',
    watches: [
      { kind: KINDS.PetSet, keys: ownKey },
      { kind: KINDS.Pod, keys: ownerKey(KINDS.PetSet) },
    ],
    reconcile: async ({ namespace, name }) => {
      const petSet = world.cache.get(KINDS.PetSet, namespace, name);
      if (petSet === undefined || petSet.metadata.deletionTimestamp !== undefined) return undefined;
      const revision = `${name}-${contentHash(petSet.spec.template, 10)}`;
      if (petSet.status?.updateRevision !== revision) await recordRevision(world, petSet, revision);
      const pods = podsOf(world, petSet);
      const replicas: number = petSet.spec.replicas ?? 1;
      for (let ordinal = 0; ordinal < replicas; ordinal++) {
        if (!pods.some((p) => p.metadata.name === `${name}-${ordinal}`)) await world.client.create(podOf(petSet, ordinal, revision));
      }
      for (const pod of pods)
        if (ordinalOf(pod) >= replicas && pod.metadata.deletionTimestamp === undefined) await world.client.delete(pod);
      await count(world, petSet, revision);
      return undefined;
    },
  };
}

/** Returns the ordinal of a PetSet's pod. */
export function ordinalOf(pod: KubeObject): number {
  return Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf('-') + 1));
}

/** Tells whether a pod's Ready condition is True. */
export function isReadyPod(pod: KubeObject): boolean {
  return (pod.status?.conditions ?? []).some((c: { type: string; status: string }) => c.type === 'Ready' && c.status === 'True');
}

function podsOf({ cache }: World, petSet: KubeObject): readonly KubeObject[] {
  return cache
    .list(KINDS.Pod, petSet.metadata.namespace)
    .filter((p) => (p.metadata.ownerReferences ?? []).some((o) => o.uid === petSet.metadata.uid));
}

async function recordRevision({ client }: World, petSet: KubeObject, name: string): Promise<void> {
  const { namespace, labels } = petSet.metadata;
  if ((await client.get(ControllerRevision, namespace, name)) !== undefined) return;
  await client.create({
    apiVersion: ControllerRevision.apiVersion,
    kind: ControllerRevision.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ownerReferences: [controllerOf(petSet)],
    },
    data: { spec: { template: petSet.spec.template } },
    revision: petSet.metadata.generation ?? 1,
  });
}

function podOf(petSet: KubeObject, ordinal: number, revision: string): KubeObject {
  const { name, namespace } = petSet.metadata;
  const { metadata, spec } = petSet.spec.template;
  const podName = `${name}-${ordinal}`;
  const templates: readonly { metadata: { name: string } }[] = petSet.spec.volumeClaimTemplates ?? [];
  const claims = templates.map((t) => ({ name: t.metadata.name, persistentVolumeClaim: { claimName: `${t.metadata.name}-${podName}` } }));
  const identity = {
    'apps.kubernetes.io/pod-index': String(ordinal),
    'statefulset.kubernetes.io/pod-name': podName,
    [REVISION_LABEL]: revision,
  };
  return {
    apiVersion: KINDS.Pod.apiVersion,
    kind: KINDS.Pod.kind,
    metadata: {
      name: podName,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...metadata?.labels, ...identity },
      ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ownerReferences: [controllerOf(petSet)],
    },
    // Nobody schedules here; a pod that is on no node would be deleted at once instead of ending.
    spec: {
      ...spec,
      ...(claims.length === 0 ? {} : { volumes: [...(spec.volumes ?? []), ...claims] }),
      nodeName: 'sandbox',
      hostname: podName,
      subdomain: petSet.spec.serviceName,
    },
  };
}

async function count(world: World, petSet: KubeObject, updateRevision: string): Promise<void> {
  const pods = podsOf(world, petSet);
  const ready = pods.filter((p) => p.metadata.deletionTimestamp === undefined && isReadyPod(p)).length;
  const currentRevision: string = petSet.status?.currentRevision ?? updateRevision;
  const at = (revision: string) =>
    pods.filter((p) => p.metadata.deletionTimestamp === undefined && p.metadata.labels?.[REVISION_LABEL] === revision).length;
  await writeStatus(world, petSet, {
    observedGeneration: petSet.metadata.generation ?? 1,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    currentReplicas: at(currentRevision),
    updatedReplicas: at(updateRevision),
    currentRevision,
    updateRevision,
    collisionCount: 0,
  });
}
