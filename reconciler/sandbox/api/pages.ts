/** Lists in pages: `limit` objects at a time, and `continue` for the following ones, all of one state of the store. */
import type { KubeObject } from '#model/kube-object';
import { ApiFailure, badRequest } from './failure';

interface Snapshot {
  readonly objects: readonly KubeObject[];
  readonly revision: number;
}

interface Page {
  readonly objects: readonly KubeObject[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

/** A list that is not continued is forgotten, after this many other ones. */
const REMEMBERED = 20;

export class Pages {
  /** The objects that follow, by the token of the client. */
  private readonly following = new Map<string, Snapshot>();

  /** Returns the page that a query asks for; `snapshot` is called for a first one. */
  page(query: URLSearchParams, snapshot: () => Snapshot): Page {
    const token = query.get('continue') ?? '';
    const { objects, revision } = token === '' ? snapshot() : this.rest(token);
    const limit = Number(query.get('limit') ?? '0');
    if (!Number.isInteger(limit) || limit < 0) throw badRequest(`limit: Invalid value: "${query.get('limit')}"`);
    if (limit === 0 || objects.length <= limit) return { objects, metadata: { resourceVersion: String(revision) } };
    const next = this.remember({ objects: objects.slice(limit), revision });
    return { objects: objects.slice(0, limit), metadata: { resourceVersion: String(revision), continue: next } };
  }

  private rest(token: string): Snapshot {
    const found = this.following.get(token);
    if (found === undefined) throw new ApiFailure(410, 'Expired', 'The provided continue parameter is too old');
    return found;
  }

  private remember(rest: Snapshot): string {
    const { namespace = '', name } = rest.objects[0]?.metadata ?? { name: '' };
    const kind = rest.objects[0]?.kind ?? '';
    const token = Buffer.from(JSON.stringify([kind, rest.revision, namespace, name, rest.objects.length])).toString('base64url');
    this.following.set(token, rest);
    for (const oldest of [...this.following.keys()].slice(0, -REMEMBERED)) this.following.delete(oldest);
    return token;
  }
}
