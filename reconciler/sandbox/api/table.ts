/** Tables: how the server prints objects for `kubectl get`. */
import type { KubeObject } from '../../../constructs/model/kube-object';
import type { Tree } from './json';
import type { Resource } from './resources';

/** Tells whether the client would rather have a table. */
export function wantsTable(accept: string): boolean {
  return accept.includes('as=Table');
}

/** What comes with a row: `Metadata` is enough to follow an object; whoever sorts rows by a field asks for the whole `Object`. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly resourceVersion: string;
  readonly now: Date;
  readonly includeObject: IncludeObject;
}

/** Returns objects as rows. */
export function table(resource: Resource, objects: readonly KubeObject[], { resourceVersion, now, includeObject }: TableOptions): Tree {
  const name = { name: 'Name', type: 'string', format: 'name', description: 'Name of the object', priority: 0 };
  const columns = resource.columns.map(({ name, type, priority }) => ({ name, type, format: '', description: name, priority }));
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: [name, ...columns],
    rows: objects.map((object) => ({
      cells: [object.metadata.name, ...resource.columns.map((column) => column.cell(object, now))],
      ...rowObject(object, includeObject),
    })),
  };
}

function rowObject(object: KubeObject, included: IncludeObject): Tree {
  if (included === 'None') return {};
  if (included === 'Object') return { object };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } };
}
