/** Certificates: when one is to be issued. */
import { conditionOf, hasTrueCondition, KINDS, type KubeObject } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { type Again, type Controller, ownerKey, ownKey } from '../controller';
import type { World } from '../world';
import { generationOf, issuedMaterial, reportStatus, secretOf, violationOf } from './certificate-status';
import type { Issuance } from './issuance';
import { renewalTime, type Violation } from './violations';

/** After a failure the next attempt waits, twice as long each time. */
const FIRST_BACKOFF_MS = 3_600_000;
const LONGEST_BACKOFF_MS = 32 * FIRST_BACKOFF_MS;

export function certificateController(world: World, issuance: Issuance): Controller {
  return {
    name: 'cert-manager-certificates',
    watches: [
      { kind: KINDS.Certificate, keys: ownKey },
      { kind: KINDS.CertificateRequest, keys: ownerKey(KINDS.Certificate) },
      {
        kind: KINDS.Secret,
        keys: (secret) =>
          world.cache
            .list(KINDS.Certificate, secret.metadata.namespace)
            .filter((c) => concerns(secret, c))
            .flatMap(ownKey),
      },
    ],
    reconcile: async ({ namespace, name }) => {
      const certificate = world.cache.get(KINDS.Certificate, namespace, name);
      if (certificate === undefined || certificate.metadata.deletionTimestamp !== undefined) return undefined;
      if (!hasTrueCondition(certificate, 'Issuing')) return judge(world, certificate, issuance);
      await issuance.advance(certificate);
      return undefined;
    },
  };
}

function concerns({ metadata: { name } }: KubeObject, { spec }: KubeObject): boolean {
  return spec.secretName === name || spec.keystores?.jks?.passwordSecretRef?.name === name;
}

/** Begins an issuance when there is a reason; else sees that the Secret carries what the spec says about it. */
async function judge(world: World, certificate: KubeObject, issuance: Issuance): Promise<Again> {
  const now = world.clock.now();
  const violation = violationOf(world, certificate);
  const material = issuedMaterial(world, certificate);
  const renewal = violation === undefined && material !== undefined ? renewalTime(certificate, material) : undefined;
  const trigger = violation ?? (renewal !== undefined && renewal <= now ? renewalDue(renewal) : undefined);
  if (trigger === undefined) {
    await issuance.refresh(certificate);
    await reportStatus(world, certificate, { violation });
    return renewal === undefined ? undefined : renewal.getTime() - now.getTime();
  }
  const waitMs = backoffLeft(certificate, now);
  const mayIssue = waitMs === 0 && isOwnerOfSecret(world, certificate);
  await reportStatus(world, certificate, { violation, ...(mayIssue ? { issuing: { status: 'True', ...trigger } } : {}) });
  return waitMs > 0 ? waitMs : undefined;
}

function renewalDue(at: Date): Violation {
  return { reason: 'Renewing', message: `Renewing certificate as renewal was scheduled at ${timestamp(at)}` };
}

/** A changed spec is tried at once. */
function backoffLeft(certificate: KubeObject, now: Date): number {
  const { lastFailureTime, failedIssuanceAttempts = 1 } = certificate.status ?? {};
  const isForThisSpec = conditionOf(certificate, 'Issuing')?.observedGeneration === generationOf(certificate);
  if (lastFailureTime === undefined || !isForThisSpec) return 0;
  const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (failedIssuanceAttempts - 1), LONGEST_BACKOFF_MS);
  return Math.max(0, Date.parse(lastFailureTime) + backoff - now.getTime());
}

/** Of Certificates that share a Secret only one is issued: the one that the Secret names, else the oldest. */
function isOwnerOfSecret(world: World, certificate: KubeObject): boolean {
  const sharing = world.cache
    .list(KINDS.Certificate, certificate.metadata.namespace)
    .filter((c) => c.spec.secretName === certificate.spec.secretName);
  const named = secretOf(world, certificate)?.metadata.annotations?.['cert-manager.io/certificate-name'];
  const age = ({ metadata }: KubeObject) => `${metadata.creationTimestamp} ${metadata.name}`;
  const owner = sharing.find((c) => c.metadata.name === named) ?? [...sharing].sort((a, b) => (age(a) < age(b) ? -1 : 1))[0];
  return owner === undefined || owner.metadata.name === certificate.metadata.name;
}
