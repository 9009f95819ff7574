/**
 * What a drafted plan would run into, found before anything is touched: nothing is begun that would stop half done.
 *
 *     issuers.ts        an issuer that certificates are to be issued by does not exist
 */
import type { World } from '../checks/world';
import type { Draft, Obstacle } from '../nouns';
import { missingIssuer } from './issuers';

type DraftCheck = (world: World, draft: Draft) => readonly Obstacle[];

const CHECKS: readonly DraftCheck[] = [
  missingIssuer, // a certificate would never be issued
];

/** Returns all that stands in the way of a draft. */
export function preflight(world: World, draft: Draft): readonly Obstacle[] {
  return CHECKS.flatMap((check) => check(world, draft));
}
