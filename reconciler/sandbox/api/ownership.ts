/**
 * The owners of each field: `metadata.managedFields`. An apply owns the fields that it sends, and is refused if it would change fields of
 * other owners. Any other write owns the fields that it changes and takes them from their owners.
 */
import type { KubeObject } from '#model/kube-object';
import { ApiFailure } from './failure';
import { type FieldSet, formatPath, outside, pathTo, ROOT, readFieldSet, union, withAncestors, without, writeFieldSet } from './field-set';
import type { Draft, Metadata } from './json';
import { compare, fieldsOf, merge, withoutAbandoned } from './merge';
import type { Resource } from './resources';

/** One writer: by which manager, kind of request and subresource objects are written. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string;
}

interface Owner extends Writer {
  readonly time: string;
  readonly fields: FieldSet;
}

type ManagedFields = NonNullable<Metadata['managedFields']>;

const SERVER_METADATA = [
  ...['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'selfLink', 'generation', 'managedFields'],
  ...['deletionTimestamp', 'deletionGracePeriodSeconds'],
];
/** Fields without an owner. */
const UNOWNED = ['f:apiVersion', 'f:kind', ...SERVER_METADATA.map((name) => pathTo('f:metadata', `f:${name}`))];
/** Every object has these fields, for every writer. */
const ALWAYS_THERE: FieldSet = new Set([ROOT, 'f:metadata']);

function ownersOf(object: KubeObject | undefined): readonly Owner[] {
  const entries = (object?.metadata.managedFields ?? []) as readonly (Omit<Owner, 'fields'> & { readonly fieldsV1?: unknown })[];
  return entries.map(({ fieldsV1, ...owner }) => ({ ...owner, fields: readFieldSet(fieldsV1) }));
}

function entriesOf(owners: readonly Owner[]): ManagedFields {
  return owners
    .filter((owner) => owner.fields.size > 0)
    .map(({ fields, ...owner }) => ({ ...owner, fieldsType: 'FieldsV1', fieldsV1: writeFieldSet(fields) }));
}

function isSameWriter(a: Writer, b: Writer): boolean {
  return a.manager === b.manager && a.operation === b.operation && a.apiVersion === b.apiVersion && a.subresource === b.subresource;
}

/** Returns the owners after a writer got these fields. The entry of a writer that changes nothing keeps its time. */
function withFields(
  owners: readonly Owner[],
  writer: Writer,
  { fields, isChanged }: { readonly fields: FieldSet; readonly isChanged: boolean },
  now: string,
): readonly Owner[] {
  const mine = owners.find((owner) => isSameWriter(owner, writer));
  if (mine === undefined) return [...owners, { ...writer, time: now, fields }];
  const isSame = mine.fields.size === fields.size && without(fields, mine.fields).size === 0;
  return owners.map((owner) => (owner === mine ? { ...mine, time: isSame && !isChanged ? mine.time : now, fields } : owner));
}

/** Returns owners without the fields that are gone and, except for the writer, without those that the writer took. */
function afterWrite(owners: readonly Owner[], writer: Writer, changed: FieldSet, removed: FieldSet): readonly Owner[] {
  return owners.map((owner) => {
    const left = without(owner.fields, removed);
    return { ...owner, fields: isSameWriter(owner, writer) ? left : without(left, changed) };
  });
}

/** Returns the managedFields after a write that is not an apply. */
export function ownersAfterUpdate(
  before: KubeObject | undefined,
  after: Draft,
  resource: Resource,
  writer: Writer,
  now: string,
): ManagedFields {
  const diff = compare(before, after, resource.schema);
  const changed = without(outside(new Set(diff.changed), UNOWNED), ALWAYS_THERE);
  const owners = afterWrite(ownersOf(before), writer, changed, new Set(diff.removed));
  if (changed.size === 0) return entriesOf(owners);
  const mine = owners.find((owner) => isSameWriter(owner, writer))?.fields ?? new Set();
  return entriesOf(withFields(owners, writer, { fields: union(mine, changed), isChanged: true }, now));
}

export interface ApplyRequest {
  readonly live: KubeObject | undefined;
  readonly configuration: Draft;
  readonly resource: Resource;
  readonly writer: Writer;
  readonly force: boolean;
  readonly now: string;
}

/** Returns what a server-side apply makes of the live object, with its managedFields. Throws 409 with the managers and fields in conflict. */
export function applyConfiguration({ live, configuration, resource, writer, force, now }: ApplyRequest): Draft {
  const { schema } = resource;
  const otherParts = writer.subresource === 'status' ? ['f:spec', 'f:metadata'] : resource.hasStatus ? ['f:status'] : [];
  const untouchable = [...UNOWNED, ...otherParts];
  const sent: FieldSet = new Set(fieldsOf(configuration, schema));
  const owners = ownersOf(live);
  const mine = owners.find((owner) => isSameWriter(owner, writer));
  const others = owners.filter((owner) => owner !== mine);

  const laidOver = merge(live, configuration, schema);
  const stillOwned = others.reduce((fields, owner) => union(fields, owner.fields), sent);
  const merged = mine === undefined ? laidOver : withoutAbandoned(laidOver, schema, withAncestors(mine.fields), withAncestors(stillOwned));
  const diff = compare(live, merged, schema);
  const changed = without(outside(new Set(diff.changed), untouchable), ALWAYS_THERE);
  if (!force) refuseConflicts(others, changed);

  const remaining = afterWrite(owners, writer, changed, new Set(diff.removed));
  const managedFields = entriesOf(withFields(remaining, writer, { fields: outside(sent, untouchable), isChanged: changed.size > 0 }, now));
  const draft = merged as Draft;
  return { ...draft, metadata: { ...draft.metadata, managedFields } };
}

function refuseConflicts(others: readonly Owner[], changed: FieldSet): void {
  const conflicts = others.flatMap((owner) =>
    [...owner.fields].filter((path) => changed.has(path)).map((path) => ({ owner: formatOwner(owner), field: formatPath(path) })),
  );
  if (conflicts.length === 0) return;
  const names = [...new Set(conflicts.map((c) => c.owner))].sort();
  const list = names.flatMap((name) => [
    `conflicts with ${name}:`,
    ...conflicts.filter((c) => c.owner === name).map((c) => `- ${c.field}`),
  ]);
  const [first] = conflicts;
  const message =
    conflicts.length === 1
      ? `Apply failed with 1 conflict: conflict with ${first?.owner}: ${first?.field}`
      : `Apply failed with ${conflicts.length} conflicts: ${list.join('\n')}`;
  const causes = conflicts.map((c) => ({ reason: 'FieldManagerConflict', message: `conflict with ${c.owner}`, field: c.field }));
  throw new ApiFailure(409, 'Conflict', message, { causes });
}

function formatOwner({ manager, operation, apiVersion, subresource, time }: Owner): string {
  const name = `"${manager}"${subresource === undefined ? '' : ` with subresource "${subresource}"`}`;
  return operation === 'Apply' ? name : `${name} using ${apiVersion} at ${time}`;
}
