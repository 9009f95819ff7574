/**
 * Resolvers turn Lazy values and tokens into plain values at synth.
 *
 * With `npm link`, a wrapper package or a workspace with two versions, the user's App is of another copy of cdk8s than this library. Its
 * LazyResolver recognises only the Lazy of the same copy, by `instanceof`.
 */

import type { ApiObject } from 'cdk8s';
import { App, ImplicitTokenResolver, type IResolver, LazyResolver, NumberStringUnionResolver, resolve } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { isMap } from './model/kube-object';

/** Lets the app around a construct resolve the Lazy values of this copy of cdk8s. */
export function resolveOwnLazyValues(scope: IConstruct): void {
  const { resolvers } = App.of(scope);
  if (!resolvers.some((resolver) => resolver instanceof LazyResolver)) resolvers.push(new LazyResolver());
}

const BUILT_IN = [LazyResolver, ImplicitTokenResolver, NumberStringUnionResolver];

/** Returns the resolvers of the app around a construct that a new App does not have by itself. */
export function customResolvers(scope: IConstruct): IResolver[] {
  return App.of(scope).resolvers.filter((resolver) => !BUILT_IN.some((type) => resolver instanceof type));
}

/**
 * Returns a value with all its Lazy values and tokens resolved, as in the manifest of this object. A list stays a list: a resolver that takes a
 * list of one token for the token would make a string of it.
 */
export function resolved<T>(value: T, object: ApiObject): T {
  return resolvedPart(value, object, { key: [], hasTokens: customResolvers(object).length > 0 });
}

interface Part {
  readonly key: readonly string[];
  /** Without resolvers of the user, a string is never a token. */
  readonly hasTokens: boolean;
}

function resolvedPart<T>(value: T, object: ApiObject, { key, hasTokens }: Part): T {
  const below = <M>(name: string, member: M): M => resolvedPart(member, object, { key: [...key, name], hasTokens });
  if (Array.isArray(value)) return value.map((item, i) => below(String(i), item)) as T;
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, below(name, member)])) as T;
  return typeof value === 'object' || hasTokens ? resolve([...key], value, object) : value;
}
