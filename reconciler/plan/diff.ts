/** desired x live, by layer, and what follows from it for every executor: what is issued anew, whether pods can talk meanwhile. */
import { type Alias, tlsStateOf } from '#model/tls';
import type { Finding, Operation } from '../model/plan';
import { certificateFindings } from './checks/certificates';
import { kafkaFindings } from './checks/kafka';
import { droppedNameFindings } from './checks/names';
import { petSetFindings } from './checks/pet-sets';
import { podFindings, unknownPodFindings } from './checks/pods';
import { rotationFindings, secretFindings } from './checks/secrets';
import { type CutoverCause, detectCutover } from './cutover';
import type { AliasFinding, PlanInput } from './plan-input';
import { reissues } from './reissue';

export interface Diff {
  readonly kafka: readonly Finding[];
  readonly certificates: readonly AliasFinding[];
  /** Certificates that are as asked for, and that cert-manager is at work on: whoever started that, it only has to be waited for. */
  readonly issuanceInProgress: readonly AliasFinding[];
  /** What the Secrets hold is not what the Certificates ask for. */
  readonly secrets: readonly AliasFinding[];
  /** Leaves that are as asked for and too old, or written in another key encoding: only a rotation changes them. */
  readonly rotation: readonly AliasFinding[];
  /** Names that an issuer was asked for and has left out: to issue again helps only once the issuer has changed. */
  readonly dropped: readonly AliasFinding[];
  readonly petSets: readonly Finding[];
  /** Pods that have to restart as things stand. */
  readonly pods: readonly Finding[];
  /** Pods of which nothing can be said. */
  readonly unknown: readonly Finding[];
  /** Aliases that cert-manager issues for of its own accord, once its Certificates are as asked for. */
  readonly replaced: ReadonlySet<Alias>;
  /** Those and all others that get a new certificate. */
  readonly reissued: ReadonlySet<Alias>;
  readonly cutoverCause: CutoverCause | undefined;
}

/** Compares layer by layer. With `retry`, what an issuer has left out before is asked for once more. */
export function compare(input: PlanInput, retry = false): Diff {
  const isAtWork = (f: AliasFinding) => f.reason === 'CertificateNotReady';
  const certificates = certificateFindings(input).filter((f) => !isAtWork(f));
  const issuanceInProgress = certificateFindings(input).filter(isAtWork);
  // What such a Secret holds, and what is served from it, is about to change.
  const isSettled = (f: AliasFinding) => !issuanceInProgress.some((c) => c.alias === f.alias);
  const secrets = secretFindings(input).filter(isSettled);
  const dropped = droppedNameFindings(input).filter(isSettled);
  const tooOld = rotationFindings(input).filter(isSettled);
  const rotation = retry ? [...tooOld, ...dropped.filter((d) => !tooOld.some((f) => f.alias === d.alias))] : tooOld;
  const replaced = reissues(input, [...certificates, ...secrets]);
  const reissued = new Set([...replaced, ...[...issuanceInProgress, ...rotation].map((f) => f.alias)]);
  return {
    kafka: kafkaFindings(input),
    certificates,
    issuanceInProgress,
    secrets,
    rotation,
    dropped,
    petSets: petSetFindings(input),
    pods: podFindings(input),
    unknown: unknownPodFindings(input),
    replaced,
    reissued,
    cutoverCause: detectCutover(input, reissued),
  };
}

/** Returns the findings that a converging request cures: all layers up to the PetSets. */
export function convergingFindings(diff: Diff): readonly Finding[] {
  return [...diff.kafka, ...diff.certificates, ...diff.secrets, ...diff.petSets];
}

/** Returns what is done to the Kafka as a whole. */
export function operationOf({ bundle, live }: PlanInput, diff: Diff): Operation {
  const has = tlsStateOf(live.kafka?.spec);
  if (diff.kafka.length > 0) return has === 'off' ? 'add' : bundle.tls === 'off' ? 'remove' : 'update';
  if (convergingFindings(diff).length > 0) return 'update';
  if (diff.rotation.length > 0) return 'rotate';
  return diff.pods.length > 0 ? 'restart' : 'none';
}
