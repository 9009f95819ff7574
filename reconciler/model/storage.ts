/** The volume with the data of a Kafka, and whether it outlives its pod. */
import { KAFKA_CONTAINER } from './broker-pod';

/** Directory of the log segments and of the KRaft metadata log. */
export const DATA_DIR = '/var/log/kafka';

interface Mount {
  readonly name: string;
  readonly mountPath?: string;
}

/** The parts of a pod's spec that determine its volumes. */
interface Volumes {
  readonly containers?: readonly { readonly name: string; readonly volumeMounts?: readonly Mount[] | null }[];
  readonly volumes?: readonly { readonly name: string; readonly [source: string]: unknown }[] | null;
}

/** Sources of volumes that end with their pod. */
const EPHEMERAL_SOURCES = ['emptyDir', 'ephemeral', 'csi'] as const;

/**
 * Tells whether the data of a pod is deleted with the pod. `claims` are the names of the volume claim templates that the spec is used with.
 * Undefined when the spec mounts no volume for data.
 */
export function isDataEphemeral({ containers = [], volumes }: Volumes = {}, claims: readonly string[] = []): boolean | undefined {
  const mounts = containers.find((c) => c.name === KAFKA_CONTAINER)?.volumeMounts ?? [];
  const mount = mounts.find((m) => holdsData(m.mountPath));
  if (mount === undefined || claims.includes(mount.name)) return mount === undefined ? undefined : false;
  const volume = volumes?.find((v) => v.name === mount.name);
  return volume === undefined ? undefined : EPHEMERAL_SOURCES.some((source) => volume[source] !== undefined && volume[source] !== null);
}

function holdsData(mountPath = ''): boolean {
  const path = mountPath.replace(/\/+$/, '');
  return path !== '' && (path === DATA_DIR || DATA_DIR.startsWith(`${path}/`));
}
