/** CertificateRequests: approved at once, then signed after a while, refused, or left waiting for their issuer. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { goDurationMs } from '#model/go-duration';
import { conditionOf, conditionsOf, hasTrueCondition } from '#model/kube-object';
import { timestamp } from '#reconciler/sandbox/clock';
import { keyOf } from '../cache';
import { type Context, isFalse, isTrue, withConditions, writeStatus } from '../context';
import { type Controller, watch } from '../controller';
import { issuerFaultsOf } from '../faults';
import { type CertificateRequest, type Issuer, KINDS } from '../kinds';
import { singleChain } from '../pki/chain';
import type { KeySource } from '../pki/keys';
import { signRequest } from '../pki/x509';
import type { PendingKeys } from './issuance';
import { answerOf, findIssuer, type KeyPair, vaultCas } from './issuers';
import { isSameIssuer } from './violations';

export function requestController(context: Context, pending: PendingKeys, keys: KeySource): Controller<CertificateRequest> {
  const { cache, clock, timing } = context;
  const due = new Map<string, number>();
  const vaultCa = vaultCas(keys, () => clock.now());
  const waitingFor = ({ kind, metadata: { name, namespace } }: Issuer) =>
    cache.list(KINDS.CertificateRequest, namespace).filter((r) => !isFinished(r) && isSameIssuer(r.spec.issuerRef, { name, kind }));
  return {
    kind: KINDS.CertificateRequest,
    watches: [watch(KINDS.Issuer, waitingFor), watch(KINDS.ClusterIssuer, waitingFor)],
    reconcile: async (request) => {
      if (isFinished(request)) return undefined;
      const { spec, metadata } = request;
      const { uid = '' } = metadata;
      const { kind = 'Issuer', name } = spec.issuerRef;
      const issuer = findIssuer(context, metadata.namespace, spec.issuerRef);
      if (issuer === undefined || !hasTrueCondition(issuer, 'Ready')) {
        const missing = `Referenced "${kind}" not found: "${name}"`;
        const pendingFor = issuer === undefined ? missing : 'Referenced issuer does not have a Ready status condition';
        await report(context, request, { pending: pendingFor });
        return undefined;
      }
      const { takesMs = timing.issuanceMs, failure } = issuerFaultsOf(issuer);
      const now = clock.monotonicMs();
      const dueMs = due.get(uid) ?? now + takesMs;
      due.set(uid, dueMs);
      if (dueMs > now) return dueMs - now;
      due.delete(uid);
      const answer = failure === undefined ? await answerOf(context, issuer, request, vaultCa) : { refusal: failure };
      const key = pending.get(keyOf(request));
      await report(context, request, 'signer' in answer ? issue(request, answer.signer, { issuer, key, now: clock.now() }) : answer);
      return undefined;
    },
  };
}

/** Tells whether a request has its certificate, or failed for good. */
function isFinished(request: CertificateRequest): boolean {
  return hasTrueCondition(request, 'Ready') || conditionOf(request, 'Ready')?.reason === 'Failed';
}

/** What a request came to. Certificates are in base64. */
type Outcome = { readonly pending: string } | { readonly refusal: string } | { readonly certificate: string; readonly ca: string };

/** `key` is the key of the request, which signs a self-signed certificate. */
function issue(
  { spec, metadata }: CertificateRequest,
  signer: KeyPair | 'requester',
  { issuer, key, now }: { readonly issuer: Issuer; readonly key: KeyObject | undefined; readonly now: Date },
): Outcome {
  const { backdatedMs, droppedNames: without } = issuerFaultsOf(issuer);
  const nowMs = Math.floor(now.getTime() / 1000) * 1000;
  const options = {
    requestPem: Buffer.from(spec.request, 'base64').toString('utf8'),
    nonce: metadata.uid ?? '',
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(nowMs + (goDurationMs(spec.duration ?? DEFAULT_DURATION) ?? 0)),
    without,
  };
  if (signer === 'requester') {
    if (key === undefined) return { refusal: 'the private key of the request is not known' };
    const certificate = base64(signRequest({ ...options, key }));
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

const APPROVED = isTrue('Approved', 'cert-manager.io', 'Certificate request has been approved by cert-manager.io');

async function report(context: Context, request: CertificateRequest, outcome: Outcome): Promise<void> {
  const now = context.clock.now();
  const [condition, fields] =
    'pending' in outcome
      ? [isFalse('Ready', 'Pending', outcome.pending), {}]
      : 'refusal' in outcome
        ? [isFalse('Ready', 'Failed', outcome.refusal), { failureTime: timestamp(now) }]
        : [isTrue('Ready', 'Issued', 'Certificate fetched from issuer successfully'), outcome];
  const conditions = withConditions(conditionsOf(request), [APPROVED, condition], now);
  await writeStatus(context, request, { ...request.status, ...fields, conditions });
}
