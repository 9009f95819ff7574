/**
 * Creating and changing objects. Every write goes the same way:
 *
 *   1. decode: the body must be of the kind and namespace in the URL; unknown fields are refused, warned of or dropped
 *   2. merge with the live object: a create has none, a replace is the body, a patch or apply is laid over the live object
 *   3. restore the fields that the client cannot write: identity, and either status or everything but status
 *   4. default, mutate (admission), validate (schema, kind, admission)
 *   5. record the owners of fields, count the generation, and store, unless nothing has changed or it is a dry run
 *
 * One write is one synchronous step: no other request sees a part of it.
 */
import { isEqual, KINDS, type KubeObject } from '#model/kube-object';
import { timestamp } from '../clock';
import { type Admission, type AdmissionRequest, admit, mutate } from './admission';
import { completeBuiltIn, kindProblems } from './built-in';
import { fillDefaults, prune, validate } from './conform';
import { alreadyExists, badRequest, forbidden, internalError, invalid, notFound, requirePreconditions } from './failure';
import { formatProblems, invalidValue, requiredValue } from './field-problem';
import { copyOf, type Draft, isObject, type Metadata } from './json';
import { metadataProblems, nameSuffix, uidOf } from './metadata';
import { applyConfiguration, ownersAfterUpdate, type Writer } from './ownership';
import type { Patch } from './patch';
import type { Resource } from './resources';
import type { Target as ObjectTarget } from './route';
import { metadataSchema } from './schema';
import type { Store } from './store';

export interface WriteOptions {
  readonly manager: string;
  readonly dryRun: boolean;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  readonly force: boolean;
  /** Called with each warning for the client. */
  readonly warn: (text: string) => void;
}

export interface Target extends ObjectTarget {
  readonly subresource: 'status' | undefined;
}

const METADATA = metadataSchema();

export class Writes {
  constructor(
    private readonly store: Store,
    private readonly rules: readonly Admission[],
    private readonly now: () => Date,
    /** Called with every written object. */
    private readonly onSaved: (resource: Resource, object: KubeObject) => void,
  ) {}

  create(target: Omit<Target, 'name' | 'subresource'>, body: unknown, options: WriteOptions): KubeObject {
    const { resource, namespace } = target;
    const draft = this.decode(resource, body, options);
    const { metadata } = draft;
    if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    if (!metadata.name && metadata.generateName) metadata.name = `${metadata.generateName}${nameSuffix(this.store.nextNumber())}`;
    placeIn(resource, namespace, metadata);
    if (!metadata.name) throw invalid(resource, '', [requiredValue('metadata.name', 'name or generateName is required')]);
    return this.write({ ...target, name: metadata.name, subresource: undefined }, undefined, draft, options);
  }

  replace(target: Target, body: unknown, options: WriteOptions): KubeObject {
    const { resource, name, namespace } = target;
    const draft = this.decode(resource, body, options);
    const live = this.store.require(resource, namespace, name);
    placeIn(resource, namespace, draft.metadata);
    requireName(draft.metadata.name ?? '', name);
    if (!draft.metadata.resourceVersion && !resource.allowsUnconditionalUpdate) {
      throw invalid(resource, name, [invalidValue('metadata.resourceVersion', 0, 'must be specified for an update')]);
    }
    return this.write(target, live, draft, options);
  }

  patch(target: Target, patched: Patch, patch: unknown, options: WriteOptions): KubeObject {
    const { resource, name, namespace } = target;
    const live = this.store.require(resource, namespace, name);
    const draft = this.decode(resource, patched(live, patch, resource.schema), options);
    const { uid } = draft.metadata;
    // A whole object with another uid is a conflict; a patch of the uid is a change of an immutable field.
    if (uid !== live.metadata.uid) throw invalid(resource, name, [invalidValue('metadata.uid', uid, 'field is immutable')]);
    return this.write(target, live, draft, options);
  }

