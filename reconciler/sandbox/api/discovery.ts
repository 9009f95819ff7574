/** Discovery: which groups, versions and kinds there are, as clients ask before anything else. */
import type { Tree } from './json';
import type { Resource } from './resources';

/** Version that the API claims to have. */
export const KUBERNETES_VERSION = { major: '1', minor: '32', gitVersion: 'v1.32.0+sandbox' };

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

/** Kinds that are only asked with, never stored. */
const REVIEWS: Tree = {
  name: 'selfsubjectaccessreviews',
  singularName: 'selfsubjectaccessreview',
  namespaced: false,
  kind: 'SelfSubjectAccessReview',
  verbs: ['create'],
};
const REVIEW_GROUP = 'authorization.k8s.io';

/** Returns the document at a discovery path, or undefined for any other path. A string is plain text. */
export function discovery(path: string, resources: readonly Resource[]): Tree | string | undefined {
  if (/^\/(readyz|livez|healthz)$/.test(path)) return 'ok';
  if (path === '/version') return { ...KUBERNETES_VERSION, platform: 'sandbox' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/api/v1') return resourceList('v1', resources);
  const [isDiscovery, group, version] = /^\/apis(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(path) ?? [];
  if (isDiscovery === undefined) return undefined;
  const groups = [...new Set(resources.map((r) => r.group)), REVIEW_GROUP].filter((name) => name !== '');
  if (group === undefined) return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((g) => groupOf(g, resources)) };
  if (!groups.includes(group)) return undefined;
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group, resources) };
  if (group === REVIEW_GROUP) return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/v1`, resources: [REVIEWS] };
  return resources.some((r) => r.apiVersion === `${group}/${version}`) ? resourceList(`${group}/${version}`, resources) : undefined;
}

function groupOf(name: string, resources: readonly Resource[]): Tree {
  const served = new Set(resources.filter((r) => r.group === name).map((r) => r.version));
  const versions = (name === REVIEW_GROUP ? ['v1'] : [...served]).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(groupVersion: string, resources: readonly Resource[]): Tree {
  const served = resources.filter((r) => r.apiVersion === groupVersion);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: served.flatMap(entriesOf) };
}

function entriesOf({ plural, singular, namespaced, kind, shortNames, categories, hasStatus }: Resource): Tree[] {
  const entry = { name: plural, singularName: singular, namespaced, kind, verbs: VERBS, shortNames, categories };
  const status = { name: `${plural}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update'] };
  const eviction = {
    name: 'pods/eviction',
    singularName: '',
    namespaced,
    group: 'policy',
    version: 'v1',
    kind: 'Eviction',
    verbs: ['create'],
  };
  return [entry, ...(hasStatus ? [status] : []), ...(kind === 'Pod' ? [eviction] : [])];
}
