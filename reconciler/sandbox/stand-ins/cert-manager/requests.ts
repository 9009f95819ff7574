/** CertificateRequests: approved at once, signed after a while, or waiting for their issuer. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { parseGoDuration } from '#model/go-duration';
import { conditionOf, hasTrueCondition, KINDS, type KubeObject } from '#model/kube-object';
import { DEFAULT_DURATION } from '#model/kubedb';
import { timestamp } from '#reconciler/sandbox/clock';
import { type Again, type Controller, type Key, ownKey } from '../controller';
import { issuerFaultOf } from '../faults';
import { singleChain } from '../pki/chain';
import type { KeySource } from '../pki/keys';
import { signRequest } from '../pki/x509';
import { conditionsOf, type NewCondition, type World, withCondition, writeStatus } from '../world';
import { type PendingKeys, pendingKey } from './issuance';
import { findIssuer, isReadyIssuer, isSameIssuer, type KeyPair, keyPairOf } from './issuers';
import { remoteAnswer, vaultCas } from './remote-issuers';

export function requestController(world: World, pending: PendingKeys, keys: KeySource): Controller {
  const due = new Map<string, number>();
  const vaultCa = vaultCas(keys, () => world.clock.now());
  return {
    name: 'cert-manager-certificaterequests',
    watches: [
      { kind: KINDS.CertificateRequest, keys: ownKey },
      { kind: KINDS.Issuer, keys: (issuer) => waitingFor(world, issuer) },
      { kind: KINDS.ClusterIssuer, keys: (issuer) => waitingFor(world, issuer) },
    ],
    reconcile: async ({ namespace, name }) => {
      const request = world.cache.get(KINDS.CertificateRequest, namespace, name);
      if (request === undefined || isOver(request)) return undefined;
      return handle(world, request, { pending, due, vaultCa });
    },
  };
}

/** Tells whether a request has its certificate, or never will. */
function isOver(request: KubeObject): boolean {
  return hasTrueCondition(request, 'Ready') || conditionOf(request, 'Ready')?.reason === 'Failed';
}

function waitingFor({ cache }: World, issuer: KubeObject): readonly Key[] {
  const { name, namespace } = issuer.metadata;
  const ref = { name, kind: issuer.kind };
  return cache
    .list(KINDS.CertificateRequest, namespace)
    .filter((r) => !isOver(r) && isSameIssuer(r.spec.issuerRef, ref))
    .flatMap(ownKey);
}

async function handle(
  world: World,
  request: KubeObject,
  { pending, due, vaultCa }: { pending: PendingKeys; due: Map<string, number>; vaultCa: (issuer: KubeObject) => Promise<KeyPair> },
): Promise<Again> {
  const { name, namespace, uid = '' } = request.metadata;
  const { issuerRef } = request.spec;
  const issuer = findIssuer(world, namespace, issuerRef);
  if (issuer === undefined) return wait(world, request, `Referenced "${issuerRef.kind ?? 'Issuer'}" not found: "${issuerRef.name}"`);
  if (!isReadyIssuer(issuer)) return wait(world, request, 'Referenced issuer does not have a Ready status condition');
  const now = world.clock.monotonicMs();
  const { takesMs = world.timing.issuanceMs, failure } = issuerFaultOf(issuer);
  const dueMs = due.get(uid) ?? now + takesMs;
  due.set(uid, dueMs);
  if (dueMs > now) return dueMs - now;
  due.delete(uid);
  try {
    if (failure !== undefined) throw new SigningError(failure);
    const passedOn = remoteAnswer(issuer, request);
    if (passedOn !== 'signs' && 'pending' in passedOn) return wait(world, request, passedOn.pending);
    if (passedOn !== 'signs') throw new SigningError(passedOn.refusal);
    const pair = issuer.spec.vault === undefined ? undefined : await vaultCa(issuer);
    await answer(
      world,
      request,
      { status: 'True', reason: 'Issued', message: 'Certificate fetched from issuer successfully' },
      issue(world, request, issuer, { requester: pending.get(pendingKey(namespace, name)), pair }),
    );
  } catch (error) {
    if (!(error instanceof SigningError)) throw error;
    await answer(
      world,
      request,
      { status: 'False', reason: 'Failed', message: error.message },
      { failureTime: timestamp(world.clock.now()) },
    );
  }
  return undefined;
}

class SigningError extends Error {}

interface Signers {
  /** The key that the request is about. */
  readonly requester: KeyObject | undefined;
  /** What a remote issuer signs with. */
  readonly pair: KeyPair | undefined;
}

function issue(world: World, request: KubeObject, issuer: KubeObject, { requester, pair: remote }: Signers): object {
  const requestPem = Buffer.from(request.spec.request, 'base64').toString('utf8');
  const duration = parseGoDuration(request.spec.duration ?? DEFAULT_DURATION) ?? 0n;
  const { backdatedMs, droppedNames: without } = issuerFaultOf(issuer);
  const nowMs = Math.floor(world.clock.now().getTime() / 1000) * 1000;
  const dates = { notBefore: new Date(nowMs - backdatedMs), notAfter: new Date(nowMs + Number(duration / 1_000_000n)), without };
  const nonce = request.metadata.uid ?? '';
  if (issuer.spec.selfSigned !== undefined) {
    if (requester === undefined) throw new SigningError('the private key of the request is not known');
    const certificate = signRequest({ requestPem, key: requester, nonce, ...dates });
    return { certificate: base64(certificate), ca: base64(certificate) };
  }
  const pair = remote ?? keyPairOf(world, issuer);
  if ('problem' in pair) throw new SigningError(pair.problem);
  const [own = ''] = pair.chain;
  // Whether the two fit is not looked at before: the issuer calls itself Ready.
  if (!new X509Certificate(own).checkPrivateKey(pair.key))
    throw new SigningError(
      "Error signing certificate: error creating x509 certificate: x509: provided PrivateKey doesn't match parent's PublicKey",
    );
  const leaf = signRequest({ requestPem, issuer: { certificatePem: own }, key: pair.key, nonce, ...dates });
  const chain = singleChain([leaf, ...pair.chain]);
  if (chain === undefined) throw new SigningError('Error signing certificate: certificate chain is malformed or broken');
  return { certificate: base64(chain.certificates.join('')), ca: base64(chain.ca) };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

async function wait(world: World, request: KubeObject, message: string): Promise<Again> {
  await answer(world, request, { status: 'False', reason: 'Pending', message }, {});
  return undefined;
}

async function answer(world: World, request: KubeObject, ready: Omit<NewCondition, 'type'>, result: object): Promise<void> {
  const now = world.clock.now();
  const approved: NewCondition = {
    type: 'Approved',
    status: 'True',
    reason: 'cert-manager.io',
    message: 'Certificate request has been approved by cert-manager.io',
  };
  const conditions = withCondition(withCondition(conditionsOf(request), approved, now), { type: 'Ready', ...ready }, now);
  await writeStatus(world, request, { ...request.status, conditions, ...result });
}
