/**
 * Creating and changing objects. Every write goes the same way:
 *
 *   1. decode: the body is of the kind and place the URL says; unknown fields are refused, warned of or dropped
 *   2. merge with what is there: a create has nothing, a replace is the body, a patch or apply is laid over the live object
 *   3. restore what clients cannot write: identity, and either status or everything but status
 *   4. default, mutate (admission), validate (schema, kind, admission)
 *   5. note who owns what, count the generation, and store, unless nothing has changed or it is a dry run
 *
 * One write is one synchronous step: nobody sees half of it, and two never interleave.
 */
import { isEqual, KINDS, type Kind, type KubeObject } from '../../../constructs/model/kube-object';
import { type Admission, type AdmissionRequest, admissionContext, admit, mutate } from './admission';
import { completeBuiltIn, kindProblems } from './built-in';
import { alreadyExists, badRequest, forbidden, internalError, invalid, notFound, staleResourceVersion, uidMismatch } from './failure';
import { invalidValue } from './field-problem';
import { draftOf, isTree, sharingWith, type Tree, within } from './json';
import { metadataProblems, nameSuffix, uidOf } from './metadata';
import { applyConfiguration, ownersAfterUpdate, type Writer } from './ownership';
import { jsonPatch, mergePatch } from './patch';
import type { Resource } from './resources';
import type { Store } from './store';
import { strategicMergePatch } from './strategic-merge';
import { fillDefaults, prune, validate } from './structure';

export interface WriteOptions {
  readonly manager: string;
  readonly dryRun: boolean;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  readonly force: boolean;
  /** Called with each warning the client is to see. */
  readonly warn: (text: string) => void;
}

/** The object a write is about. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: 'status' | undefined;
}

export const PATCHES = {
  'application/merge-patch+json': mergePatch,
  'application/json-patch+json': jsonPatch,
  /** Of Kubernetes' own kinds only. */
  'application/strategic-merge-patch+json': strategicMergePatch,
} as const;

export class Writes {
  constructor(
    private readonly store: Store,
    private readonly rules: readonly Admission[],
    private readonly now: () => Date,
    /** Called with every object that was written. */
    private readonly onSaved: (resource: Resource, object: KubeObject) => void,
  ) {}

