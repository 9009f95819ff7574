/**
 * How objects go: deletion with preconditions, finalizers and a pod's grace period, eviction, and the collection of what they owned.
 *
 * A pod that is deleted or evicted gets a deletionTimestamp and stays until its kubelet deletes it once more, with a grace period of 0.
 * What an object owned is collected in the background: after the answer, before any timer. Foreground deletion is treated like
 * background deletion.
 */
import { KINDS, type KubeObject } from '../../../constructs/model/kube-object';
import { type Admission, admissionContext, admit } from './admission';
import { ApiFailure, badRequest, internalError, notFound, staleResourceVersion, uidMismatch } from './failure';
import { isTree, type Tree } from './json';
import type { Resource } from './resources';
import { matchesLabelSelector } from './selectors';
import type { Store } from './store';
import type { Target } from './writes';

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly dryRun: boolean;
}

/** Returns the options of a deletion from its body and query. */
export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const options: Tree = isTree(body) ? body : {};
  const grace = options.gracePeriodSeconds ?? (query.has('gracePeriodSeconds') ? Number(query.get('gracePeriodSeconds')) : undefined);
  const policy = options.propagationPolicy ?? query.get('propagationPolicy') ?? undefined;
  return {
    ...(options.preconditions === undefined ? {} : { preconditions: options.preconditions }),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    dryRun: query.get('dryRun') === 'All' || options.dryRun?.[0] === 'All',
  };
}

/** What a deletion came to. */
export interface Deletion {
  readonly object: KubeObject;
  /** False while finalizers or a grace period keep the object. */
  readonly isGone: boolean;
}

export class Removals {
  private isCollecting = false;

  constructor(
    private readonly store: Store,
    private readonly rules: readonly Admission[],
    private readonly now: () => Date,
    private readonly resourceOf: (object: { readonly apiVersion: string; readonly kind: string }) => Resource | undefined,
  ) {}

