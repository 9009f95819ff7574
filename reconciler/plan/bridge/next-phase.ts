/**
 * Which phase of a change of root comes next (`bridge.ts`), and whether it may begin.
 *
 * Only the last phase needs an acknowledgement, because only then clients must trust the new root. That the published bundle has held it for
 * `trustFor` stands for one. Everything else is done before.
 */
import { goDurationMs } from '#model/go-duration';
import { tlsStateOf } from '#model/tls';
import type { Observation } from '../../model/observation';
import { type Approval, approvalOf } from '../acknowledgement';
import type { RootChange } from '../cutover';
import { issuerStateOf } from '../issuers';
import type { PlanInput } from '../plan-input';
import { findBridge } from './bridge';
import { type Bridge, type BridgePhase, isRoot } from './phases';

/**
 * Returns the input with the change of root. On the way back the TLS state that counts is the present one, until nodes can be led to the
 * desired one.
 */
export function withBridge(input: PlanInput): PlanInput {
  const bridge = findBridge(input);
  if (bridge === undefined) return input;
  const next = { ...input, bridge: { ...bridge, ...nextPhase(input, bridge) } };
  return bridge.isBack ? { ...next, bundle: presentBundle(input) } : next;
}

function nextPhase(input: PlanInput, bridge: Bridge): Pick<BridgePhase, 'target' | 'wait'> {
  const { phase, isUnderWay, isBack } = bridge;
  if (phase === 'old') return { target: 'bridged' };
  if (isUnderWay) return { target: phase };
  if (isBack) return { target: 'bridged' };
  if (phase === 'bridged') return { target: 'anchored' };
  const [missing] = lastPhaseApproval(input, bridge).obstacles;
  return missing === undefined ? { target: 'new' } : { target: 'anchored', wait: { ...missing, kind: 'blocked' } };
}

/** Returns what an acknowledgement of the last phase must approve. */
function lastPhase(input: PlanInput, bridge: Bridge): RootChange {
  const { issuer, newRoot, signer, oldRoot } = bridge;
  const has = tlsStateOf(input.live.kafka?.spec);
  const before = has === 'off' ? has : { ...has, issuerRef: { ...issuer, name: signer } };
  return {
    kind: 'root',
    because: `every node trusts the key of ${issuer.kind}/${issuer.name}, and its root is to replace that of ${issuer.kind}/${signer}`,
    issuer,
    isOtherIssuer: true,
    isLed: true,
    from: { tls: before, root: oldRoot.publicKey },
    ...(newRoot === undefined ? {} : { root: newRoot }),
    ...(isTrustedByTime(input, bridge) ? { isTrusted: true } : {}),
  };
}

/** Returns whether the last phase may begin, as far as it is known now. */
export function lastPhaseApproval(input: PlanInput, bridge: Bridge): Approval {
  return approvalOf(input, lastPhase(input, bridge), undefined);
}

/**
 * Returns when clients have had the new root for as long as the desired state demands: counted from the last write of the ConfigMap by any
 * writer, which is the latest instant at which it can have got there.
 */
export function trustedFrom({ bundle, live }: PlanInput, { isPublished }: Pick<Bridge, 'isPublished'>): string | undefined {
  const { trustFor } = bundle.desired;
  const { writtenAt } = live.trust ?? {};
  if (trustFor === undefined || writtenAt === undefined || !isPublished) return undefined;
  return new Date(Date.parse(writtenAt) + (goDurationMs(trustFor) ?? 0)).toISOString();
}

function isTrustedByTime(input: PlanInput, bridge: Bridge): boolean {
  const from = trustedFrom(input, bridge);
  return from !== undefined && Date.parse(from) <= input.now.getTime();
}

/** Returns a bundle that asks for what the live Kafka has. */
export function presentBundle({ bundle, live }: PlanInput): PlanInput['bundle'] {
  const specOf = (name: string) => live.certificates.find((c) => c.metadata.name === name)?.spec;
  const brokerCertificates = bundle.brokerCertificates.map((c) => ({ ...c, spec: specOf(c.metadata.name) ?? c.spec }));
  return { ...bundle, tls: tlsStateOf(live.kafka?.spec), brokerCertificates };
}

/** What the Secret of the new CA holds. */
export type CaForm = 'missing' | 'self-signed' | 'bridged' | 'anchored';

export function caFormOf({ issuer, key }: Bridge, live: Observation): CaForm {
  const [anchor] = issuerStateOf(live, issuer)?.ca ?? [];
  if (key === undefined || anchor === undefined) return 'missing';
  if (anchor.publicKey !== key) return 'bridged';
  return isRoot(anchor) ? 'self-signed' : 'anchored';
}
