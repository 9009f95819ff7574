/** Every state that the objects of a kind go through in the sandbox, none left out, as a controller that watches them would see it. */
import type { Kind, KubeObject } from '#model/kube-object';
import type { Sandbox } from '#reconciler/sandbox/index';

/** Collects states until the signal aborts; what was there before comes first. */
export async function recordHistory(sandbox: Sandbox, kind: Kind, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const { items, resourceVersion } = await sandbox.client.list(kind);
  const seen: KubeObject[] = [...items];
  const follow = async () => {
    for await (const { object } of sandbox.client.watch(kind, resourceVersion, { signal })) seen.push(object);
  };
  void follow().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return seen;
}
