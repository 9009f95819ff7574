/** Looks on while processes come and go: how often each pod was restarted, and how many requests were unfinished at a time. */
import { KINDS, type KubeObject } from '#model/kube-object';
import { isFinishedRequest } from '#model/kubedb';
import type { World } from '../support/world';

export class Witness {
  private readonly uids = new Map<string, Set<string>>();
  private unfinished: readonly string[] = [];
  private readonly stopped = new AbortController();
  private readonly looking: Promise<unknown>;

  constructor(world: World) {
    const { signal } = this.stopped;
    const changes = (kind: typeof KINDS.Pod | typeof KINDS.KafkaOpsRequest) =>
      world.cluster.watch(kind, { namespace: world.namespace }, signal);
    this.looking = Promise.all([this.seePods(changes(KINDS.Pod)), this.seeRequests(changes(KINDS.KafkaOpsRequest))]);
    // What it fails with is told when it is stopped.
    this.looking.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.looking;
  }

  /** What must never be seen and was, in sentences. */
  get broken(): readonly string[] {
    const twice = [...this.uids].filter(([, uids]) => uids.size > 2).map(([pod, { size }]) => `${pod} was restarted ${size - 1} times`);
    return this.unfinished.length > 1 ? [...twice, `unfinished at a time: ${this.unfinished.join(', ')}`] : twice;
  }

  private async seePods(changes: AsyncIterable<readonly KubeObject[]>): Promise<void> {
    for await (const pods of changes)
      for (const { metadata } of pods) this.uids.set(metadata.name, (this.uids.get(metadata.name) ?? new Set()).add(metadata.uid ?? ''));
  }

  private async seeRequests(changes: AsyncIterable<readonly KubeObject[]>): Promise<void> {
    for await (const requests of changes) {
      const unfinished = requests.filter((r) => !isFinishedRequest(r)).map((r) => r.metadata.name);
      if (unfinished.length > this.unfinished.length) this.unfinished = unfinished;
    }
  }
}
