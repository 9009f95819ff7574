/** What a client asks an API server for, in the words of a Role: read off the requests that it sends. */
import type { HttpTransport, TransportRequest } from '#reconciler/cluster/http';

export interface Asked {
  readonly group: string;
  /** With its subresource: `pods/eviction`. */
  readonly resource: string;
  readonly verb: string;
  readonly name: string | undefined;
}

/** A rule of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Returns a transport that tells what is asked over it. */
export function telling(transport: HttpTransport, tell: (asked: Asked) => void): HttpTransport {
  return {
    ...transport,
    request: async (request) => {
      const asked = askedBy(request);
      if (asked !== undefined) tell(asked);
      const response = await transport.request(request);
      // An apply of what is not there needs the right to create it, too.
      if (asked?.verb === 'patch' && response.status === 201) tell({ ...asked, verb: 'create' });
      return response;
    },
  };
}

/** /apis/GROUP/VERSION/namespaces/NAMESPACE/RESOURCE/NAME/SUBRESOURCE, with /api/VERSION for the core group; a list has no name. */
const NAMESPACED = /^\/(?:api|apis\/(?<group>[^/]+))\/[^/]+\/namespaces\/[^/]+\/(?<resource>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<sub>.+))?)?$/;

export function askedBy({ method, path, query = {} }: TransportRequest): Asked | undefined {
  const { group = '', resource = '', name, sub } = NAMESPACED.exec(path)?.groups ?? {};
  if (resource === '') return undefined; // of the whole cluster, which no Role is about
  const reading = query.watch === 'true' ? 'watch' : name === undefined ? 'list' : 'get';
  const verb = { GET: reading, POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method];
  return { group, resource: sub === undefined ? resource : `${resource}/${sub}`, verb, name };
}

/** Returns what rules allow that was never asked for, a line each: `update pods`. */
export function idleIn(rules: readonly Rule[], asked: readonly Asked[]): readonly string[] {
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    verbs.flatMap((verb) => {
      const isUsed = asked.some(
        (a) =>
          apiGroups.includes(a.group) &&
          resources.includes(a.resource) &&
          a.verb === verb &&
          (resourceNames === undefined || resourceNames.includes(a.name ?? '')),
      );
      return isUsed ? [] : [`${verb} ${resources.join(', ')}`];
    }),
  );
}
