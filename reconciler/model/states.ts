/** The states that a plan leads through, and who can talk to whom in each: a matrix of nodes and clients. */

/** Whether one side accepts the other: it does, it does not, it is not known, or they never connect. */
export type Contact = { readonly kind: 'accepted' | 'never' } | { readonly kind: 'refused' | 'unknown'; readonly because: string };

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

/** The first contact that is refused. */
export interface BrokenContact {
  /** Position of the state, from 1. */
  readonly state: number;
  readonly after: string;
  readonly from: string;
  readonly to: string;
  readonly because: string;
}

export interface PlanStates {
  readonly nodes: readonly string[];
  /** One before the first step that gives a node another certificate, and one after each. */
  readonly states: readonly PlanState[];
  /** Nodes can talk also if they get their certificate in another order. */
  readonly holdsInAnyOrder: boolean;
  readonly broken?: BrokenContact;
}
