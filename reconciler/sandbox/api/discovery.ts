/** What clients ask before anything else: the groups, versions and kinds that are served, and what a patch takes. */
import type { JsonObject } from './json';
import type { Resource } from './resources';

/** Version that the API claims to have. */
const KUBERNETES_VERSION = { major: '1', minor: '32', gitVersion: 'v1.32.0+sandbox', platform: 'sandbox' };

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

/** Returns the document at a discovery path, or undefined for any other path. A string is plain text. */
export function discovery(path: string, resources: readonly Resource[]): JsonObject | string | undefined {
  if (/^\/(readyz|livez|healthz)$/.test(path)) return 'ok';
  if (path === '/version') return KUBERNETES_VERSION;
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/api/v1') return resourceList('v1', resources);
  if (path.startsWith('/openapi/v3')) return openApi(path, resources);
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(resources) };
  const groupVersion = /^\/apis\/([^/]+\/[^/]+)$/.exec(path)?.[1];
  return resources.some((r) => r.apiVersion === groupVersion) ? resourceList(String(groupVersion), resources) : undefined;
}

/** Every group here is served in one version. */
function groupsOf(resources: readonly Resource[]): readonly JsonObject[] {
  const versions = new Map(resources.filter((r) => r.group !== '').map((r) => [r.group, r.version]));
  return [...versions].map(([name, version]) => {
    const served = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [served], preferredVersion: served };
  });
}

function resourceList(groupVersion: string, resources: readonly Resource[]): JsonObject {
  const served = resources.filter((r) => r.apiVersion === groupVersion);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: served.flatMap(entriesOf) };
}

function entriesOf({ plural, namespaced, kind, shortNames, hasStatus }: Resource): readonly JsonObject[] {
  const subresource = { singularName: '', namespaced };
  return [
    { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs: VERBS, shortNames },
    ...(hasStatus ? [{ ...subresource, name: `${plural}/status`, kind, verbs: ['get', 'patch', 'update'] }] : []),
    ...(kind === 'Pod'
      ? [{ ...subresource, name: 'pods/eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] }]
      : []),
  ];
}

/** OpenAPI v3, as far as `kubectl` needs it before it applies: which parameters a patch of each kind takes. There are no schemas in it. */
function openApi(path: string, resources: readonly Resource[]): JsonObject {
  const folderOf = (apiVersion: string) => (apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`);
  const folders = new Set(resources.map((r) => folderOf(r.apiVersion)));
  if (path === '/openapi/v3') {
    return { paths: Object.fromEntries([...folders].map((folder) => [folder, { serverRelativeURL: `/openapi/v3/${folder}` }])) };
  }
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({ name, in: 'query' }));
  const served = resources.filter((r) => path === `/openapi/v3/${folderOf(r.apiVersion)}`);
  const paths = served.map(({ apiVersion, group, version, kind, plural }) => [
    `/${folderOf(apiVersion)}/${plural}/{name}`,
    { patch: { 'x-kubernetes-action': 'patch', 'x-kubernetes-group-version-kind': { group, version, kind }, parameters, responses: {} } },
  ]);
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'sandbox' }, paths: Object.fromEntries(paths) };
}
