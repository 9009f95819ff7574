/** OpenAPI v3 documents, with what `kubectl` looks up before it applies: schemas, and that a patch takes `fieldValidation`. */
import type { Tree } from './json';
import type { Resource } from './resources';

/** Returns the document at an OpenAPI path, or undefined for any other path. */
export function openApi(path: string, resources: readonly Resource[]): Tree | undefined {
  if (!path.startsWith('/openapi/v3')) return undefined;
  const versions = [...new Set(resources.map((r) => r.apiVersion))];
  const place = (apiVersion: string) => (apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`);
  if (path === '/openapi/v3') {
    return { paths: Object.fromEntries(versions.map((v) => [place(v), { serverRelativeURL: `/openapi/v3/${place(v)}` }])) };
  }
  const apiVersion = versions.find((v) => path === `/openapi/v3/${place(v)}`);
  return apiVersion === undefined
    ? undefined
    : groupDocument(
        place(apiVersion),
        resources.filter((r) => r.apiVersion === apiVersion),
      );
}

function groupDocument(place: string, resources: readonly Resource[]): Tree {
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'sandbox' },
    paths: Object.fromEntries(
      resources.map((r) => [`/${place}${r.namespaced ? '/namespaces/{namespace}' : ''}/${r.plural}/{name}`, objectPath(r)]),
    ),
    components: { schemas: Object.fromEntries(resources.map((r) => [schemaName(r), { ...r.schema, ...gvkList(r) }])) },
  };
}

const schemaName = ({ group, version, kind }: Resource) =>
  [...(group === '' ? ['core'] : group.split('.').reverse()), version, kind].join('.');
const gvk = ({ group, version, kind }: Resource) => ({ group, version, kind });
const gvkList = (r: Resource) => ({ 'x-kubernetes-group-version-kind': [gvk(r)] });

function objectPath(resource: Resource): Tree {
  const schema = { $ref: `#/components/schemas/${schemaName(resource)}` };
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  }));
  const content = { 'application/json': { schema } };
  const responses = { 200: { description: 'OK', content } };
  const action = (verb: string) => ({
    'x-kubernetes-action': verb,
    'x-kubernetes-group-version-kind': gvk(resource),
    parameters,
    responses,
  });
  return { get: action('get'), put: action('put'), patch: action('patch'), delete: action('delete') };
}
