/**
 * Whether every two nodes can talk in each state that a plan leads through.
 *
 * Two nodes meet before or after each of them has changed. These four cases cover every order in which the nodes of one leg change, and with it
 * every state that a killed run can leave: a pod that restarts by itself takes what the plan brings it.
 */
import type { Plan } from '../../model/plan';
import type { Contact, PlannedStates, RefusedContact } from '../../model/states';
import type { PlanInput } from '../plan-input';
import { type Contacts, contactsAt, type Node } from './contact';
import { type Course, type CoursePlan, courseOf } from './course';

/** Returns the summary of the states of a plan; nothing if no node gets another certificate or protocol. */
export function plannedStates(input: PlanInput, plan: CoursePlan): Pick<Plan, 'states'> {
  const course = courseOf(input, plan);
  return course === undefined ? {} : { states: summaryOf(course, contactsAt(input.now)) };
}

function summaryOf(course: Course, contacts: Contacts): PlannedStates {
  const { states, bounds, isOneStop } = course;
  const later = states.length - 1 - (bounds[1] ?? 0);
  const count = { count: states.length, ...(later === 0 ? {} : { later }), ...(isOneStop ? { isOneStop } : {}) };
  const found = meetings(course, contacts);
  const refused = found.flatMap(({ state, until, ...met }) => ('refused' in met ? [{ ...met.refused, state, until }] : []));
  const first = refused.reduce((a, b) => (b.state < a.state ? b : a), refused[0] as (typeof refused)[number]);
  if (first !== undefined) {
    const until = Math.max(...refused.map((r) => r.until));
    return { ...count, verdict: 'broken', broken: { ...first, after: states[first.state - 1]?.after ?? '', until } };
  }
  const unknown = found.find((m) => 'unknown' in m);
  if (unknown !== undefined) return { ...count, verdict: 'unknown', because: unknown.unknown };
  const otherwise = inAnotherOrder(course, contacts);
  return { ...count, verdict: 'whole', ...(otherwise === undefined ? {} : { otherwise }) };
}

/** Two nodes that do not accept each other in the states from `state` to `until`, both from 1. */
type Meeting = { readonly state: number; readonly until: number } & ({ readonly refused: RefusedContact } | { readonly unknown: string });

/** A contact is computed once for all states in which neither node changes. */
function meetings({ states }: Course, { between }: Contacts): readonly Meeting[] {
  const forms = formsOf(states.map((s) => s.nodes));
  return forms.flatMap((from, i) =>
    forms.flatMap((to, j) => {
      if (i === j) return [];
      const starts = [...new Set([...from, ...to].map((f) => f.since))].sort((a, b) => a - b);
      return starts.flatMap((start, k): readonly Meeting[] => {
        const [a, b] = [formAt(from, start), formAt(to, start)];
        const result = resultOf(between(a, b), a, b);
        return result === undefined ? [] : [{ state: start + 1, until: starts[k + 1] ?? states.length, ...result }];
      });
    }),
  );
}

function resultOf(contact: Contact, from: Node, to: Node): { readonly refused: RefusedContact } | { readonly unknown: string } | undefined {
  if (contact.kind === 'unknown') return { unknown: contact.because };
  if (contact.kind !== 'refused') return undefined;
  const { why, because } = contact;
  return { refused: { from: from.pod.name, to: to.pod.name, why, because } };
}

/** A node as it is from a state on, until its next form. */
interface Form {
  readonly since: number;
  readonly node: Node;
}

function formsOf(states: readonly (readonly Node[])[]): readonly (readonly Form[])[] {
  return (states[0] ?? []).map((_, i) =>
    states.flatMap((nodes, since): readonly Form[] => {
      const node = nodes[i];
      return node === undefined || node === states[since - 1]?.[i] ? [] : [{ since, node }];
    }),
  );
}

function formAt(forms: readonly Form[], state: number): Node {
  return (forms.findLast((f) => f.since <= state) as Form).node;
}

/** Returns two nodes that cannot talk if the nodes of a leg change in another order, or if only some of them do. */
function inAnotherOrder({ states, bounds }: Course, { between }: Contacts): RefusedContact | undefined {
  for (const [leg, start] of bounds.slice(0, -1).entries()) {
    const [before, after] = [states[start]?.nodes ?? [], states[bounds[leg + 1] ?? start]?.nodes ?? []];
    for (const [i, old] of before.entries()) {
      for (const [j, other] of before.entries()) {
        if (i === j) continue;
        for (const from of [old, after[i] ?? old]) {
          for (const to of [other, after[j] ?? other]) {
            const result = resultOf(between(from, to), from, to);
            if (result !== undefined && 'refused' in result) return result.refused;
          }
        }
      }
    }
  }
  return undefined;
}
