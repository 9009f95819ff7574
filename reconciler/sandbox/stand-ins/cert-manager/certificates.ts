/** Certificates: when an issuance begins. */
import { conditionOf, hasTrueCondition } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import type { Context } from '../context';
import { type Again, type Controller, watch, watchOwned } from '../controller';
import { type Certificate, KINDS } from '../kinds';
import type { Issuance } from './issuance';
import { type CertificateFacts, factsOf, renewalTime, reportStatus } from './status';

/** The pause after the first failure; it doubles with each further one. */
const FIRST_BACKOFF_MS = 3_600_000;
const LONGEST_BACKOFF_MS = 32 * FIRST_BACKOFF_MS;

export function certificateController(context: Context, issuance: Issuance): Controller<Certificate> {
  return {
    kind: KINDS.Certificate,
    watches: [
      watchOwned(KINDS.CertificateRequest, KINDS.Certificate),
      watch(KINDS.Secret, ({ metadata: { name, namespace } }) =>
        context.cache
          .list(KINDS.Certificate, namespace)
          .filter(({ spec }) => spec.secretName === name || spec.keystores?.jks?.passwordSecretRef?.name === name),
      ),
    ],
    reconcile: async (certificate) => {
      if (!hasTrueCondition(certificate, 'Issuing')) return trigger(context, certificate, issuance);
      await issuance.advance(certificate);
      return undefined;
    },
  };
}

/** Begins an issuance if there is a reason. Otherwise brings the Secret's metadata up to date. */
async function trigger(context: Context, certificate: Certificate, issuance: Issuance): Promise<Again> {
  const now = context.clock.now();
  const facts = factsOf(context, certificate);
  const { violation, material } = facts;
  const renewal = material && renewalTime(certificate, material);
  const isDue = renewal !== undefined && renewal <= now;
  if (violation === undefined && !isDue) {
    await issuance.refresh(facts);
    await reportStatus(context, facts);
    return renewal && renewal.getTime() - now.getTime();
  }
  const message = `Renewing certificate as renewal was scheduled at ${renewal && timestamp(renewal)}`;
  const reason = violation ?? { reason: 'Renewing', message };
  const waitMs = backoffLeft(certificate, now);
  const mayIssue = waitMs === 0 && isOwnerOfSecret(context, facts);
  await reportStatus(context, facts, mayIssue ? { issuing: { status: 'True', ...reason } } : {});
  return waitMs > 0 ? waitMs : undefined;
}

/** A changed spec ends the pause. */
function backoffLeft(certificate: Certificate, now: Date): number {
  const { lastFailureTime, failedIssuanceAttempts = 1 } = certificate.status ?? {};
  const isForThisSpec = conditionOf(certificate, 'Issuing')?.observedGeneration === certificate.metadata.generation;
  if (lastFailureTime === undefined || !isForThisSpec) return 0;
  const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (failedIssuanceAttempts - 1), LONGEST_BACKOFF_MS);
  return Math.max(0, Date.parse(lastFailureTime) + backoff - now.getTime());
}

/** Of several Certificates with one Secret, only one is issued: the one that the Secret names, or the oldest. */
function isOwnerOfSecret({ cache }: Context, { certificate, secret }: CertificateFacts): boolean {
  const { metadata, spec } = certificate;
  const sharing = cache.list(KINDS.Certificate, metadata.namespace).filter((c) => c.spec.secretName === spec.secretName);
  const owner = secret?.metadata.annotations?.['cert-manager.io/certificate-name'];
  if (sharing.some((c) => c.metadata.name === owner)) return metadata.name === owner;
  const ages = sharing.map((c) => `${c.metadata.creationTimestamp} ${c.metadata.name}`).sort();
  return ages[0] === `${metadata.creationTimestamp} ${metadata.name}`;
}
