/** Has cert-manager write trust stores of several roots beside a certificate that stays. */
import type { SecretFacts } from '../model/observation';
import type { StepOf } from '../model/plan';
import { BEHIND_MS, holds, isAmong, isWidened } from '../plan/dual/phases';
import { deadlineMs, type ExecuteContext, emit, replanOnConflict, type StepResult } from './context';
import { trustPatch } from './trust-patch';
import { type Progress, waitUntil } from './wait';

/** API servers round times down to seconds. */
const ROUNDING_MS = 1_000;
const LOOK_AGAIN_MS = 500;

/**
 * Patches the Secret unless an earlier run did, waits until its trust store holds the roots, and then until kubelets surely give it to new pods.
 * A Secret that was issued meanwhile with another root is planned for again.
 */
export async function widenTrust(context: ExecuteContext, { subject, roots }: StepOf<'widenTrust'>): Promise<StepResult> {
  const look = async () => {
    const { secrets, pods } = await context.observe();
    return { secret: secrets.find((s) => s.name === subject.name), isMounted: pods.some((p) => p.certificateSecret === subject.name) };
  };
  const isFit = (secret: SecretFacts | undefined): secret is SecretFacts => secret?.ca?.every((c) => isAmong(c, roots)) === true;
  const { secret: first, isMounted } = await look();
  if (!isFit(first)) return 'replan';
  const isDone = (secret: SecretFacts) => isWidened(secret) && holds(secret, roots);
  if (!isDone(first)) {
    const patch = trustPatch(
      first,
      roots.map((r) => r.pem),
    );
    if ((await replanOnConflict(context.cluster.patch(subject, patch))) === 'replan') return 'replan';
    emit(context, 'applied', subject, `ca.crt holds ${roots.length} roots`);
  }
  const check = async (): Promise<Progress<StepResult>> => {
    const { secret } = await look();
    if (!isFit(secret) || !isWidened(secret)) return { done: 'replan' };
    return isDone(secret) ? { done: 'done' } : { waitingFor: 'for cert-manager to write its trust stores' };
  };
  const written = await waitUntil(context, {
    subject,
    // There is no permission to watch Secrets.
    watch: [],
    check,
    deadlineMs: deadlineMs(context, 'issuance'),
    failure: 'its trust stores were not written',
    hint: 'No pod was restarted. Is cert-manager running?',
    retryMs: LOOK_AGAIN_MS,
  });
  if (written === 'replan') return 'replan';
  emit(context, 'ready', subject, 'its trust stores hold these roots');
  if (isMounted) await settle(context, subject);
  return 'done';
}

async function settle(context: ExecuteContext, subject: StepOf<'widenTrust'>['subject']): Promise<void> {
  const { clock } = context;
  const end = clock.monotonicMs() + BEHIND_MS + ROUNDING_MS;
  await waitUntil(context, {
    subject,
    watch: [],
    check: async () => (clock.monotonicMs() >= end ? { done: undefined } : { waitingFor: 'for kubelets to see it' }),
    deadlineMs: BEHIND_MS + 60_000,
    failure: 'not seen by kubelets',
    retryMs: LOOK_AGAIN_MS,
    endsByItself: true,
  });
}
