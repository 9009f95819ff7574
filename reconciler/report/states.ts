/** The states of a plan as text: one line that sums them up, and who can talk to whom. States that do not differ share a table. */
import type { Contact, PlannedStates, PlanState, PlanStates, RefusedContact } from '../model/states';
import { printable } from './printable';
import { painterOf, type Style } from './style';
import { formatTable } from './table';

const CELLS: Readonly<Record<Contact['kind'], string>> = { accepted: 'yes', refused: 'NO', unknown: '?', never: '-' };

/** Returns in one line whether nodes can talk in every state. */
export function statesLine(states: PlannedStates): string {
  const { count, later } = states;
  const counted = `${count} ${count === 1 ? 'state' : 'states'}${later === undefined ? '' : ` (${later} in later phases)`}`;
  return printable(`${counted}${verdictOf(states)}.`);
}

function verdictOf(states: PlannedStates): string {
  switch (states.verdict) {
    case 'broken': {
      const { state, until, after, ...contact } = states.broken;
      const range = state === until ? `state ${state}` : `states ${state} to ${until}`;
      return `, and nodes cannot talk in ${range}. State ${state}, ${after}: ${contactText(contact)}`;
    }
    case 'unknown':
      return `; whether every two nodes can talk in each is not known: ${states.because}`;
    case 'whole': {
      const { otherwise, isOneStop } = states;
      if (otherwise === undefined) return `${EVERY}, in whatever order nodes change and wherever the run is killed`;
      const unless = isOneStop === true ? 'unless the run is killed while pods stop' : 'unless nodes change in another order';
      return `${EVERY}, ${unless}: then ${contactText(otherwise)}`;
    }
  }
}

const EVERY = ', every two nodes can talk in each';

function contactText({ from, to, because }: RefusedContact): string {
  return `${from} refuses ${to}: ${because}`;
}

/** Returns the tables, with a line break at the end. */
export function statesText(found: PlanStates | undefined, style: Style): string {
  const paint = painterOf(style);
  if (found === undefined) return 'This plan gives no node another certificate, so who can talk to whom does not change.\n';
  const blocks = grouped(found.states).map(({ first, last, state }) => {
    const title = first === last ? `State ${first}, ${state.after}` : `States ${first} to ${last}, from ${state.after}`;
    const rows = [...state.nodes, ...state.clients].map(({ from, contacts }) => [from, ...contacts.map((c) => CELLS[c.kind])]);
    const table = formatTable(
      [['REACHES', ...found.nodes], ...rows].map((row) => row.map(printable)),
      style,
      (cell, column, row) => {
        if (row === 0) return paint.dim(cell);
        return column > 0 && cell.trim() === CELLS.refused ? paint.red(cell) : cell;
      },
    );
    return [`${printable(title)}:`, ...table].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}

/** Joins neighbouring states in which the same sides reach each other. */
function grouped(states: readonly PlanState[]): readonly { readonly first: number; readonly last: number; readonly state: PlanState }[] {
  const key = ({ nodes, clients }: PlanState) => [...nodes, ...clients].map((r) => r.contacts.map((c) => CELLS[c.kind]).join()).join(';');
  const groups: { first: number; last: number; state: PlanState }[] = [];
  for (const [i, state] of states.entries()) {
    const last = groups.at(-1);
    if (last !== undefined && key(last.state) === key(state)) last.last = i + 1;
    else groups.push({ first: i + 1, last: i + 1, state });
  }
  return groups;
}
