/** Writes the trust bundle of clients, and holds restarts back until it is complete. */
import type { StepOf } from '../model/plan';
import { withRootChange } from '../plan/root-change';
import { isTrustBundleCurrent, trustBundleFinding, wantedTrustBundle } from '../plan/trust-bundle';
import { type ExecuteContext, emit, replanOnConflict, type StepResult } from './context';

/** Writes the CA certificates that clients must trust now and next; nothing if the ConfigMap holds them already. */
export async function publishTrustBundle(context: ExecuteContext, step: StepOf<'publishTrustBundle'>): Promise<StepResult> {
  const input = await look(context);
  const wanted = wantedTrustBundle(input);
  const differs = trustBundleFinding(input);
  if (wanted === undefined || differs === undefined) return 'done';
  const resourceVersion = input.live.trust?.object?.metadata.resourceVersion;
  const metadata = { ...wanted.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  // Forced, because another writer owns the fields that it edited.
  const result = await replanOnConflict(context.cluster.apply({ ...wanted, metadata }, { force: true }));
  if (result === 'done')
    emit(context, 'applied', step.subject, differs.reason === 'TrustMissing' ? 'created' : `configured: ${differs.message}`);
  return result;
}

/** Returns `replan` if pods must not restart yet because the trust bundle lacks a CA. The next plan publishes it. */
export async function requireTrustBundle(context: ExecuteContext): Promise<StepResult> {
  return isTrustBundleCurrent(await look(context)) ? 'done' : 'replan';
}

async function look({ committed: bundle, clock, observe }: ExecuteContext) {
  return withRootChange({ bundle, live: await observe(), now: clock.now() });
}
