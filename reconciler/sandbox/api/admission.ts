/**
 * Admission: operators check and complete a write before it happens, as their webhooks do on a real cluster. The rules are in `admission/`,
 * one file an operator.
 */
import type { Kind, KubeObject } from '#model/kube-object';
import { ApiFailure, forbidden, invalid } from './failure';
import type { FieldProblem } from './field-problem';
import type { Draft } from './json';
import type { Resource } from './resources';
import type { Store } from './store';

/** A request to an operator. `T` is the view of the object by its schema, under which the object was validated. */
export interface AdmissionRequest<T = Draft> {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly subresource: 'status' | undefined;
  /** The object as it would be stored; a mutating rule changes it. On DELETE the stored object. */
  readonly object: T;
  /** Absent on CREATE. */
  readonly old: KubeObject | undefined;
  /** The other objects. */
  readonly store: Store;
  readonly dryRun: boolean;
}

/** A refusal: problems of fields (422), a sentence (403), or a webhook that could not judge. */
export type Refusal = readonly FieldProblem[] | string | Breakdown;

/** A webhook that could not read the object (400), or that panicked (500). */
export interface Breakdown {
  readonly code: 400 | 500;
  readonly message: string;
}

/** The webhooks of one operator for one kind. */
export interface Admission {
  /** Name of the webhook, as refusals quote it. */
  readonly webhook: string;
  readonly kind: Kind;
  /** Fills in the fields that the user left out; not called for the status subresource. */
  mutate?(request: AdmissionRequest): void;
  validate?(request: AdmissionRequest): Refusal | undefined;
}

/** Lets every mutating rule for the kind work on the object. Tells whether there was one. */
export function mutate(rules: readonly Admission[], resource: Resource, request: AdmissionRequest): boolean {
  if (request.subresource !== undefined) return false;
  const mutating = rulesFor(rules, resource).filter((rule) => rule.mutate !== undefined);
  for (const rule of mutating) rule.mutate?.(request);
  return mutating.length > 0;
}

/** Throws the refusal of the first rule that has one. */
export function admit(rules: readonly Admission[], resource: Resource, request: AdmissionRequest): void {
  for (const rule of rulesFor(rules, resource)) {
    const refusal = rule.validate?.(request);
    if (refusal === undefined || (Array.isArray(refusal) && refusal.length === 0)) continue;
    const prefix = `admission webhook "${rule.webhook}" denied the request: `;
    if (typeof refusal === 'string') throw forbidden(prefix + refusal);
    if ('code' in refusal)
      throw new ApiFailure(refusal.code, refusal.code === 400 ? 'BadRequest' : 'InternalError', prefix + refusal.message);
    const { status } = invalid(resource, request.object.metadata.name, refusal);
    throw new ApiFailure(status.code, status.reason, prefix + status.message, status.details);
  }
}

function rulesFor(rules: readonly Admission[], resource: Resource): readonly Admission[] {
  return rules.filter((rule) => rule.kind.kind === resource.kind && rule.kind.apiVersion === resource.apiVersion);
}
