/**
 * Stand-in for Argo CD and Flux: applies the objects of a commit by server-side apply, optionally prunes objects that left it, and applies the same
 * commit again, which restores deleted objects.
 */
import { type KubeObject, kindOf } from '#model/kube-object';
import { Client, type Send } from '#reconciler/sandbox/client';

/** How the two differ for the objects that they apply: field manager and deletion. */
const WAYS = {
  'Argo CD': { manager: 'argocd-controller', propagationPolicy: 'Foreground' },
  Flux: { manager: 'kustomize-controller', propagationPolicy: 'Background' },
} as const;

/** Applied in this order, pruned in the opposite one. */
const ORDER = ['ServiceAccount', 'ConfigMap', 'Role', 'RoleBinding', 'Job', 'CronJob'];

export interface GitOpsOptions {
  readonly send: Send;
  readonly controller: keyof typeof WAYS;
  readonly prune: boolean;
}

export class GitOps {
  private readonly client: Client;
  /** Objects that were applied and not pruned. */
  private inventory: readonly KubeObject[] = [];
  private commit: readonly KubeObject[] = [];

  constructor(private readonly options: GitOpsOptions) {
    this.client = new Client({ send: options.send, manager: WAYS[options.controller].manager });
  }

  /** Brings the cluster to a commit. */
  async sync(objects: readonly KubeObject[]): Promise<void> {
    this.commit = objects.filter(({ kind }) => ORDER.includes(kind)).sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
    await this.correctDrift();
    const left = this.inventory.filter((o) => !this.commit.some((c) => idOf(c) === idOf(o)));
    if (this.options.prune) for (const object of left.toReversed()) await this.delete(object);
    this.inventory = this.options.prune ? this.commit : [...left, ...this.commit];
  }

  /** Brings the cluster to the same commit once more. */
  async correctDrift(): Promise<void> {
    for (const object of this.commit) await this.client.apply(object);
  }

  private async delete(object: KubeObject): Promise<void> {
    const kind = kindOf(object);
    const live = kind && (await this.client.get(kind, object.metadata.namespace, object.metadata.name));
    if (live !== undefined) await this.client.delete(live, { propagationPolicy: WAYS[this.options.controller].propagationPolicy });
  }
}

function idOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}
