/** The files of a container: the Secrets that the pod mounts, as they are at the moment. */
import type { Cache } from '../cache';
import { bytesAsText, decoded } from '../context';
import type { Mounts } from '../kafka/startup';
import { KINDS, type Pod } from '../kinds';
import { DATA_DIR, KAFKA_CONTAINER } from '../kubedb/layout';

/** Tells whether the Kafka data of a pod is on an emptyDir, which is deleted with the pod. */
export function hasEphemeralDisk({ spec: { containers, volumes = [] } }: Pod): boolean {
  const mounts = containers.find((c) => c.name === KAFKA_CONTAINER)?.volumeMounts ?? [];
  const disk = mounts.find((m) => m.mountPath === DATA_DIR)?.name;
  return volumes.some((v) => v.name === disk && v.emptyDir !== undefined);
}

/** Returns the files by path, or why the container cannot start yet. */
export function findMounts(cache: Cache, { metadata, spec }: Pod): { readonly mounts: Mounts } | { readonly missing: string } {
  const container = spec.containers.find((c) => c.name === KAFKA_CONTAINER) ?? spec.containers[0];
  const mounts = new Map<string, string>();
  for (const { name, secret } of spec.volumes ?? []) {
    if (secret === undefined) continue;
    const failed = (why: string) => ({ missing: `MountVolume.SetUp failed for volume "${name}": ${why}` });
    const object = cache.get(KINDS.Secret, metadata.namespace, secret.secretName);
    if (object === undefined && secret.optional !== true) return failed(`secret "${secret.secretName}" not found`);
    const data = decoded(object);
    const items = secret.items ?? Object.keys(data).map((key) => ({ key, path: key }));
    const absent = items.find(({ key }) => data[key] === undefined);
    if (absent !== undefined && secret.optional !== true) return failed(`references non-existent secret key: ${absent.key}`);
    const path = container?.volumeMounts?.find((m) => m.name === name)?.mountPath;
    if (path !== undefined)
      for (const item of items)
        mounts.set(`${path}/${item.path}`, item.key.endsWith('.jks') ? bytesAsText(object, item.key) : (data[item.key] ?? ''));
  }
  return { mounts };
}
