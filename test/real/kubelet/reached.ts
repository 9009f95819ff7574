/** How the product reaches pods that are processes on this machine: it needs another address, and other paths, than in a cluster. */
import type { AddressOf } from '#reconciler/cluster/address';
import type { KafkaAdmin, Settings } from '#reconciler/ports';
import { untyped } from '#test/support/untyped';

/** KubeDB's ports. */
export const PORTS = { BROKER: 9092, CONTROLLER: 9093 } as const;

/** A pod is reached at its address. */
export const podAddress: AddressOf = (pod, listener, fqdn) => ({ host: untyped(pod.status)?.podIP ?? fqdn, port: PORTS[listener] });

/** For every pod, its mount paths and their folders on this machine. */
export type Mounts = Readonly<Record<string, readonly (readonly [path: string, folder: string])[]>>;

/** Processes have no file system of their pod: the paths in their settings are translated to those of its containers, and back. */
export function withTranslatedPaths(admin: KafkaAdmin, mountsOf: (pod: string) => Mounts[string]): KafkaAdmin {
  const translated = (settings: Settings, paths: readonly (readonly [string, string])[]): Settings => {
    const path = (value: string) =>
      paths.reduce((text, [from, to]) => (text.startsWith(`${from}/`) ? to + text.slice(from.length) : text), value);
    return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, path(value)]));
  };
  return {
    ...admin,
    settings: async (node, signal) => {
      const read = await admin.settings(node, signal);
      const toContainer = mountsOf(node.pod).map(([inside, folder]) => [folder, inside] as const);
      return 'unknown' in read ? read : { value: translated(read.value, toContainer) };
    },
    validate: (node, settings, signal) => admin.validate(node, translated(settings, mountsOf(node.pod)), signal),
  };
}
