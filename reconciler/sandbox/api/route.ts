/** The kind, object and verb of a request, from its path and method. */
import { badRequest, methodNotAllowed } from './failure';
import type { Resource } from './resources';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** `eviction` takes POST only, `portforward` GET only: a request to become a WebSocket. */
export type Subresource = 'status' | 'eviction' | 'portforward';

/** The object of a request; with an empty name, the whole collection. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface ResourceRoute extends Target {
  readonly verb: Verb;
  readonly subresource: Subresource | undefined;
}

const PATH = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))(?:\/namespaces\/([^/]+)(?=\/(?!status$)))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?\/?$/;

/** Returns the target of a request, or undefined if nothing is served at its path. Throws 405 if the target does not take the method. */
export function route(url: URL, method: string, resources: readonly Resource[]): ResourceRoute | undefined {
  const [, core, extension, namespace, plural, name = '', subresource] = (PATH.exec(url.pathname) ?? []).map(decoded);
  const resource = resources.find((r) => r.plural === plural && r.apiVersion === (core ?? extension));
  if (resource === undefined || (namespace !== undefined && !resource.namespaced) || !hasSubresource(resource, subresource))
    return undefined;
  const verb = verbOf(method, name, subresource, url.searchParams);
  if (verb === undefined || (resource.namespaced && namespace === undefined && verb !== 'list' && verb !== 'watch'))
    throw methodNotAllowed();
  return { verb, resource, namespace, name, subresource };
}

function decoded(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    throw badRequest(`invalid URL escape "${part}"`);
  }
}

function hasSubresource(resource: Resource, subresource: string | undefined): subresource is Subresource | undefined {
  if (subresource === undefined) return true;
  return subresource === 'status' ? resource.hasStatus : ['eviction', 'portforward'].includes(subresource) && resource.kind === 'Pod';
}

function verbOf(method: string, name: string, subresource: string | undefined, query: URLSearchParams): Verb | undefined {
  if (subresource === 'eviction') return method === 'POST' ? 'create' : undefined;
  if (subresource === 'portforward') return method === 'GET' ? 'get' : undefined;
  if (name === '') {
    if (method === 'POST') return 'create';
    const isWatch = ['true', '1'].includes(query.get('watch') ?? '');
    return method === 'GET' ? (isWatch ? 'watch' : 'list') : undefined;
  }
  const verbs: Readonly<Record<string, Verb>> = { GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
  const verb = verbs[method];
  return verb === 'delete' && subresource !== undefined ? undefined : verb;
}
