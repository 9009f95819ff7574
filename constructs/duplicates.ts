/**
 * Constructs of one app by what they are about. Noted when they are made: to search the app anew for each of them takes the square of
 * their number.
 */
import type { IConstruct } from 'constructs';

const noted = new WeakMap<IConstruct, Map<string, IConstruct[]>>();

/** Notes what a construct is about. */
export function note(construct: IConstruct, subject: string): void {
  const { root } = construct.node;
  const bySubject = noted.get(root) ?? new Map<string, IConstruct[]>();
  noted.set(root, bySubject);
  const constructs = bySubject.get(subject) ?? [];
  bySubject.set(subject, constructs);
  constructs.push(construct);
}

/** Returns the other constructs of the app that are about the same. */
export function duplicates(construct: IConstruct, subject: string): readonly IConstruct[] {
  const all = noted.get(construct.node.root)?.get(subject) ?? [];
  return all.filter((other) => other !== construct && isInApp(other));
}

/** Returns the construct of the app that was the first to be about this. */
export function firstAbout(construct: IConstruct, subject: string): IConstruct | undefined {
  return noted.get(construct.node.root)?.get(subject)?.find(isInApp);
}

/** A construct that was removed keeps its scope, but its scope does not keep it; so do those above it. */
function isInApp({ node }: IConstruct): boolean {
  return node.scopes.every((construct) => {
    const { scope, id } = construct.node;
    return scope === undefined || scope.node.tryFindChild(id) === construct;
  });
}