  /** Server-side apply; creates an absent object. Tells whether it did. */
  apply(target: Target, body: unknown, options: WriteOptions): { readonly object: KubeObject; readonly isNew: boolean } {
    const { resource, name, namespace } = target;
    if (!isObject(body)) throw badRequest('error decoding YAML: an apply patch is an object');
    const configuration = typed(resource, body);
    const { uid, resourceVersion, managedFields } = configuration.metadata;
    if (managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
    const [unknown] = prune(configuration, resource.schema);
    if (unknown !== undefined) {
      const subject = `${namespace === undefined ? '' : `${namespace}/`}${name}; ${resource.apiVersion}, Kind=${resource.kind}`;
      throw internalError(`failed to create typed patch object (${subject}): .${unknown}: field not declared in schema`);
    }
    placeIn(resource, namespace, configuration.metadata);
    requireName(configuration.metadata.name ?? name, name);
    configuration.metadata.name = name;
    const live = this.store.get(resource, namespace, name);
    if (live === undefined && (target.subresource !== undefined || uid || resourceVersion)) throw notFound(resource, name);
    const writer = writerOf(target, options, 'Apply');
    const draft = applyConfiguration({ live, configuration, resource, writer, force: options.force, now: timestamp(this.now()) });
    return { object: this.write(target, live, copyOf(draft), options, draft.metadata.managedFields), isNew: live === undefined };
  }

  /** Writes a draft. An apply has the new managedFields; any other write gets the fields that it changes. */
  private write(
    target: Target,
    live: KubeObject | undefined,
    draft: Draft,
    options: WriteOptions,
    managedFields?: Metadata['managedFields'],
  ): KubeObject {
    const { resource, namespace, name, subresource } = target;
    if (live === undefined) this.requireNamespace(target);
    else requirePreconditions(resource, live, draft.metadata);
    const next = live === undefined ? this.identified(resource, draft) : restored(target, live, draft);
    if (subresource === undefined) completeBuiltIn(resource, next, live);
    this.complete(target, next, live, options);
    if (live === undefined && this.store.get(resource, namespace, name) !== undefined) throw alreadyExists(resource, name);
    if (live !== undefined && resource.hasGeneration && !isEqual(generationPart(next, resource), generationPart(live, resource)))
      next.metadata.generation = (live.metadata.generation ?? 0) + 1;
    const writer = writerOf(target, options, 'Update');
    next.metadata.managedFields = managedFields ?? ownersAfterUpdate(live, next, resource, writer, timestamp(this.now()));
    if (live !== undefined && isEqual(next, live)) return live;
    if (options.dryRun) return next;
    const stored = this.store.put(resource, next);
    this.onSaved(resource, stored);
    return stored;
  }

  /** Returns the draft of a new object with the metadata that the API makes. */
  private identified(resource: Resource, { status, ...draft }: Draft): Draft {
    const { name, generateName, namespace, labels, annotations, ownerReferences, finalizers } = draft.metadata;
    const given = { name, generateName, namespace, labels, annotations, ownerReferences, finalizers };
    const generation = resource.hasGeneration ? 1 : undefined;
    const made = { uid: uidOf(this.store.nextNumber()), creationTimestamp: timestamp(this.now()), generation };
    const metadata = withoutUndefined({ ...given, ...made }) as Metadata;
    return { ...draft, ...(resource.hasStatus || status === undefined ? {} : { status }), metadata };
  }

  private complete(target: Target, draft: Draft, old: KubeObject | undefined, { dryRun }: WriteOptions): void {
    const { resource, subresource } = target;
    conform(target, draft, old);
    const { store } = this;
    const operation = old === undefined ? 'CREATE' : 'UPDATE';
    const request: AdmissionRequest = { operation, subresource, object: draft, old, store, dryRun };
    if (mutate(this.rules, resource, request)) conform(target, draft, old);
    admit(this.rules, resource, request);
  }

  private decode(resource: Resource, body: unknown, { fieldValidation, warn }: WriteOptions): Draft {
    if (!isObject(body)) throw badRequest('the body of the request is not an object');
    const draft = typed(resource, body);
    const unknown = resource.isCustom ? prune(draft, resource.schema).map((path) => `unknown field "${path}"`) : [];
    if (unknown.length > 0 && fieldValidation === 'Strict') {
      const subject = `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`;
      throw badRequest(`${subject}: strict decoding error: ${unknown.join(', ')}`);
    }
    if (fieldValidation === 'Warn') unknown.forEach(warn);
    return draft;
  }

  private requireNamespace({ resource, namespace = '', name }: Target): void {
    if (!resource.namespaced) return;
    const found = this.store.get(KINDS.Namespace, undefined, namespace);
    if (found === undefined) throw notFound({ plural: 'namespaces', group: '' }, namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw forbidden(`${resource.plural} "${name}" is forbidden: ${why}`, resource, name);
  }
}

function writerOf({ resource, subresource }: Target, { manager }: WriteOptions, operation: Writer['operation']): Writer {
  return { manager, operation, apiVersion: resource.apiVersion, ...(subresource === undefined ? {} : { subresource }) };
}

/** Returns a draft of a body that may be of this kind. */
function typed(resource: Resource, body: Readonly<Record<string, unknown>>): Draft {
  const { apiVersion, kind } = body;
  if (resource.isCustom && kind === undefined) {
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): Object 'Kind' is missing`);
  }
  if (apiVersion !== undefined && apiVersion !== resource.apiVersion) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${resource.apiVersion})`);
  }
  if (kind !== undefined && kind !== resource.kind) {
    throw badRequest(`${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`);
  }
  // Clients written in Go send null for an absent creationTimestamp.
  const metadata = Object.fromEntries(Object.entries(body.metadata ?? {}).filter(([, value]) => value !== null));
  const problems = validate(metadata, METADATA, 'metadata');
  if (problems.length > 0) throw badRequest(`error decoding the metadata of the object: ${formatProblems(problems)}`);
  return { ...copyOf({ ...body, metadata }), apiVersion: resource.apiVersion, kind: resource.kind } as Draft;
}

