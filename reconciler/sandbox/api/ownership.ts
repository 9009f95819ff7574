/**
 * Who owns which field: `metadata.managedFields`. An apply owns what it sends and is refused what others own and it would change;
 * any other write owns what it changes and takes it from whoever had it.
 */
import { isEqual, type KubeObject } from '../../../constructs/model/kube-object';
import { ApiFailure } from './failure';
import { FieldSet, formatPath, type Path } from './field-set';
import type { Tree } from './json';
import { compare, fieldsOf, merge, withoutFields } from './merge';
import type { Resource } from './resources';

/** Who writes, by which kind of request and through which subresource. */
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

/** Fields that nobody owns. */
const UNOWNED: readonly Path[] = [
  ['f:apiVersion'],
  ['f:kind'],
  ...[
    'name',
    'generateName',
    'namespace',
    'uid',
    'resourceVersion',
    'creationTimestamp',
    'selfLink',
    'generation',
    'managedFields',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ].map((name) => ['f:metadata', `f:${name}`]),
];
/** The object itself and its metadata are there without anybody's doing. */
const ALWAYS_THERE = FieldSet.of([[], ['f:metadata']]);

function ownersOf(object: KubeObject | undefined): Owner[] {
  const entries = (object?.metadata.managedFields ?? []) as readonly Tree[];
  return entries.map(({ manager, operation, apiVersion, subresource, time, fieldsV1 }) => ({
    manager,
    operation,
    apiVersion,
    ...(subresource === undefined ? {} : { subresource }),
    time,
    fields: FieldSet.parse(fieldsV1),
  }));
}

function entriesOf(owners: readonly Owner[]): Tree[] {
  return owners
    .filter((owner) => !owner.fields.isEmpty())
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: fields.toFieldsV1(),
      ...(subresource === undefined ? {} : { subresource }),
    }));
}

function isSameWriter(a: Writer, b: Writer): boolean {
  return a.manager === b.manager && a.operation === b.operation && a.apiVersion === b.apiVersion && a.subresource === b.subresource;
}

function bySelf(owners: readonly Owner[], writer: Writer, fields: FieldSet, now: string): Owner[] {
  const mine = owners.find((o) => isSameWriter(o, writer));
  if (mine === undefined) return [...owners, { ...writer, time: now, fields }];
  const time = isEqual(mine.fields.toFieldsV1(), fields.toFieldsV1()) ? mine.time : now;
  return owners.map((o) => (o === mine ? { ...mine, time, fields } : o));
}

/** Returns the managedFields after a write that is not an apply. */
export function ownersAfterUpdate(
  before: KubeObject | undefined,
  after: KubeObject,
  resource: Resource,
  writer: Writer,
  now: string,
): Tree[] {
  const difference = compare(before, after, resource.schema);
  const changed = difference.changed.withoutTrees(UNOWNED).without(ALWAYS_THERE);
  const others = ownersOf(before).map((owner) => {
    const kept = owner.fields.without(difference.removed);
    return { ...owner, fields: isSameWriter(owner, writer) ? kept : kept.without(changed) };
  });
  const mine = others.find((o) => isSameWriter(o, writer))?.fields ?? new FieldSet();
  if (changed.isEmpty()) return entriesOf(others);
  return entriesOf(bySelf(others, writer, mine.union(changed), now));
}

export interface ApplyRequest {
  readonly live: KubeObject | undefined;
  readonly configuration: Tree;
  readonly resource: Resource;
  readonly writer: Writer;
  readonly force: boolean;
  readonly now: string;
}

/** Returns what a server-side apply makes of the live object, with its managedFields. Throws 409 naming managers and fields. */
export function applyConfiguration({ live, configuration, resource, writer, force, now }: ApplyRequest): Tree {
  const { schema } = resource;
  const isStatus = writer.subresource === 'status';
  const untouchable = [...UNOWNED, ...(isStatus ? [['f:spec'], ['f:metadata']] : resource.hasStatus ? [['f:status']] : [])];
  const sent = fieldsOf(configuration, schema);
  const fields = sent.withoutTrees(untouchable);
  const owners = ownersOf(live);
  const mine = owners.find((o) => isSameWriter(o, writer));
  const others = owners.filter((o) => o !== mine);

  const laidOver = merge(live, configuration, schema);
  const merged = withoutFields(laidOver, schema, abandoned(mine?.fields, sent, others)) as Tree;
  const difference = compare(live, merged, schema);
  const changed = difference.changed.withoutTrees(untouchable).without(ALWAYS_THERE);
  if (!force) refuseConflicts(others, changed);

  const remaining = others.map((owner) => ({ ...owner, fields: owner.fields.without(difference.removed).without(changed) }));
  const all = mine === undefined ? remaining : owners.map((o) => (o === mine ? mine : (remaining[others.indexOf(o)] ?? o)));
  const metadata = { ...merged.metadata, managedFields: entriesOf(bySelf(all, writer, fields, now)) };
  return { ...merged, metadata };
}

/** Returns the fields that this manager applied before, does not apply now, and that nobody else owns. */
function abandoned(before: FieldSet | undefined, now: FieldSet, others: readonly Owner[]): ReadonlySet<string> {
  const gone = (before?.touched() ?? []).filter((path) => !now.touches(path) && !others.some((o) => o.fields.touches(path)));
  return new Set(gone.map((path) => JSON.stringify(path)));
}

function refuseConflicts(others: readonly Owner[], changed: FieldSet): void {
  const conflicts = others.flatMap((owner) => owner.fields.common(changed).map((path) => ({ owner, field: formatPath(path) })));
  if (conflicts.length === 0) return;
  const names = [...new Set(conflicts.map((c) => formatOwner(c.owner)))].sort();
  const list = names.flatMap((name) => [
    `conflicts with ${name}:`,
    ...conflicts.filter((c) => formatOwner(c.owner) === name).map((c) => `- ${c.field}`),
  ]);
  const message =
    conflicts.length === 1
      ? `Apply failed with 1 conflict: conflict with ${names[0]}: ${conflicts[0]?.field}`
      : `Apply failed with ${conflicts.length} conflicts: ${list.join('\n')}`;
  throw new ApiFailure(409, 'Conflict', message, {
    causes: conflicts.map((c) => ({ reason: 'FieldManagerConflict', message: `conflict with ${formatOwner(c.owner)}`, field: c.field })),
  });
}

function formatOwner({ manager, operation, apiVersion, subresource, time }: Owner): string {
  const name = `"${manager}"${subresource === undefined ? '' : ` with subresource "${subresource}"`}`;
  return operation === 'Apply' ? name : `${name} using ${apiVersion} at ${time}`;
}
