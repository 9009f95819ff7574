/**
 * Which nodes hold the data of a replicated log: of a partition, or of the quorum's metadata. Pure.
 *
 *   a node with an emptied disk  holds no data until it is in sync with the leader again
 *   a leader without data        makes its followers truncate their logs: the data is lost
 */
export interface Copies {
  /** Node ids. Absent: nothing was written yet. */
  readonly holders?: readonly number[];
  /** How often the data was lost. */
  readonly losses: number;
}

export const NO_DATA: Copies = { losses: 0 };

/** Returns the copies after a node started with an empty disk. */
export function withEmptyDisk(copies: Copies, nodeId: number): Copies {
  return copies.holders === undefined ? copies : { ...copies, holders: copies.holders.filter((id) => id !== nodeId) };
}

/** Returns the copies after the replicas in sync have fetched from their leader. Without a leader they fetch nothing. */
export function replicated(copies: Copies, leader: number | undefined, inSync: readonly number[]): Copies {
  const { holders, losses } = copies;
  if (leader === undefined) return copies;
  if (holders === undefined) return { holders: inSync, losses };
  if (!holders.includes(leader)) return { holders: inSync, losses: losses + 1 };
  return { holders: [...new Set([...holders, ...inSync])], losses };
}

/** Returns the copies of a partition after the loss of the metadata that names it. */
export function forgotten({ holders, losses }: Copies): Copies {
  return { losses: holders === undefined ? losses : losses + 1 };
}
