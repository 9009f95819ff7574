/** CertificateRequests: approved at once, then signed after a while, refused, or left waiting for their issuer. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { goDurationMs } from '#model/go-duration';
import { conditionOf, hasTrueCondition } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { type Context, conditionsOf, type NewCondition, withCondition, writeStatus } from '../context';
import { type Again, type Controller, watch } from '../controller';
import { issuerFaultsOf } from '../faults';
import { CERTIFICATE_REQUEST, type CertificateRequest, CLUSTER_ISSUER, ISSUER, type Issuer } from '../kinds';
import { singleChain } from '../pki/chain';
import type { KeySource } from '../pki/keys';
import { signRequest } from '../pki/x509';
import { type PendingKeys, pendingKey } from './issuance';
import { type KeyPair, typeOf, type VaultCas, vaultCas } from './issuer-types';
import { findIssuer } from './issuers';
import { isSameIssuer } from './violations';

export function requestController(context: Context, pending: PendingKeys, keys: KeySource): Controller<CertificateRequest> {
  const due = new Map<string, number>();
  const vaultCa = vaultCas(keys, () => context.clock.now());
  const waitingFor = ({ kind, metadata: { name, namespace } }: Issuer) =>
    context.cache.list(CERTIFICATE_REQUEST, namespace).filter((r) => !isFinished(r) && isSameIssuer(r.spec.issuerRef, { name, kind }));
  return {
    kind: CERTIFICATE_REQUEST,
    watches: [watch(ISSUER, waitingFor), watch(CLUSTER_ISSUER, waitingFor)],
    reconcile: async (request) => {
      if (isFinished(request)) return undefined;
      const { issuerRef } = request.spec;
      const { name, namespace, uid = '' } = request.metadata;
      const issuer = findIssuer(context, namespace, issuerRef);
      if (issuer === undefined) return wait(context, request, `Referenced "${issuerRef.kind ?? 'Issuer'}" not found: "${issuerRef.name}"`);
      if (!hasTrueCondition(issuer, 'Ready')) return wait(context, request, 'Referenced issuer does not have a Ready status condition');
      const now = context.clock.monotonicMs();
      const dueMs = due.get(uid) ?? now + (issuerFaultsOf(issuer).takesMs ?? context.timing.issuanceMs);
      due.set(uid, dueMs);
      if (dueMs > now) return dueMs - now;
      due.delete(uid);
      return answer(context, request, issuer, { requester: pending.get(pendingKey(namespace, name)), vaultCa });
    },
  };
}

/** Tells whether a request has its certificate, or failed for good. */
function isFinished(request: CertificateRequest): boolean {
  return hasTrueCondition(request, 'Ready') || conditionOf(request, 'Ready')?.reason === 'Failed';
}

interface Signers {
  /** The key of the request, which signs a self-signed certificate. */
  readonly requester: KeyObject | undefined;
  readonly vaultCa: VaultCas;
}

async function answer(context: Context, request: CertificateRequest, issuer: Issuer, { requester, vaultCa }: Signers): Promise<Again> {
  const { failure } = issuerFaultsOf(issuer);
  const decision = failure === undefined ? await typeOf(issuer).answer(context, issuer, request, vaultCa) : { refusal: failure };
  if ('pending' in decision) return wait(context, request, decision.pending);
  const outcome = 'refusal' in decision ? decision : issue(context, request, { issuer, requester, signer: decision.signer });
  if ('refusal' in outcome) {
    const failureTime = timestamp(context.clock.now());
    await report(context, request, { status: 'False', reason: 'Failed', message: outcome.refusal }, { failureTime });
  } else
    await report(context, request, { status: 'True', reason: 'Issued', message: 'Certificate fetched from issuer successfully' }, outcome);
  return undefined;
}

interface Signing {
  readonly issuer: Issuer;
  readonly requester: KeyObject | undefined;
  readonly signer: KeyPair | 'requester';
}

/** Returns the certificate and its CA in base64, or why the issuer cannot sign. */
function issue({ clock }: Context, { spec, metadata }: CertificateRequest, { issuer, requester, signer }: Signing) {
  const { backdatedMs, droppedNames: without } = issuerFaultsOf(issuer);
  const nowMs = Math.floor(clock.now().getTime() / 1000) * 1000;
  const options = {
    requestPem: Buffer.from(spec.request, 'base64').toString('utf8'),
    nonce: metadata.uid ?? '',
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(nowMs + (goDurationMs(spec.duration ?? DEFAULT_DURATION) ?? 0)),
    without,
  };
  if (signer === 'requester') {
    if (requester === undefined) return { refusal: 'the private key of the request is not known' };
    const certificate = base64(signRequest({ ...options, key: requester }));
    return { certificate, ca: certificate };
  }
  const [certificatePem = ''] = signer.chain;
  // The issuer is Ready without this check.
  if (!new X509Certificate(certificatePem).checkPrivateKey(signer.key)) return { refusal: MISMATCH };
  const leaf = signRequest({ ...options, issuer: { certificatePem }, key: signer.key });
  const chain = singleChain([leaf, ...signer.chain]);
  if (chain === undefined) return { refusal: 'Error signing certificate: certificate chain is malformed or broken' };
  return { certificate: base64(chain.certificates.join('')), ca: base64(chain.ca) };
}

const DEFAULT_DURATION = '2160h';
const MISMATCH = "Error signing certificate: error creating x509 certificate: x509: provided PrivateKey doesn't match parent's PublicKey";

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

async function wait(context: Context, request: CertificateRequest, message: string): Promise<Again> {
  await report(context, request, { status: 'False', reason: 'Pending', message }, {});
  return undefined;
}

const APPROVED: NewCondition = {
  type: 'Approved',
  status: 'True',
  reason: 'cert-manager.io',
  message: 'Certificate request has been approved by cert-manager.io',
};

async function report(context: Context, request: CertificateRequest, ready: Omit<NewCondition, 'type'>, fields: object): Promise<void> {
  const now = context.clock.now();
  const conditions = withCondition(withCondition(conditionsOf(request), APPROVED, now), { type: 'Ready', ...ready }, now);
  await writeStatus(context, request, { ...request.status, ...fields, conditions });
}
