/** Which cut-overs have to be acknowledged in Git before they begin. */
import { type Acknowledged, formatAcknowledgement } from '../../constructs/model/acknowledgement';
import { KINDS, ref } from '../../constructs/model/kube-object';
import { formatIssuerRef, tlsHash, tlsStateOf } from '../../constructs/model/tls';
import { isSameTls } from '../../constructs/model/tls-effect';
import type { World } from './checks/world';
import type { Obstacle } from './nouns';
import type { Observation } from './observation';
import { isOurs, lastConverging, stateBefore, unfinished } from './requests';
import { type Cut, type ExpiryCut, isSelfSigned } from './trust';

/** Whether a cut may begin: what was acknowledged for it, or what is missing. */
export interface Approval {
  readonly acknowledged?: readonly Acknowledged[];
  readonly obstacles: readonly Obstacle[];
}

/**
 * Returns whether a cut is approved. The reverse of the last operation needs no acknowledgement (a revert must work at any hour), and neither
 * does going on with an operation that was begun.
 */
export function approvalOf(cut: Cut | undefined, world: World): Approval {
  const { bundle, live } = world;
  if (cut === undefined || !needsApproval(cut, live)) return { obstacles: [] };
  const { desired, tls } = bundle;
  const fitting = fittingAcknowledgements(cut, world);
  const given = desired.acknowledge.find((a) => fitting.some((f) => formatAcknowledgement(f) === formatAcknowledgement(a)));
  if (given !== undefined) return { acknowledged: [given], obstacles: [] };
  const last = lastConverging(live.requests, desired.owner);
  const before = last === undefined ? undefined : stateBefore(last);
  if (before !== undefined && isSameTls(live.name, before, tls)) return { obstacles: [] };
  const isBegun = unfinished(live.requests).some(
    (r) => isOurs(r, desired.owner) && r.metadata.name.startsWith(bundle.converge.metadata.name),
  );
  if (isBegun) return { obstacles: [] };
  return {
    obstacles: [
      {
        kind: 'invalid',
        subject: ref(KINDS.Kafka, live.namespace, live.name),
        message: `${cut.because}: ${whoIsAffected(cut)}, and that is not acknowledged`,
        hint: howToAcknowledge(fitting[0]),
      },
    ],
  };
}

type AcknowledgedCut = Exclude<Cut, ExpiryCut>;

/**
 * Clients lose nothing with what has expired, since they refuse it already. A selfSigned issuer is refused for its type
 * (`preflight/issuer-types.ts`): no acknowledgement makes it an issuer for brokers.
 */
function needsApproval(cut: Cut, live: Observation): cut is AcknowledgedCut {
  return cut.kind !== 'expired' && !(cut.kind === 'trust' && isSelfSigned(live, cut.issuer));
}

/** Returns the acknowledgements that approve a cut; the first is the one to ask for. */
function fittingAcknowledgements(cut: AcknowledgedCut, { bundle, live }: World): readonly Acknowledged[] {
  if (cut.kind === 'trust') {
    return [
      ...(cut.root === undefined ? [] : [{ kind: 'trustRootChangesTo' as const, root: cut.root }]),
      // The root of the same issuer is not named by the issuer's name: it would approve every later root, too.
      ...(cut.isOtherIssuer ? [{ kind: 'trustRootChangesTo' as const, issuer: cut.issuer.name }] : []),
    ];
  }
  const kind = cut.to === 'tls' ? 'clientsMoveToTls' : 'clientsLeaveTls';
  const content = tlsHash(live.name, cut.to === 'tls' ? bundle.tls : tlsStateOf(live.kafka?.spec));
  return [{ kind }, { kind, content }];
}

function howToAcknowledge(wanted: Acknowledged | undefined): string {
  if (wanted === undefined)
    return 'When that is arranged, acknowledge the SHA-256 of the new root with Acknowledgement.trustRootChangesTo.';
  return `When that is arranged, add acknowledge: [${formatAcknowledgement(wanted)}] to its Tls and commit.`;
}

function whoIsAffected(cut: AcknowledgedCut): string {
  if (cut.kind === 'trust') {
    return `every client has to trust the root ${cut.root === undefined ? `of ${formatIssuerRef(cut.issuer)}` : `with SHA-256 ${cut.root}`}`;
  }
  return cut.to === 'tls' ? 'every client has to connect with TLS from then on' : 'every client has to connect without TLS from then on';
}
