/**
 * Volumes of a pod as folders, the way a kubelet makes them. The files of a Secret or ConfigMap are links to `..data/<file>`, and `..data` is a
 * link to a folder with one version of the content. A new version is a new folder, and `..data` is replaced by a rename: a reader sees
 * the old content or the new one, never a part of each. A claim is a folder that stays when the pod goes; an emptyDir goes with the pod.
 *
 * Other kinds of volumes, such as the token of the ServiceAccount, are not mounted. Files have the owner of the test, without fsGroup.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { KubeObject } from '#model/kube-object';
import type { Container, PodSpec, Volume } from '#reconciler/sandbox/stand-ins/kinds';

/** A Secret or ConfigMap that a volume shows. */
export interface Source {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
}

interface ProjectedVolume {
  readonly name: string;
  readonly source: Source;
  readonly optional: boolean;
  readonly items: readonly { readonly key: string; readonly path: string }[] | undefined;
  readonly mode: number;
}

type Files = ReadonlyMap<string, Buffer>;
/** Returns an object as it is now. */
export type Lookup = (source: Source) => KubeObject | undefined;

const DEFAULT_MODE = 0o644;
const DATA = '..data';

export class PodVolumes {
  private readonly projected: readonly ProjectedVolume[];

  constructor(
    private readonly spec: PodSpec,
    private readonly folders: { readonly pod: string; readonly claims: string },
  ) {
    this.projected = (spec.volumes ?? []).flatMap((volume) => projectedVolume(volume) ?? []);
  }

  /** The Secrets and ConfigMaps that the pod mounts. */
  get sources(): readonly Source[] {
    return this.projected.map((v) => v.source);
  }

  /** Creates every volume with its present content. Returns why one cannot be mounted, in a kubelet's words. */
  mount(lookup: Lookup): string | undefined {
    const contents = new Map<ProjectedVolume, Files>();
    for (const volume of this.projected) {
      const files = contentOf(volume, lookup);
      if (typeof files === 'string') return `MountVolume.SetUp failed for volume "${volume.name}": ${files}`;
      contents.set(volume, files);
    }
    for (const { name, emptyDir, persistentVolumeClaim } of this.spec.volumes ?? []) {
      if (emptyDir !== undefined || persistentVolumeClaim !== undefined) mkdirSync(this.folderOf(name), { recursive: true });
    }
    for (const [volume, files] of contents) this.publish(volume, files);
    return undefined;
  }

  /** Brings the files of mounted volumes to the present content. A volume whose object is gone keeps its files, as with a kubelet. */
  sync(lookup: Lookup): void {
    for (const volume of this.projected) {
      const files = contentOf(volume, lookup);
      if (typeof files !== 'string') this.publish(volume, files);
    }
  }

  /** Returns the folder on this machine for every mount path of a container. */
  mountsOf({ volumeMounts = [] }: Container): ReadonlyMap<string, string> {
    const known = new Set((this.spec.volumes ?? []).map((v) => v.name));
    return new Map(volumeMounts.filter((m) => known.has(m.name)).map((m) => [m.mountPath, this.folderOf(m.name)]));
  }

  /** Deletes what goes with the pod. */
  remove(): void {
    rmSync(this.folders.pod, { recursive: true, force: true });
  }

  private folderOf(volume: string): string {
    const claim = this.spec.volumes?.find((v) => v.name === volume)?.persistentVolumeClaim?.claimName;
    return claim === undefined ? path.join(this.folders.pod, 'volumes', volume) : path.join(this.folders.claims, claim);
  }

  private publish({ name, mode }: ProjectedVolume, files: Files): void {
    const folder = this.folderOf(name);
    const data = path.join(folder, DATA);
    const current = existsSync(data) ? path.join(folder, readlinkSync(data)) : undefined;
    if (current !== undefined && isSame(current, files)) return;
    const version = `..${new Date().toISOString().replaceAll(/[-:T]/g, '_').slice(0, 19)}.${process.hrtime.bigint()}`;
    for (const [file, content] of files) {
      const at = path.join(folder, version, file);
      mkdirSync(path.dirname(at), { recursive: true });
      writeFileSync(at, content, { mode });
    }
    mkdirSync(path.join(folder, version), { recursive: true });
    symlinkSync(version, path.join(folder, '..data_tmp'));
    renameSync(path.join(folder, '..data_tmp'), data);
    const tops = new Set([...files.keys()].map((file) => file.split('/')[0] ?? file));
    for (const top of tops) {
      const link = path.join(folder, top);
      if (!isThere(link)) symlinkSync(path.join(DATA, top), link);
    }
    for (const entry of readdirSync(folder)) if (!entry.startsWith('..') && !tops.has(entry)) rmSync(path.join(folder, entry));
    if (current !== undefined) rmSync(current, { recursive: true });
  }
}

function projectedVolume({ name, secret, configMap }: Volume): ProjectedVolume | undefined {
  const shown = secret ?? configMap;
  if (shown === undefined) return undefined;
  const { optional = false, items, defaultMode: mode = DEFAULT_MODE } = shown;
  const source: Source =
    secret === undefined ? { kind: 'ConfigMap', name: configMap?.name ?? '' } : { kind: 'Secret', name: secret.secretName };
  return { name, source, optional, items, mode };
}

/** Returns the files of a volume, or why there are none. */
function contentOf({ source, optional, items }: ProjectedVolume, lookup: Lookup): Files | string {
  const object = lookup(source) as (KubeObject & { data?: Record<string, string>; binaryData?: Record<string, string> }) | undefined;
  if (object === undefined && !optional) return `${source.kind.toLowerCase()} "${source.name}" not found`;
  const encoding = source.kind === 'Secret' ? 'base64' : 'utf8';
  const data = new Map(Object.entries(object?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]));
  for (const [key, value] of Object.entries(object?.binaryData ?? {})) data.set(key, Buffer.from(value, 'base64'));
  const files = new Map<string, Buffer>();
  for (const item of items ?? [...data.keys()].map((key) => ({ key, path: key }))) {
    const content = data.get(item.key);
    if (content !== undefined) files.set(item.path, content);
    else if (!optional) return `references non-existent ${source.kind.toLowerCase()} key: ${item.key}`;
  }
  return files;
}

function isSame(folder: string, files: Files): boolean {
  const present = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  if (present.length !== files.size) return false;
  return present.every((f) => {
    const at = path.join(f.parentPath, f.name);
    return files.get(path.relative(folder, at))?.equals(readFileSync(at)) === true;
  });
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
