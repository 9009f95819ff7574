/**
 * Which nodes hold the data of a replicated log: of a partition, or of the quorum's metadata. Pure.
 *
 *   a node whose disk was emptied holds nothing until it is in sync with the leader again
 *   a leader that holds nothing makes its followers truncate to its empty log: the data is lost
 */
export interface Copies {
  /** Node ids; absent as long as nothing was written. */
  readonly holders?: readonly number[];
  /** How often the data was lost. */
  readonly losses: number;
}

export const NO_DATA: Copies = { losses: 0 };

/** Returns the copies after a node has started with an empty disk. */
export function withEmptyDisk(copies: Copies, nodeId: number): Copies {
  const { holders } = copies;
  return holders === undefined ? copies : { ...copies, holders: holders.filter((id) => id !== nodeId) };
}

/** Returns the copies after the replicas in sync have fetched from their leader. Without a leader nothing is fetched. */
export function replicated({ holders, losses }: Copies, leader: number | undefined, inSync: readonly number[]): Copies {
  if (leader === undefined) return { ...(holders === undefined ? {} : { holders }), losses };
  if (holders === undefined) return { holders: inSync, losses };
  if (!holders.includes(leader)) return { holders: inSync, losses: losses + 1 };
  return { holders: [...new Set([...holders, ...inSync])], losses };
}

/** Returns the copies of a partition after the metadata that names it was lost. */
export function forgotten({ holders, losses }: Copies): Copies {
  return { losses: holders === undefined ? losses : losses + 1 };
}
