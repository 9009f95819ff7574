/** Watches: the changes of a kind after a resourceVersion, one JSON line each. */
import type { KubeObject } from '#model/kube-object';
import { ApiFailure, badRequest } from './failure';
import type { Resource } from './resources';
import type { Matches } from './selectors';
import type { Change, Store } from './store';

/** Reason of an abort when the time of a watch is over. A client that asked for bookmarks gets a last one. */
export const WATCH_TIMEOUT = Symbol('watch timeout');

export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly matches: Matches;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal | undefined;
  /** Turns the object of an event into JSON. */
  readonly render: (object: KubeObject) => string;
}

/**
 * Returns the lines of a watch. Without a resourceVersion, or with 0, it starts with the present objects. It reads the store's history
 * instead of keeping a queue, so that a slow reader costs nothing; a reader that is too slow gets 410.
 */
export function watch(store: Store, request: WatchRequest): AsyncIterable<string> {
  const asked = request.query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(asked)) throw badRequest(`invalid resource version "${asked}"`);
  if (request.query.get('sendInitialEvents') === 'true')
    throw badRequest('sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled');
  const revision = Number(asked);
  if (revision > 0) return follow(store, request, revision, []);
  const present = store.list(request.resource, request.namespace).filter(request.matches);
  return follow(store, request, store.revision, present);
}

async function* follow(store: Store, request: WatchRequest, from: number, present: readonly KubeObject[]): AsyncGenerator<string> {
  const { resource, signal } = request;
  let revision = from;
  for (const object of present) yield line('ADDED', request.render(object));
  while (!signal?.aborted) {
    let changes: readonly Change[];
    try {
      changes = store.changesAfter(resource, revision);
    } catch (failure) {
      if (!(failure instanceof ApiFailure)) throw failure;
      yield line('ERROR', JSON.stringify(failure.status));
      return;
    }
    for (const change of changes) {
      revision = change.revision;
      const text = eventOf(change, request);
      if (text !== undefined) yield text;
    }
    if (changes.length === 0) await store.nextChange(resource, signal);
  }
  if (signal?.reason === WATCH_TIMEOUT && request.query.get('allowWatchBookmarks') === 'true') yield bookmark(resource, store.revision);
}

/** Under a selector, a change of an object's labels or fields adds it to the watch or deletes it from the watch. */
function eventOf(change: Change, { namespace, matches, render }: WatchRequest): string | undefined {
  if (namespace !== undefined && change.object.metadata.namespace !== namespace) return undefined;
  const before = change.previous !== undefined && matches(change.previous);
  const after = change.type !== 'DELETED' && matches(change.object);
  if (!before && !after) return undefined;
  return line(after ? (before ? 'MODIFIED' : 'ADDED') : 'DELETED', render(change.object));
}

function line(type: string, object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}

function bookmark({ apiVersion, kind }: Resource, revision: number): string {
  const metadata = { resourceVersion: String(revision), creationTimestamp: null };
  return line('BOOKMARK', JSON.stringify({ kind, apiVersion, metadata }));
}
