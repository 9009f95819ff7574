/** The states that a plan leads through, and who can talk to whom in each: in short, and as a matrix of nodes and clients. */

/** Why one side refuses the other: what it shows has another protocol or name, is signed by no trusted CA, or is not valid by its dates. */
export type RefusalKind = 'protocol' | 'name' | 'root' | 'dates';

/** Whether one side accepts the other: it does, it does not, it is not known, or they never connect. */
export type Contact =
  | { readonly kind: 'accepted' | 'never' }
  | { readonly kind: 'refused'; readonly why: RefusalKind; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

/** A node that refuses another one. */
export interface RefusedContact {
  readonly from: string;
  readonly to: string;
  readonly why: RefusalKind;
  readonly because: string;
}

/** The first contact that is refused. */
export interface BrokenContact extends RefusedContact {
  /** Position of the state, from 1. */
  readonly state: number;
  /** What has happened just before it. */
  readonly after: string;
  /** The last state in which some node refuses another one. */
  readonly until: number;
}

/** Whether every two nodes can talk in each state that a plan leads through. A plan prints it in one line. */
export type PlannedStates = StateCount &
  (
    | {
        readonly verdict: 'whole';
        /** Two nodes that cannot talk if nodes change in another order; absent if every order is as good. */
        readonly otherwise?: RefusedContact;
      }
    | { readonly verdict: 'broken'; readonly broken: BrokenContact }
    | { readonly verdict: 'unknown'; readonly because: string }
  );

interface StateCount {
  /** One before the first step that gives a node another certificate or protocol, and one after each. */
  readonly count: number;
  /** Those in phases of a change of root that come after this plan; absent if there are none. */
  readonly later?: number;
  /** All pods stop together, so there is no state between them. */
  readonly isOneStop?: true;
}

/** What one node, or clients, reach. */
export interface ContactRow {
  readonly from: string;
  /** One entry for each node, in the order of `PlanStates.nodes`. */
  readonly contacts: readonly Contact[];
}

export interface PlanState {
  /** What has happened just before: `orders-controller-1 restarted`. */
  readonly after: string;
  readonly nodes: readonly ContactRow[];
  /** By the roots that they trust. */
  readonly clients: readonly ContactRow[];
}

/** The whole matrix. */
export interface PlanStates {
  readonly nodes: readonly string[];
  /** One before the first step that gives a node another certificate, and one after each. */
  readonly states: readonly PlanState[];
}