  create(target: Omit<Target, 'name' | 'subresource'>, body: unknown, options: WriteOptions): KubeObject {
    const { resource, namespace } = target;
    const draft = this.decode(resource, body, options);
    const metadata: Tree = { ...draft.metadata };
    if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    if (!metadata.name && metadata.generateName) metadata.name = `${metadata.generateName}${nameSuffix(this.store.nextNumber())}`;
    placeIn(resource, namespace, metadata);
    if (!metadata.name)
      throw invalid(resource, '', [{ reason: 'FieldValueRequired', field: 'metadata.name', detail: 'name or generateName is required' }]);
    this.requireNamespace(resource, namespace, metadata.name);
    const identity = {
      uid: uidOf(this.store.nextNumber()),
      creationTimestamp: this.timestamp(),
      ...(resource.hasGeneration ? { generation: 1 } : {}),
    };
    for (const key of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'resourceVersion', 'managedFields', 'selfLink', 'generation'])
      delete metadata[key];
    draft.metadata = { ...metadata, ...identity };
    if (resource.hasStatus) delete draft.status;
    completeBuiltIn(resource, draft, undefined);
    const full = { ...target, name: metadata.name, subresource: undefined };
    this.complete(full, draft, undefined, options);
    if (this.store.get(resource, namespace, metadata.name) !== undefined) throw alreadyExists(resource, metadata.name);
    const writer = writerOf(full, options, 'Update');
    draft.metadata.managedFields = ownersAfterUpdate(undefined, draft as KubeObject, resource, writer, this.timestamp());
    return this.save(resource, draft as KubeObject, options);
  }

  replace(target: Target, body: unknown, options: WriteOptions): KubeObject {
    const { resource, name, namespace } = target;
    const draft = this.decode(resource, body, options);
    const live = this.live(target);
    placeIn(resource, namespace, within(draft, 'metadata'));
    if (draft.metadata.name !== name) {
      throw badRequest(`the name of the object (${draft.metadata.name ?? ''}) does not match the name on the URL (${name})`);
    }
    if (!draft.metadata.resourceVersion && !resource.allowsUnconditionalUpdate) {
      throw invalid(resource, name, [invalidValue('metadata.resourceVersion', 0, 'must be specified for an update')]);
    }
    return this.update(target, live, draft, options);
  }

  patch(target: Target, type: keyof typeof PATCHES, patch: unknown, options: WriteOptions): KubeObject {
    const live = this.live(target);
    const draft = this.decode(target.resource, PATCHES[type](live, patch, target.resource.schema), options);
    const { uid } = draft.metadata;
    // A whole object with another uid is another object; a patch of the uid is a change of what cannot be changed.
    if (uid !== live.metadata.uid) throw invalid(target.resource, target.name, [invalidValue('metadata.uid', uid, 'field is immutable')]);
    return this.update(target, live, draft, options);
  }

  /** Server-side apply; creates the object when it is not there. Tells which of the two it was. */
  apply(target: Target, body: unknown, options: WriteOptions): { readonly object: KubeObject; readonly isNew: boolean } {
    const { resource, name, namespace } = target;
    if (!isTree(body)) throw badRequest('error decoding YAML: an apply patch is an object');
    if (body.metadata?.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
    checkType(resource, body);
    const configuration: Tree = { apiVersion: resource.apiVersion, kind: resource.kind, ...draftOf(body) };
    const unknown = prune(configuration, resource.schema);
    if (unknown.length > 0) {
      const subject = `${namespace === undefined ? '' : `${namespace}/`}${name}; ${resource.apiVersion}, Kind=${resource.kind}`;
      throw internalError(`failed to create typed patch object (${subject}): .${unknown[0]}: field not declared in schema`);
    }
    placeIn(resource, namespace, within(configuration, 'metadata'));
    if (configuration.metadata.name !== undefined && configuration.metadata.name !== name) {
      throw badRequest(`the name of the object (${configuration.metadata.name}) does not match the name on the URL (${name})`);
    }
    configuration.metadata.name = name;
    const live = this.store.get(resource, namespace, name);
    if (live === undefined && target.subresource !== undefined) throw notFound(resource, name);
    const writer = writerOf(target, options, 'Apply');
    const applied = applyConfiguration({ live, configuration, resource, writer, force: options.force, now: this.timestamp() });
    if (live !== undefined)
      return { object: this.update(target, live, draftOf(applied), options, applied.metadata.managedFields), isNew: false };
    if (configuration.metadata.uid || configuration.metadata.resourceVersion) throw notFound(resource, name);
    return { object: this.createApplied(target, applied, options), isNew: true };
  }

  private createApplied(target: Target, applied: Tree, options: WriteOptions): KubeObject {
    const { managedFields, ...metadata } = applied.metadata;
    const { resource, namespace, name } = target;
    this.requireNamespace(resource, namespace, name);
    const created = this.create(target, { ...applied, metadata }, { ...options, dryRun: true });
    return this.save(resource, { ...created, metadata: { ...created.metadata, managedFields } }, options);
  }

  private update(target: Target, live: KubeObject, draft: Tree, options: WriteOptions, owners?: readonly unknown[]): KubeObject {
    const { resource, subresource } = target;
    checkPreconditions(target, live, draft);
    const restored = this.restored(target, live, draft);
    if (subresource === undefined) completeBuiltIn(resource, restored, live);
    this.complete(target, restored, live, options);
    const next = sharingWith(live, restored);
    next.metadata = sharingWith(live.metadata as Tree, restored.metadata);
    if (resource.hasGeneration && !isEqual(withoutMeta(next, resource), withoutMeta(live, resource))) {
      next.metadata.generation = (live.metadata.generation ?? 0) + 1;
    }
    next.metadata.managedFields =
      owners ?? ownersAfterUpdate(live, next as KubeObject, resource, writerOf(target, options, 'Update'), this.timestamp());
    if (isEqual(next, live)) return live;
    return this.save(resource, next as KubeObject, options);
  }

  /** Puts back what this request cannot write. What it can write shares nothing with the live object. */
  private restored({ resource, subresource }: Target, live: KubeObject, draft: Tree): Tree {
    const { uid, creationTimestamp, deletionTimestamp, generation, resourceVersion, name, namespace } = live.metadata;
    const grace = (live.metadata as Tree).deletionGracePeriodSeconds;
    const fixed = {
      uid,
      creationTimestamp,
      deletionTimestamp,
      deletionGracePeriodSeconds: grace,
      generation,
      resourceVersion,
      name,
      namespace,
    };
    const metadata: Tree = { ...draft.metadata, ...fixed };
    for (const key of Object.keys(metadata)) if (metadata[key] === undefined) delete metadata[key];
    if (subresource === 'status') {
      // Kubernetes' own kinds let metadata through with a status, custom ones do not.
      return { ...live, metadata: resource.isCustom ? { ...live.metadata } : metadata, status: draft.status };
    }
    const next: Tree = { ...draft, apiVersion: resource.apiVersion, kind: resource.kind, metadata };
    if (!resource.hasStatus) return next;
    if (live.status === undefined) delete next.status;
    else next.status = live.status;
    return next;
  }

  private complete(target: Target, draft: Tree, old: KubeObject | undefined, { dryRun }: WriteOptions): void {
    const { resource, subresource } = target;
    conform(target, draft, old);
    const request: AdmissionRequest = {
      operation: old === undefined ? 'CREATE' : 'UPDATE',
      subresource,
      object: draft,
      old,
      cluster: admissionContext(this.store, dryRun),
    };
    if (mutate(this.rules, resource, request)) conform(target, draft, old);
    admit(this.rules, resource, request);
  }

  private save(resource: Resource, object: KubeObject, { dryRun }: Pick<WriteOptions, 'dryRun'>): KubeObject {
    if (dryRun) return object;
    const stored = this.store.put(resource, object);
    this.onSaved(resource, stored);
    return stored;
  }

  private live({ resource, namespace, name }: Target): KubeObject {
    const live = this.store.get(resource, namespace, name);
    if (live === undefined) throw notFound(resource, name);
    return live;
  }

  private decode(resource: Resource, body: unknown, { fieldValidation, warn }: WriteOptions): Tree {
    if (!isTree(body)) throw badRequest('the body of the request is not an object');
    checkType(resource, body);
    const draft: Tree = { apiVersion: resource.apiVersion, kind: resource.kind, ...draftOf(body) };
    const unknown = resource.isCustom ? prune(draft, resource.schema).map((path) => `unknown field "${path}"`) : [];
    if (unknown.length > 0 && fieldValidation === 'Strict') {
      const subject = `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`;
      throw badRequest(`${subject}: strict decoding error: ${unknown.join(', ')}`);
    }
    if (fieldValidation === 'Warn') unknown.forEach(warn);
    return draft;
  }

  private requireNamespace(resource: Resource, namespace: string | undefined, name: string): void {
    if (!resource.namespaced) return;
    const found = this.store.get(KINDS.Namespace, undefined, namespace ?? '');
    if (found === undefined) throw notFoundNamespace(namespace ?? '');
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw forbidden(`${resource.plural} "${name}" is forbidden: ${why}`, resource, name);
  }

  private timestamp(): string {
    return `${this.now().toISOString().slice(0, 19)}Z`;
  }
}

