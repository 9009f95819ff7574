/**
 * From the text of an answer to objects: the one place where what an API server says becomes something that the rest relies on. What is not
 * of the kind that was asked for, or not formed as one, ends here, with the member that is wrong.
 */
import { isMap, type KubeObject, ref } from '../../constructs/model/kube-object';
import { ClusterError } from '../errors';
import { ANY_TEXT, expects, fits, flawsOf, mapOf, NAME, optional, type Rule, TRUTH } from '../shape';
import { objectOf } from '../well-formed';
import { type Call, NO_SERVER } from './api-error';
import type { Listing } from './watch';

const LIST = mapOf({
  metadata: mapOf({ resourceVersion: optional(ANY_TEXT) }),
  // Go writes null for an empty list.
  items: expects('a list', (v) => v === null || Array.isArray(v)),
});

/** Returns the object that a call was answered with. */
export function readObject(call: Call, body: string): KubeObject {
  return objectIn(call, parse(call, body));
}

/** Returns an object that came inside something else; a list or watch is about many, so the error names this one. */
export function objectIn(call: Call, value: unknown): KubeObject {
  const { apiVersion, kind } = call.kind;
  const name = isMap(value) && isMap(value.metadata) ? value.metadata.name : undefined;
  const named = call.subject === undefined && fits(NAME, name) ? { ...call, subject: ref(call.kind, call.namespace, String(name)) } : call;
  if (isMap(value) && value.apiVersion !== apiVersion) throw unusable(named, `it is no object of ${apiVersion}`, { hint: NO_SERVER });
  return checked(objectOf(kind), value, named) as KubeObject;
}

/** Returns the objects of a list. One without items is no list, not an empty one: "none" is what a plan may rest on. */
export function readList(call: Call, body: string): Listing {
  const list = checked(LIST, parse(call, body), call) as { metadata: { resourceVersion?: string }; items: readonly unknown[] | null };
  const { apiVersion, kind } = call.kind;
  // Items of built-in kinds come without kind and apiVersion.
  const items = (list.items ?? []).map((item) => objectIn(call, isMap(item) ? { apiVersion, kind, ...item } : item));
  return { items, resourceVersion: list.metadata.resourceVersion ?? '' };
}

const REVIEW = mapOf({ status: mapOf({ allowed: TRUTH, evaluationError: optional(ANY_TEXT) }) });

/** Returns what an access review was answered with. */
export function readReview(call: Call, body: string): { readonly allowed: boolean; readonly evaluationError?: string } {
  return (checked(REVIEW, parse(call, body), call) as { readonly status: { readonly allowed: boolean } }).status;
}

function parse(call: Call, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw unusable(call, 'it is not JSON', { cause, hint: NO_SERVER });
  }
}

function checked(rule: Rule, value: unknown, call: Call): unknown {
  const [flaw, ...others] = flawsOf(rule, value);
  if (flaw === undefined) return value;
  throw unusable(call, `${flaw}${others.length === 0 ? '' : ` (and ${others.length} more)`}`);
}

function unusable({ kind, verb, namespace, subject }: Call, why: string, more: { cause?: unknown; hint?: string } = {}): ClusterError {
  const what = `the answer to ${verb} cannot be used: ${why}.`;
  const options = { status: 200, reason: 'Unusable', ...more };
  if (subject !== undefined) return new ClusterError(what, { ...options, subject });
  return new ClusterError(`${[kind.kind, namespace].filter(Boolean).join('/')}: ${what}`, options);
}
