/**
 * The steps that bring the CA of a change of root into the form that the next phase needs, with the other issuers and certificates of the
 * bundle. Applications get their certificates when the CA has that form.
 *
 *     bridged    make the CA, publish its root while it is self-signed, then have the old CA sign its key
 *     anchored   take ca.crt out of its Secret: certificates that are issued then bring the bridge as their ca.crt
 *     new        have it self-signed again, and application certificates issued again
 */
import { withKeyKind } from '#model/certificate-effect';
import { asKind, type Certificate } from '#model/kinds/index';
import { KINDS, type KubeObject, ref, refOf } from '#model/kube-object';
import type { Observation } from '../../model/observation';
import type { Finding, Step } from '../../model/plan';
import { dualIssuingSteps } from '../dual/steps';
import { issuerSteps, liveObjectOf, manifestSteps } from '../issuer-manifests';
import type { PlanInput } from '../plan-input';
import { canPublish } from '../trust-bundle';
import { publishStep } from '../trust-bundle-steps';
import { isBehind } from './findings';
import { caFormOf } from './next-phase';
import { type BridgePhase, isBetween } from './phases';

/** Returns the steps that apply the bundle's issuers and certificates, with those that the next phase needs. */
export function issuingSteps(input: PlanInput): readonly Step[] {
  const { bundle, bridge, dual } = input;
  if (dual !== undefined) return dualIssuingSteps(input);
  if (bridge === undefined) return [...issuerSteps(input), ...applicationSteps(input)];
  const isOwn = (m: KubeObject) => m.kind === KINDS.Certificate.kind && m.metadata.name === bridge.certificate.metadata.name;
  const isLater = (m: KubeObject) => m.kind === KINDS.Certificate.kind && asKind('Certificate', m).spec.isCA !== true;
  const before = bundle.issuerManifests.filter((m) => !isLater(m));
  const making = before.flatMap((m) => (isOwn(m) ? makingSteps(input, bridge) : issuerSteps(input, [m])));
  return [
    ...making,
    ...bridgingSteps(input, bridge),
    ...issuerSteps(input, bundle.issuerManifests.filter(isLater)),
    ...applicationSteps(input),
  ];
}

/** Returns the steps after which the CA exists, is self-signed where its root must be published or is wanted, and can sign. */
function makingSteps(input: PlanInput, bridge: BridgePhase): readonly Step[] {
  const { certificate, target } = bridge;
  const isMade = liveObjectOf(certificate, input.live) !== undefined;
  return target === 'new' || !isMade || mustPublish(input, bridge) ? manifestSteps(withKey(input, certificate), input.live) : [];
}

function bridgingSteps(input: PlanInput, bridge: BridgePhase): readonly Step[] {
  const { live } = input;
  const { certificate, target } = bridge;
  if (target === 'new') return [];
  const subject = refOf(certificate);
  const isSigned = signerName(liveObjectOf(certificate, live)) === bridge.signer && !mustPublish(input, bridge);
  const form = caFormOf(bridge, live);
  const signed = withKey(input, signedBy(certificate, bridge.signer));
  const finding: Finding = {
    subject,
    reason: 'RootBridged',
    message: `Issuer/${bridge.signer} is to sign its key, so that nodes accept it`,
  };
  const sign: readonly Step[] = isSigned
    ? [...manifestSteps(signed, live), ...restoreSteps(input, bridge)]
    : [
        { kind: 'apply', subject, findings: [finding], manifest: signed, change: 'configure' },
        { kind: 'awaitReady', subject, findings: [] },
      ];
  const isWithdrawn = isSigned && sign.length === 0 && form === 'anchored';
  return [
    ...(mustPublish(input, bridge) ? [publishStep(input, live.trust?.object === undefined, ['gets the root of the new CA'])] : []),
    ...sign,
    ...(target === 'anchored' && !isWithdrawn ? [withdrawStep(input, bridge)] : []),
  ];
}

/** cert-manager puts the old root into the Secret again when it issues the certificate again. */
function restoreSteps({ live }: PlanInput, bridge: BridgePhase): readonly Step[] {
  if (bridge.target !== 'bridged' || caFormOf(bridge, live) !== 'anchored') return [];
  return reissueSteps(bridge.certificate, live, 'the old root is to be in its Secret again');
}

function withdrawStep({ live }: PlanInput, { certificate, signer }: BridgePhase): Step {
  const subject = ref(KINDS.Secret, live.namespace, certificate.spec.secretName);
  const message = 'without the old root in it, the next certificates bring the bridge as their ca.crt';
  return { kind: 'withdrawRoot', subject, findings: [{ subject, reason: 'RootBridged', message }], signer };
}

/** Returns the steps that have application certificates issued again beside which the old root still is. */
function applicationSteps(input: PlanInput): readonly Step[] {
  const { bundle, live, bridge } = input;
  return bundle.issuerManifests.flatMap((m): readonly Step[] => {
    const certificate = m.kind === KINDS.Certificate.kind ? asKind('Certificate', m) : undefined;
    const secret = live.secrets.find((s) => s.name === certificate?.spec.secretName);
    if (certificate === undefined || certificate.spec.isCA === true || secret === undefined) return [];
    // An application that loads it accepts brokers of this phase and of the next.
    const isDue = bridge === undefined ? isBehind(input, secret) : bridge.target === 'new' && isBetween(secret, bridge.key);
    return isDue ? reissueSteps(certificate, live, 'its ca.crt is to hold the new root') : [];
  });
}

function reissueSteps(certificate: Certificate, live: Observation, message: string): readonly Step[] {
  const subject = refOf(certificate);
  const has = liveObjectOf(certificate, live);
  if (has === undefined) return [];
  const revision = asKind('Certificate', has).status?.revision ?? 0;
  return [{ kind: 'reissue', subject, findings: [{ subject, reason: 'RootBridged', message }], revision }];
}

/** Clients must be able to get the new root before nodes depend on its key. */
function mustPublish(input: PlanInput, { isPublished, isBack }: BridgePhase): boolean {
  return !isPublished && !isBack && canPublish(input);
}

function signedBy(certificate: Certificate, name: string): Certificate {
  return { ...certificate, spec: { ...certificate.spec, issuerRef: { ...certificate.spec.issuerRef, kind: 'Issuer', name } } };
}

function signerName(certificate: KubeObject | undefined): string | undefined {
  return certificate === undefined ? undefined : asKind('Certificate', certificate).spec?.issuerRef.name;
}

function withKey({ live }: PlanInput, certificate: Certificate): KubeObject {
  return withKeyKind(certificate, liveObjectOf(certificate, live));
}
