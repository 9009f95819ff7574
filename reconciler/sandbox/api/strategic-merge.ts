/**
 * Strategic merge patch: what `kubectl apply` without `--server-side` sends for Kubernetes' own kinds. Like a merge patch, but lists
 * with a key are merged by it, and members that begin with `$` say what else to do.
 */
import { isEqual } from '../../../constructs/model/kube-object';
import { isTree, type Tree } from './json';
import { memberSchema, type Schema } from './schema';

const DELETE_FROM = '$deleteFromPrimitiveList/';

/** Returns the target with a patch laid over it. Orders that `$setElementOrder` asks for are not followed. */
export function strategicMergePatch(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (!isTree(patch)) return patch;
  const { $patch: directive, ...members } = patch;
  if (directive === 'replace') return members;
  const result: Tree = isTree(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(members)) {
    if (key.startsWith(DELETE_FROM)) {
      const list = key.slice(DELETE_FROM.length);
      result[list] = (result[list] ?? []).filter((item: unknown) => !value.some((gone: unknown) => isEqual(gone, item)));
    } else if (key.startsWith('$')) {
      // Only orders and hints remain.
    } else if (value === null) {
      delete result[key];
    } else {
      result[key] = mergeMember(result[key], value, memberSchema(schema, key));
    }
  }
  return result;
}

function mergeMember(live: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (!Array.isArray(patch) || !Array.isArray(live)) return strategicMergePatch(live, patch, schema);
  if (schema?.['x-kubernetes-list-type'] === 'set') return [...live, ...patch.filter((item) => !live.includes(item))];
  // The first key alone counts here, unlike in server-side apply.
  const key = schema?.['x-kubernetes-list-map-keys']?.[0];
  if (key === undefined) return patch;
  return patch.reduce<Tree[]>((items, item: Tree) => {
    if (item.$patch === 'replace') return patch.filter((i) => i !== item);
    const at = items.findIndex((other) => other[key] === item[key]);
    if (item.$patch === 'delete') return items.filter((_, i) => i !== at);
    const merged = strategicMergePatch(items[at], item, schema?.items) as Tree;
    return at < 0 ? items.concat(merged) : items.with(at, merged);
  }, live);
}
