/** Tells clients which CA certificates to trust, and holds back whatever would surprise those who were not told. */
import { isTold, trustFinding, wantedTrust } from '../plan/client-trust';
import type { ExportTrustStep } from '../plan/nouns';
import { type ExecuteContext, orPlanAnew, PlanAnew, say } from './context';

/** Writes what clients have to trust now and next; nothing where that is there already. */
export async function exportTrust(context: ExecuteContext, step: ExportTrustStep): Promise<void> {
  const world = await look(context);
  const wanted = wantedTrust(world);
  const differs = trustFinding(world);
  if (wanted === undefined || differs === undefined) return;
  const resourceVersion = world.live.trust?.object?.metadata.resourceVersion;
  const metadata = { ...wanted.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  // Whoever has edited it owns what he wrote, and it is ours all the same.
  await orPlanAnew(context.cluster.apply({ ...wanted, metadata }, { force: true }));
  say(context, 'applied', step.subject, differs.reason === 'TrustMissing' ? 'created' : `configured: ${differs.message}`);
}

/** Before pods restart clients must have been told. A CA that nobody expected is told of in the next round. */
export async function assertTold(context: ExecuteContext): Promise<void> {
  if (!isTold(await look(context))) throw new PlanAnew();
}

async function look({ bundle, clock, observe }: ExecuteContext) {
  return { bundle, live: await observe(), now: clock.now() };
}
