/** The difference between the live and the desired state by layer, and what follows from it for every executor. */

import { capabilitiesOf } from '#model/capabilities';
import { reissuingFields } from '#model/certificate-effect';
import { KUBEDB_FIELDS } from '#model/certificate-fields';
import { type Alias, brokerCertificateName } from '#model/tls';
import type { Finding } from '../model/plan';
import { phaseFindings } from './bridge/findings';
import { certificateFindings } from './checks/certificates';
import { kafkaFindings, petSetFindings } from './checks/configuration';
import { podFindings, unknownPodFindings } from './checks/pods';
import { droppedNameFindings, rotationFindings, secretFindings } from './checks/secrets';
import { type CutoverCause, detectCutover } from './cutover';
import { isHeldBack, narrowingFindings, trustFindings } from './dual/findings';
import { type AliasFinding, type PlanInput, wantedCertificate } from './plan-input';

export interface Diff {
  readonly kafka: readonly Finding[];
  readonly certificates: readonly AliasFinding[];
  /** Certificates that are as desired and that cert-manager is issuing. The run only waits for them. */
  readonly issuanceInProgress: readonly AliasFinding[];
  /** The Secrets hold something else than the Certificates ask for. */
  readonly secrets: readonly AliasFinding[];
  /** Leaves that only a rotation changes: they are too old, or their key has another encoding. */
  readonly rotation: readonly AliasFinding[];
  /** Names that an issuer left out of a certificate. Another issuance helps only after the issuer has changed. */
  readonly dropped: readonly AliasFinding[];
  readonly petSets: readonly Finding[];
  /** Pods that have to restart now. */
  readonly pods: readonly Finding[];
  /** Pods that are missing, stuck, or could not be observed. */
  readonly unknown: readonly Finding[];
  /** Aliases for which cert-manager issues a certificate by itself, once the Certificate is as desired. */
  readonly replaced: ReadonlySet<Alias>;
  /** All aliases that get a new certificate. */
  readonly reissued: ReadonlySet<Alias>;
  readonly cutoverCause: CutoverCause | undefined;
}

/** Compares layer by layer. With `retry`, certificates from which an issuer dropped names are issued once more. */
export function compare(input: PlanInput, retry = false): Diff {
  const isInProgress = (f: AliasFinding) => f.reason === 'CertificateNotReady';
  const certificates = certificateFindings(input).filter((f) => !isInProgress(f));
  const issuanceInProgress = certificateFindings(input).filter(isInProgress);
  // The content of such a Secret, and what pods serve from it, is about to change.
  const isSettled = (f: AliasFinding) => !issuanceInProgress.some((c) => c.alias === f.alias);
  const secrets = secretFindings(input).filter(isSettled);
  const dropped = droppedNameFindings(input).filter(isSettled);
  const tooOld = isHeldBack(input) ? [] : rotationFindings(input).filter(isSettled);
  const ofPhase = [...phaseFindings(input), ...narrowingFindings(input)].filter(
    (f) => isSettled(f) && !tooOld.some((o) => o.alias === f.alias),
  );
  const old = [...tooOld, ...ofPhase];
  const rotation = retry ? [...old, ...dropped.filter((d) => !old.some((f) => f.alias === d.alias))] : old;
  const replaced = reissues(input, [...certificates, ...secrets]);
  const pods = podFindings(input);
  const reissued = new Set([...replaced, ...[...issuanceInProgress, ...rotation].map((f) => f.alias)]);
  return {
    kafka: kafkaFindings(input),
    certificates,
    issuanceInProgress,
    secrets,
    rotation,
    dropped,
    petSets: petSetFindings(input),
    pods: [...pods, ...trustFindings(input, pods)],
    unknown: unknownPodFindings(input),
    replaced,
    reissued,
    cutoverCause: detectCutover(input, reissued),
  };
}

/** Returns the findings that a change of the TLS state resolves: all layers up to the PetSets. */
export function convergingFindings(diff: Diff): readonly Finding[] {
  return [...diff.kafka, ...diff.certificates, ...diff.secrets, ...diff.petSets];
}

/**
 * Returns the aliases that get a new certificate for these findings. cert-manager does not issue for every change of a Certificate
 * (`certificate-fields.ts`). A new Certificate takes over the Secret of an earlier one if the Secret still fits.
 */
function reissues(input: PlanInput, findings: readonly AliasFinding[]): ReadonlySet<Alias> {
  return new Set(findings.filter((f) => isReissuing(input, f)).map((f) => f.alias));
}

function isReissuing(input: PlanInput, { alias, reason }: AliasFinding): boolean {
  if (reason === 'CertificateMissing') return false;
  return reason === 'CertificateDiffers' ? changesIssuedFields(input, alias) : true;
}

/** A Certificate that KubeDB writes keeps the fields that the TLS state does not decide. */
function changesIssuedFields(input: PlanInput, alias: Alias): boolean {
  const has = input.live.certificates.find((c) => c.metadata.name === brokerCertificateName(input.live.name, alias))?.spec ?? {};
  const fields = reissuingFields(has, wantedCertificate(input, alias).spec);
  return capabilitiesOf(input.bundle.desired).ownsCertificates ? fields.length > 0 : fields.some((field) => KUBEDB_FIELDS.includes(field));
}