  delete({ resource, namespace, name }: Omit<Target, 'subresource'>, options: DeleteOptions): Deletion {
    const object = this.store.get(resource, namespace, name);
    if (object === undefined) throw notFound(resource, name);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== object.metadata.uid) throw uidMismatch(resource, name, uid, object.metadata.uid ?? '');
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) throw staleResourceVersion(resource, name);
    const cluster = admissionContext(this.store, options.dryRun);
    admit(this.rules, resource, { operation: 'DELETE', subresource: undefined, object, old: object, cluster });
    if (options.dryRun) return { object, isGone: true };
    if (options.propagationPolicy === 'Orphan') this.orphan(object);
    return this.remove(resource, object, options);
  }

  /** Evicts a pod, unless its PodDisruptionBudget says no (429). */
  evict(target: Omit<Target, 'subresource'>, eviction: unknown, dryRun: boolean): void {
    const { resource, namespace, name } = target;
    if (!isTree(eviction) || (eviction.metadata?.name !== undefined && eviction.metadata.name !== name))
      throw badRequest('name in URL does not match name in Eviction object');
    const pod = this.store.get(resource, namespace, name);
    if (pod === undefined) throw notFound(resource, name);
    const options: DeleteOptions = { ...deleteOptions(eviction.deleteOptions, new URLSearchParams()), dryRun };
    const uid = options.preconditions?.uid;
    if (uid !== undefined && uid !== pod.metadata.uid) throw uidMismatch(resource, name, uid, pod.metadata.uid ?? '');
    if (isProtected(pod)) this.askBudget(pod, dryRun);
    this.delete(target, options);
  }

  /** Lets an object go whose last finalizer was removed, or whose owner was gone before it came. */
  afterWrite(resource: Resource, object: KubeObject): void {
    if (this.isOrphaned(object)) this.collectSoon();
    const { finalizers = [], deletionTimestamp } = object.metadata;
    if (deletionTimestamp === undefined || finalizers.length > 0 || resource.kind === KINDS.Namespace.kind) return;
    const isInGrace = ((object.metadata as Tree).deletionGracePeriodSeconds ?? 0) > 0;
    if (!isInGrace) this.drop(resource, object);
  }

  /** Collects, soon, what lost its owner or its namespace. */
  private collectSoon(): void {
    if (this.isCollecting) return;
    this.isCollecting = true;
    queueMicrotask(() => {
      this.isCollecting = false;
      this.collect();
    });
  }

  private remove(resource: Resource, object: KubeObject, options: DeleteOptions): Deletion {
    const isNamespace = resource.kind === KINDS.Namespace.kind;
    const grace = resource.kind === KINDS.Pod.kind ? (options.gracePeriodSeconds ?? object.spec?.terminationGracePeriodSeconds ?? 30) : 0;
    const isKept = (object.metadata.finalizers ?? []).length > 0 || grace > 0 || isNamespace;
    if (!isKept) return { object: this.drop(resource, object), isGone: true };
    const current: number | undefined = (object.metadata as Tree).deletionGracePeriodSeconds;
    if (object.metadata.deletionTimestamp !== undefined && (current ?? 0) <= grace) {
      if (isNamespace) this.collectSoon();
      return { object, isGone: false };
    }
    const due = new Date(this.now().getTime() + grace * 1000).toISOString();
    const leaving = isNamespace ? { ...object, status: { phase: 'Terminating' } } : object;
    const marked = this.store.put(
      resource,
      withMetadata(leaving, {
        deletionTimestamp: `${due.slice(0, 19)}Z`,
        deletionGracePeriodSeconds: grace,
        ...(resource.hasGeneration ? { generation: (object.metadata.generation ?? 0) + 1 } : {}),
      }),
    );
    if (isNamespace) this.collectSoon();
    return { object: marked, isGone: false };
  }

  private drop(resource: Resource, object: KubeObject): KubeObject {
    const last = this.store.remove(resource, object);
    this.collectSoon();
    return last;
  }

  private orphan(owner: KubeObject): void {
    for (const object of this.store.all()) {
      const references = object.metadata.ownerReferences ?? [];
      const resource = this.resourceOf(object);
      if (resource === undefined || !references.some((r) => r.uid === owner.metadata.uid)) continue;
      const others = references.filter((r) => r.uid !== owner.metadata.uid);
      this.store.put(resource, withMetadata(object, { ownerReferences: others }));
    }
  }

  private collect(): void {
    for (const object of this.store.all()) {
      const resource = this.resourceOf(object);
      const isLeaving = object.metadata.deletionTimestamp !== undefined;
      if (resource === undefined || (isLeaving && resource.kind !== KINDS.Namespace.kind)) continue;
      if (resource.kind === KINDS.Namespace.kind) this.finishNamespace(resource, object);
      else if (this.isOrphaned(object) || this.isHomeless(object)) this.remove(resource, object, { dryRun: false });
    }
  }

  private isOrphaned({ metadata }: KubeObject): boolean {
    const owners = metadata.ownerReferences ?? [];
    return owners.length > 0 && owners.every((owner) => this.store.byUid(owner.uid) === undefined);
  }

  private isHomeless({ metadata }: KubeObject): boolean {
    const namespace = metadata.namespace === undefined ? undefined : this.store.get(KINDS.Namespace, undefined, metadata.namespace);
    return namespace?.metadata.deletionTimestamp !== undefined;
  }

  private finishNamespace(resource: Resource, namespace: KubeObject): void {
    const isEmpty = !this.store.all().some((o) => o.metadata.namespace === namespace.metadata.name);
    if (namespace.metadata.deletionTimestamp !== undefined && isEmpty) this.store.remove(resource, namespace);
  }

  private askBudget(pod: KubeObject, dryRun: boolean): void {
    const { namespace, labels } = pod.metadata;
    const budgets = this.store
      .list(KINDS.PodDisruptionBudget, namespace)
      .filter((b) => matchesLabelSelector(b.spec?.selector ?? {}, labels));
    const [budget] = budgets;
    if (budget === undefined) return;
    if (budgets.length > 1)
      throw internalError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
    const {
      observedGeneration = 0,
      disruptionsAllowed = 0,
      desiredHealthy = 0,
      currentHealthy = 0,
      disruptedPods = {},
    } = budget.status ?? {};
    // The default policy, IfHealthyBudget: an unready pod may go while the others are healthy.
    if (!isReady(pod) && desiredHealthy > 0 && currentHealthy >= desiredHealthy) return;
    const { name } = budget.metadata;
    if (observedGeneration < (budget.metadata.generation ?? 0))
      throw tooManyDisruptions(`The disruption budget ${name} is still being processed by the server.`, 10);
    if (disruptionsAllowed <= 0) {
      throw tooManyDisruptions(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`);
    }
    if (dryRun) return;
    const disrupted = { ...disruptedPods, [pod.metadata.name]: `${this.now().toISOString().slice(0, 19)}Z` };
    this.store.put(KINDS.PodDisruptionBudget, {
      ...budget,
      status: { ...budget.status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods: disrupted },
    });
  }
}

function withMetadata(object: KubeObject, metadata: Tree): KubeObject {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

/** A pod that serves nobody needs nobody's permission to go. */
function isProtected(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp === undefined && !['Pending', 'Succeeded', 'Failed'].includes(pod.status?.phase);
}

function isReady(pod: KubeObject): boolean {
  return (pod.status?.conditions ?? []).some((c: Tree) => c.type === 'Ready' && c.status === 'True');
}

function tooManyDisruptions(cause: string, retryAfterSeconds?: number): ApiFailure {
  return new ApiFailure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message: cause }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