function notFoundNamespace(name: string) {
  const namespaces: Pick<Kind, 'plural'> & { readonly group: string } = { plural: 'namespaces', group: '' };
  return notFound(namespaces as Resource, name);
}

function writerOf({ resource, subresource }: Target, { manager }: WriteOptions, operation: Writer['operation']): Writer {
  return { manager, operation, apiVersion: resource.apiVersion, ...(subresource === undefined ? {} : { subresource }) };
}

function checkType(resource: Resource, draft: Tree): void {
  if (resource.isCustom && draft.kind === undefined) {
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): Object 'Kind' is missing`);
  }
  if (draft.apiVersion !== undefined && draft.apiVersion !== resource.apiVersion) {
    throw badRequest(`the API version in the data (${draft.apiVersion}) does not match the expected API version (${resource.apiVersion})`);
  }
  if (draft.kind !== undefined && draft.kind !== resource.kind) {
    throw badRequest(`${draft.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`);
  }
}

/** Defaults and validates what the request can write. */
function conform({ resource, subresource, name }: Target, draft: Tree, old: KubeObject | undefined): void {
  const { schema, isCustom } = resource;
  const [part, partSchema, path] = subresource === 'status' ? [draft.status, schema.properties?.status, 'status'] : [draft, schema, ''];
  if (isCustom) fillDefaults(part, partSchema);
  const problems = [...metadataProblems(draft), ...(isCustom ? validate(part, partSchema, path) : kindProblems(resource, draft, old))];
  if (problems.length > 0) throw invalid(resource, name, problems);
}

function placeIn(resource: Resource, namespace: string | undefined, metadata: Tree): void {
  if (!resource.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  metadata.namespace = namespace;
}

function checkPreconditions({ resource, name }: Target, live: KubeObject, draft: Tree): void {
  const { uid, resourceVersion } = draft.metadata ?? {};
  if (uid && uid !== live.metadata.uid) throw uidMismatch(resource, name, uid, live.metadata.uid ?? '');
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) throw staleResourceVersion(resource, name);
}

function withoutMeta(object: Tree, resource: Resource): Tree {
  const { metadata: _metadata, status, ...rest } = object;
  return resource.hasStatus ? rest : { ...rest, status };
}
