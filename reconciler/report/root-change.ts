/** The phases of a change of root as rows of a table, and the sentences below it, for a terminal and for a pull request. */
import { formatAcknowledgement } from '#model/acknowledgement';
import type { PlannedPhase, PlannedRootChange } from '../model/plan';
import { approximately } from './duration';

export const PHASE_HEADINGS = ['phase', 'state', 'nodes serve', 'nodes trust', 'costs', 'clients need'] as const;

/** What nodes serve and trust, and which root clients need to reach every node, when a phase is done. */
const PHASES: Readonly<Record<PlannedPhase['name'], readonly [string, string, string]>> = {
  old: ['the old CA', 'the old root', 'the old root'],
  bridged: ['the new CA, signed by the old root', 'the old root', 'the old root'],
  anchored: ['the new CA, signed by the old root', 'the key of the new CA', 'the old root or the new one'],
  both: ['the old CA', 'both roots', 'the old root'],
  issued: ['the new CA', 'both roots', 'the new root; both until it is done'],
  new: ['the new CA', 'the new root', 'the new root'],
};

/** Returns one row for each phase. */
export function phaseRows({ phases }: PlannedRootChange): readonly (readonly string[])[] {
  return phases.map((phase) => {
    const [serve, trust, clients] = PHASES[phase.name];
    return [phase.name, phase.status, serve, trust, costs(phase), clients];
  });
}

function costs({ pods, by, durationMs }: PlannedPhase): string {
  if (pods === undefined) return '';
  const what = `${pods} ${by}${pods === 1 ? '' : 's'}`;
  return durationMs === undefined || durationMs === 0 ? what : `${what}, about ${approximately(durationMs)}`;
}

export function rootChangeLine({ from, to, isBack, trustsBoth }: PlannedRootChange): string {
  const there = trustsBoth === true ? 'while nodes trust both, in three rolling restarts' : 'in three rotations';
  const way = isBack === true ? 'back by an update, after one rotation' : there;
  return `The root changes from that of ${from} to that of ${to} ${way}. Nodes accept each other in every phase and between two of them.`;
}

/** Returns what clients and committers must know. */
export function rootChangeNotes(change: PlannedRootChange): readonly string[] {
  const { acknowledge, trustedFrom, newRoot, isBack, trustsBoth, keepOldRootFor } = change;
  if (isBack === true) return [];
  const [phase, before] = trustsBoth === true ? ['phase issued', 'Phase both'] : ['the last phase', 'Everything before'];
  const root = newRoot === undefined ? '' : ` The new one has SHA-256 ${newRoot}.`;
  const kept = keepOldRootFor === undefined ? '' : `, and the old one for ${keepOldRootFor} after that (keepOldRootFor)`;
  return [
    `The published trust bundle holds both roots until the last phase is done${kept}.${root}`,
    ...(trustsBoth === true ? [] : [CLIENTS_OF_BRIDGE]),
    ...(acknowledge === undefined
      ? []
      : [
          `Only ${phase} needs an acknowledgement, when every client trusts the new root: acknowledge: [${formatAcknowledgement(acknowledge)}]. ${before} is done without it.`,
        ]),
    ...(trustedFrom === undefined ? [] : [`Without an acknowledgement ${phase} may begin ${trustedFrom}.`]),
  ];
}

const CLIENTS_OF_BRIDGE =
  'Clients read that: in phase anchored, ca.crt beside the server certificate is not self-signed, and OpenSSL does not trust it.';
