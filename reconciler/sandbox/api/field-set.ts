/**
 * Sets of fields of an object, in the form in which `managedFields` lists them (FieldsV1).
 *
 *     {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:ports":{"k:{\"port\":80}":{"f:name":{}}}}}
 *
 * `f:` names a member, `k:` an item of a keyed list, `v:` a value of a set; `.` says that the field above is itself in the set.
 *
 * Most writes leave most sets as they are. A set that is made is never changed, so the same one is returned then, and its form is made once.
 */
import { madeOnce } from '../made-once';
import { isTree, type Tree } from './json';

/** Elements from the root: `['f:metadata', 'f:labels', 'f:app']`. */
export type Path = readonly string[];

export class FieldSet {
  private isMember = false;
  private readonly below = new Map<string, FieldSet>();
  private written: Tree | undefined;

  static of(paths: Iterable<Path>): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.add(path);
    return set;
  }

  static parse(fields: unknown): FieldSet {
    if (!isTree(fields)) return new FieldSet();
    return madeOnce(parsed, fields, () => FieldSet.read(fields));
  }

  private static read(fields: Tree): FieldSet {
    const set = new FieldSet();
    for (const [element, children] of Object.entries(fields)) {
      if (element === '.') set.isMember = true;
      else {
        const child = FieldSet.read(isTree(children) ? children : {});
        if (isTree(children) && Object.keys(children).length === 0) child.isMember = true;
        set.below.set(element, child);
      }
    }
    return set;
  }

  add(path: Path): void {
    let node: FieldSet = this;
    for (const element of path) {
      const next: FieldSet = node.below.get(element) ?? new FieldSet();
      node.below.set(element, next);
      node = next;
    }
    node.isMember = true;
  }

  has(path: Path): boolean {
    return this.at(path)?.isMember ?? false;
  }

  /** Tells whether the field or anything below it is in the set. */
  touches(path: Path): boolean {
    const node = this.at(path);
    return node !== undefined && !node.isEmpty();
  }

  isEmpty(): boolean {
    return !this.isMember && [...this.below.values()].every((child) => child.isEmpty());
  }

  paths(): Path[] {
    const all: Path[] = [];
    const visit = (node: FieldSet, path: Path) => {
      if (node.isMember) all.push(path);
      for (const [element, child] of node.below) visit(child, [...path, element]);
    };
    visit(this, []);
    return all;
  }

  /** Returns every field in the set and every one above such a field, the deepest first. */
  touched(): Path[] {
    const all: Path[] = [];
    const visit = (node: FieldSet, path: Path) => {
      for (const [element, child] of node.below) if (!child.isEmpty()) visit(child, [...path, element]);
      if (path.length > 0) all.push(path);
    };
    visit(this, []);
    return all;
  }

  union(other: FieldSet): FieldSet {
    const added = other.paths().filter((path) => !this.has(path));
    return added.length === 0 ? this : FieldSet.of([...this.paths(), ...added]);
  }

  without(other: FieldSet): FieldSet {
    if (!other.paths().some((path) => this.has(path))) return this;
    return FieldSet.of(this.paths().filter((path) => !other.has(path)));
  }

  /** Returns the set without the given fields and all below them. */
  withoutTrees(roots: readonly Path[]): FieldSet {
    return FieldSet.of(this.paths().filter((path) => !roots.some((root) => root.every((element, i) => path[i] === element))));
  }

  common(other: FieldSet): Path[] {
    return this.paths().filter((path) => other.has(path));
  }

  toFieldsV1(): Tree {
    if (this.written === undefined) {
      this.written = this.write();
      parsed.set(this.written, this);
    }
    return this.written;
  }

  private write(): Tree {
    const children = [...this.below].filter(([, child]) => !child.isEmpty()).sort(([a], [b]) => (a < b ? -1 : 1));
    const members = children.map(([element, child]): [string, Tree] => [element, child.toFieldsV1()]);
    return Object.fromEntries(this.isMember && members.length > 0 ? [['.', {}], ...members] : members);
  }

  private at(path: Path): FieldSet | undefined {
    let node: FieldSet | undefined = this;
    for (const element of path) node = node?.below.get(element);
    return node;
  }
}

/** Forms that were read already; what is stored is never changed. */
const parsed = new WeakMap<Tree, FieldSet>();

/** Returns a path as conflicts print it: `.spec.containers[name="kafka"].image`. */
export function formatPath(path: Path): string {
  return path
    .map((element) => {
      const value = element.slice(2);
      if (element.startsWith('f:')) return `.${value}`;
      if (element.startsWith('v:')) return `[=${value}]`;
      const keys = Object.entries(JSON.parse(value) as Tree).map(([key, v]) => `${key}=${JSON.stringify(v)}`);
      return `[${keys.join(',')}]`;
    })
    .join('');
}
