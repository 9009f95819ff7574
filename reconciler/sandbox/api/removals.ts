/**
 * Deleting objects: preconditions, finalizers and a pod's grace period, eviction, and garbage collection.
 *
 * A pod that is deleted or evicted gets a deletionTimestamp and stays until its kubelet deletes it again, with a grace period of 0. Objects
 * without an owner are collected in the background: after the answer, before any timer. Foreground deletion is treated as background deletion.
 */
import { hasTrueCondition, KINDS, type KubeObject } from '#model/kube-object';
import { timestamp } from '../clock';
import { type Admission, admit } from './admission';
import { ApiFailure, badRequest, internalError, type Preconditions, requirePreconditions } from './failure';
import { copyOf, type Draft, isObject, type Metadata, valueAt } from './json';
import type { Resource } from './resources';
import type { Target } from './route';
import { viewOf } from './schema';
import { podDisruptionBudgetSchema, podSchema } from './schemas/workloads';
import { matchesLabelSelector } from './selectors';
import type { Store } from './store';

export interface DeleteOptions {
  readonly preconditions: Preconditions;
  readonly gracePeriodSeconds?: number;
  readonly dryRun: boolean;
}

/** Returns the options of a deletion from its body and query. */
export function deleteOptions(body: unknown, query = new URLSearchParams()): DeleteOptions {
  const options = isObject(body) ? body : {};
  const grace = options.gracePeriodSeconds ?? query.get('gracePeriodSeconds');
  return {
    preconditions: isObject(options.preconditions) ? options.preconditions : {},
    ...(typeof grace === 'number' || typeof grace === 'string' ? { gracePeriodSeconds: Number(grace) } : {}),
    dryRun: query.get('dryRun') === 'All' || String(options.dryRun) === 'All',
  };
}

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

  delete({ resource, namespace, name }: Target, options: DeleteOptions): Deletion {
    const object = this.store.require(resource, namespace, name);
    requirePreconditions(resource, object, options.preconditions);
    const { store } = this;
    const { dryRun } = options;
    admit(this.rules, resource, {
      operation: 'DELETE',
      subresource: undefined,
      object: copyOf(object) as Draft,
      old: object,
      store,
      dryRun,
    });
    return dryRun ? { object, isGone: true } : this.remove(resource, object, options.gracePeriodSeconds);
  }

  /** Evicts a pod. Throws 429 if its PodDisruptionBudget refuses. */
  evict(target: Target, eviction: unknown, dryRun: boolean): void {
    const { resource, namespace, name } = target;
    if (!isObject(eviction) || (valueAt(eviction, 'metadata.name') ?? name) !== name)
      throw badRequest('name in URL does not match name in Eviction object');
    const pod = this.store.require(resource, namespace, name);
    const options: DeleteOptions = { ...deleteOptions(eviction.deleteOptions), dryRun };
    requirePreconditions(resource, pod, options.preconditions);
    if (isProtected(pod)) this.askBudget(pod, dryRun);
    this.delete(target, options);
  }

  /** Removes an object that lost its last finalizer, or its owner before it was created. */
  afterWrite(resource: Resource, object: KubeObject): void {
    if (this.isOrphaned(object)) this.collectSoon();
    const { finalizers = [], deletionTimestamp, deletionGracePeriodSeconds = 0 }: Metadata = object.metadata;
    if (deletionTimestamp === undefined || finalizers.length > 0 || resource.kind === KINDS.Namespace.kind) return;
    if (deletionGracePeriodSeconds === 0) this.drop(resource, object);
  }

  private remove(resource: Resource, object: KubeObject, gracePeriodSeconds?: number): Deletion {
    const isNamespace = resource.kind === KINDS.Namespace.kind;
    const ofPod = () => gracePeriodSeconds ?? viewOf(podSchema, object).spec?.terminationGracePeriodSeconds ?? 30;
    const grace = resource.kind === KINDS.Pod.kind ? ofPod() : 0;
    const { finalizers = [], deletionTimestamp, deletionGracePeriodSeconds = 0, generation = 0 }: Metadata = object.metadata;
    if (isNamespace) this.collectSoon();
    else if (finalizers.length === 0 && grace === 0) return { object: this.drop(resource, object), isGone: true };
    if (deletionTimestamp !== undefined && deletionGracePeriodSeconds <= grace) return { object, isGone: false };
    const metadata = {
      deletionTimestamp: timestamp(new Date(this.now().getTime() + grace * 1000)),
      deletionGracePeriodSeconds: grace,
      ...(resource.hasGeneration ? { generation: generation + 1 } : {}),
    };
    const leaving = {
      ...object,
      metadata: { ...object.metadata, ...metadata },
      ...(isNamespace ? { status: { phase: 'Terminating' } } : {}),
    };
    return { object: this.store.put(resource, leaving), isGone: false };
  }

  private drop(resource: Resource, object: KubeObject): KubeObject {
    const last = this.store.remove(resource, object);
    this.collectSoon();
    return last;
  }

  /** Collects objects without owner or namespace, after the answer to this request. */
  private collectSoon(): void {
    if (this.isCollecting) return;
    this.isCollecting = true;
    queueMicrotask(() => {
      this.isCollecting = false;
      this.collect();
    });
  }

  private collect(): void {
    for (const object of this.store.all()) {
      const resource = this.resourceOf(object);
      const isLeaving = object.metadata.deletionTimestamp !== undefined;
      if (resource === undefined) continue;
      if (resource.kind === KINDS.Namespace.kind) {
        const isEmpty = !this.store.all().some((o) => o.metadata.namespace === object.metadata.name);
        if (isLeaving && isEmpty) this.store.remove(resource, object);
      } else if (!isLeaving && (this.isOrphaned(object) || this.isInLeavingNamespace(object))) this.remove(resource, object);
    }
  }

  private isOrphaned({ metadata }: KubeObject): boolean {
    const owners = metadata.ownerReferences ?? [];
    return owners.length > 0 && owners.every((owner) => this.store.byUid(owner.uid) === undefined);
  }

  private isInLeavingNamespace({ metadata }: KubeObject): boolean {
    const namespace = metadata.namespace === undefined ? undefined : this.store.get(KINDS.Namespace, undefined, metadata.namespace);
    return namespace?.metadata.deletionTimestamp !== undefined;
  }

  private askBudget(pod: KubeObject, dryRun: boolean): void {
    const { namespace, labels, name } = pod.metadata;
    const isMatching = (budget: KubeObject) => matchesLabelSelector(viewOf(podDisruptionBudgetSchema, budget).spec?.selector ?? {}, labels);
    const [budget, ...others] = this.store.list(KINDS.PodDisruptionBudget, namespace).filter(isMatching);
    if (budget === undefined) return;
    if (others.length > 0)
      throw internalError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
    const { metadata, status = {} } = viewOf(podDisruptionBudgetSchema, budget);
    const { observedGeneration = 0, disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedPods } = status;
    // The default policy, IfHealthyBudget: an unready pod may be evicted while the others are healthy.
    if (!hasTrueCondition(pod, 'Ready') && desiredHealthy > 0 && currentHealthy >= desiredHealthy) return;
    const subject = `The disruption budget ${metadata.name}`;
    if (observedGeneration < (metadata.generation ?? 0)) throw tooManyDisruptions(`${subject} is still being processed by the server.`, 10);
    if (disruptionsAllowed <= 0)
      throw tooManyDisruptions(`${subject} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`);
    if (dryRun) return;
    const disrupted = { ...disruptedPods, [name]: timestamp(this.now()) };
    this.store.put(KINDS.PodDisruptionBudget, {
      ...budget,
      status: { ...status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods: disrupted },
    });
  }
}

/** A pod that does not run can be evicted without its budget. */
function isProtected(pod: KubeObject): boolean {
  const phase = viewOf(podSchema, pod).status?.phase ?? '';
  return pod.metadata.deletionTimestamp === undefined && !['Pending', 'Succeeded', 'Failed'].includes(phase);
}

function tooManyDisruptions(cause: string, retryAfterSeconds?: number): ApiFailure {
  return new ApiFailure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message: cause }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