/** Returns the draft with the fields of the live object that this request cannot write. Nothing changes those, so that they are not copied. */
function restored({ resource, subresource }: Target, live: KubeObject, draft: Draft): Draft {
  const old: Metadata = live.metadata as Metadata;
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation, resourceVersion, name, namespace } = old;
  const identity = { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation, resourceVersion, name, namespace };
  const metadata = withoutUndefined({ ...draft.metadata, ...identity }) as Metadata;
  // Kubernetes' own kinds accept metadata with a status, custom ones do not.
  if (subresource === 'status') return { ...live, metadata: resource.isCustom ? { ...old } : metadata, status: draft.status };
  const next: Draft = { ...draft, metadata };
  return resource.hasStatus ? (withoutUndefined({ ...next, status: live.status }) as Draft) : next;
}

function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** Defaults and validates the part that the request can write. */
function conform({ resource, subresource, name }: Target, draft: Draft, old: KubeObject | undefined): void {
  const { schema, isCustom } = resource;
  const [part, partSchema, path] = subresource === 'status' ? [draft.status, schema.properties?.status, 'status'] : [draft, schema, ''];
  if (isCustom) fillDefaults(part, partSchema);
  const problems = [...metadataProblems(draft), ...(isCustom ? validate(part, partSchema, path) : kindProblems(resource, draft, old))];
  if (problems.length > 0) throw invalid(resource, name, problems);
}

function placeIn(resource: Resource, namespace: string | undefined, metadata: { namespace?: string }): void {
  if (!resource.namespaced || namespace === undefined) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = namespace;
}

function requireName(given: string, wanted: string): void {
  if (given !== wanted) throw badRequest(`the name of the object (${given}) does not match the name on the URL (${wanted})`);
}

/** The part of an object with changes that count as a new generation. */
function generationPart({ metadata: _metadata, status, ...rest }: Draft | KubeObject, resource: Resource): object {
  return resource.hasStatus ? rest : { ...rest, status };
}
