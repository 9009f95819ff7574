/** Tells clients which CA certificates to trust, and holds back whatever would surprise those who were not told. */

import type { PublishTrustBundleStep } from '../model/plan';
import { isTrustBundleCurrent, trustFinding, wantedTrust } from '../plan/trust-bundle';
import { type ExecuteContext, emit, orReplan, Replan } from './context';

/** Writes what clients have to trust now and next; nothing where that is there already. */
export async function publishTrustBundle(context: ExecuteContext, step: PublishTrustBundleStep): Promise<void> {
  const world = await look(context);
  const wanted = wantedTrust(world);
  const differs = trustFinding(world);
  if (wanted === undefined || differs === undefined) return;
  const resourceVersion = world.live.trust?.object?.metadata.resourceVersion;
  const metadata = { ...wanted.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  // Whoever has edited it owns what he wrote, and it is ours all the same.
  await orReplan(context.cluster.apply({ ...wanted, metadata }, { force: true }));
  emit(context, 'applied', step.subject, differs.reason === 'TrustMissing' ? 'created' : `configured: ${differs.message}`);
}

/** Before pods restart clients must have been told. A CA that nobody expected is told of in the next round. */
export async function assertTrustBundleCurrent(context: ExecuteContext): Promise<void> {
  if (!isTrustBundleCurrent(await look(context))) throw new Replan();
}

async function look({ bundle, clock, observe }: ExecuteContext) {
  return { bundle, live: await observe(), now: clock.now() };
}
