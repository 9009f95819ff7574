/** What a container finds in its file system: the Secrets that the pod mounts, as they are right now. */
import { KINDS, type KubeObject } from '#model/kube-object';
import { KAFKA_CONTAINER } from '#model/kubedb';
import type { Cache } from '../cache';
import type { Mounts } from '../kafka/startup';
import { decoded } from '../world';

interface SecretVolume {
  readonly name: string;
  readonly secret?: {
    readonly secretName: string;
    readonly optional?: boolean;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
}

/** Directory of a Kafka's data. */
export const DATA_DIR = '/var/log/kafka';

/** Tells whether the data of a pod is on an emptyDir, which is deleted with the pod. */
export function hasEphemeralDisk({ spec }: KubeObject): boolean {
  const containers: readonly { name: string; volumeMounts?: readonly { name: string; mountPath: string }[] }[] = spec?.containers ?? [];
  const mounts = containers.find((c) => c.name === KAFKA_CONTAINER)?.volumeMounts ?? [];
  const name = mounts.find((m) => m.mountPath === DATA_DIR)?.name;
  const volumes: readonly { name: string; emptyDir?: object }[] = spec?.volumes ?? [];
  return name !== undefined && volumes.some((v) => v.name === name && v.emptyDir !== undefined);
}

/** Returns the files by path, or what is missing before the container can start. */
export function findMounts(cache: Cache, pod: KubeObject): { readonly mounts: Mounts } | { readonly missing: string } {
  const containers: readonly { name: string; volumeMounts?: readonly { name: string; mountPath: string }[] }[] = pod.spec?.containers ?? [];
  const container = containers.find((c) => c.name === KAFKA_CONTAINER) ?? containers[0];
  const mounts = new Map<string, string>();
  for (const { name, secret } of (pod.spec?.volumes ?? []) as readonly SecretVolume[]) {
    if (secret === undefined) continue;
    const object = cache.get(KINDS.Secret, pod.metadata.namespace, secret.secretName);
    if (object === undefined && secret.optional !== true)
      return { missing: `MountVolume.SetUp failed for volume "${name}": secret "${secret.secretName}" not found` };
    const data = decoded(object);
    const items = secret.items ?? Object.keys(data).map((key) => ({ key, path: key }));
    const absent = items.find(({ key }) => data[key] === undefined);
    if (absent !== undefined && secret.optional !== true)
      return { missing: `MountVolume.SetUp failed for volume "${name}": references non-existent secret key: ${absent.key}` };
    const path = container?.volumeMounts?.find((m) => m.name === name)?.mountPath;
    if (path !== undefined) for (const item of items) mounts.set(`${path}/${item.path}`, data[item.key] ?? '');
  }
  return { mounts };
}
