/** Tables: how the server prints objects for `kubectl get`. */
import type { KubeObject } from '../../../constructs/model/kube-object';
import type { Tree } from './json';
import type { Resource } from './resources';

/** Tells whether the client would rather have a table. */
export function wantsTable(accept: string): boolean {
  return accept.includes('as=Table');
}

/** Returns objects as rows, with the metadata a client needs to follow them. */
export function table(resource: Resource, objects: readonly KubeObject[], resourceVersion: string, now: Date): Tree {
  const name = { name: 'Name', type: 'string', format: 'name', description: 'Name of the object', priority: 0 };
  const columns = resource.columns.map(({ name, type, priority }) => ({ name, type, format: '', description: name, priority }));
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: [name, ...columns],
    rows: objects.map((object) => ({
      cells: [object.metadata.name, ...resource.columns.map((column) => column.cell(object, now))],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}
