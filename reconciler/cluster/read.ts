/**
 * From the text of an answer to objects: the one place that decides whether an answer of an API server can be used. An answer of another
 * kind, or of a wrong form, is an error that names the wrong member.
 */
import { schemaOf } from '#model/kinds/index';
import { isMap, type KubeObject, ref } from '#model/kube-object';
import { BOOLEAN, formatIssues, isValid, map, NAME, optional, type Schema, STRING, valueThat } from '#model/schema';
import { ClusterError } from '../errors';
import { type Call, NO_SERVER, prefix } from './api-error';
import type { Listing } from './watch';

const LIST = map({
  metadata: map({ resourceVersion: optional(STRING), continue: optional(STRING) }),
  // Go writes null for an empty list.
  items: valueThat<readonly unknown[] | null>('a list', (v) => v === null || Array.isArray(v)),
});

/** Returns the object in the answer to a call. */
export function readObject(call: Call, body: string): KubeObject {
  return objectIn(call, parse(call, body));
}

/** Returns an object that came inside something else; the error of a list or watch names the one object that is wrong. */
export function objectIn(call: Call, value: unknown): KubeObject {
  const { apiVersion, kind } = call.kind;
  const name = isMap(value) && isMap(value.metadata) ? value.metadata.name : undefined;
  const named =
    call.subject === undefined && isValid(NAME, name) ? { ...call, subject: ref(call.kind, call.namespace, String(name)) } : call;
  if (isMap(value) && value.apiVersion !== apiVersion) throw unusable(named, `it is not an object of ${apiVersion}`, { hint: NO_SERVER });
  return checked(schemaOf(kind), value, named);
}

/** A part of a list. */
export interface Page extends Listing {
  /** Names the next part, if there is one. */
  readonly next?: string;
}

/** Returns the objects of a list. A list without `items` is an error, not an empty list: a plan may rest on "there is none". */
export function readList(call: Call, body: string): Page {
  const list = checked(LIST, parse(call, body), call);
  const { apiVersion, kind } = call.kind;
  // Items of built-in kinds come without kind and apiVersion.
  const items = (list.items ?? []).map((item) => objectIn(call, isMap(item) ? { apiVersion, kind, ...item } : item));
  const next = list.metadata.continue || undefined;
  return { items, resourceVersion: list.metadata.resourceVersion ?? '', ...(next === undefined ? {} : { next }) };
}

const REVIEW = map({ status: map({ allowed: BOOLEAN, evaluationError: optional(STRING) }) });

/** Returns the answer to an access review. */
export function readReview(call: Call, body: string): { readonly allowed: boolean; readonly evaluationError?: string } {
  return checked(REVIEW, parse(call, body), call).status;
}

function parse(call: Call, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw unusable(call, 'it is not JSON', { cause, hint: NO_SERVER });
  }
}

function checked<T>(schema: Schema<T>, value: unknown, call: Call): T {
  if (isValid(schema, value)) return value;
  const [first, ...others] = formatIssues(schema, value);
  throw unusable(call, `${first}${others.length === 0 ? '' : ` (and ${others.length} more)`}`);
}

function unusable(call: Call, why: string, more: { cause?: unknown; hint?: string } = {}): ClusterError {
  const subject = call.subject === undefined ? {} : { subject: call.subject };
  return new ClusterError(`${prefix(call)}the answer to ${call.verb} cannot be used: ${why}.`, {
    status: 200,
    reason: 'Unusable',
    ...subject,
    ...more,
  });
}
