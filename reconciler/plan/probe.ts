/**
 * Issuers whose CA cannot be read (ClusterIssuers, Vault and others): before a broker certificate is issued, a CertificateRequest of ours
 * shows which root they sign with. Without it, an unchanged issuer would be assumed to keep its root, and a replaced root would show only
 * after the certificates were issued, or under `ops-request` after pods have restarted.
 *
 * The run keeps the answer, as if the CA had been read, and plans again with it.
 */

import { capabilitiesOf } from '#model/capabilities';
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { ownedMetadata } from '#model/manifests';
import { probeName } from '#model/names';
import { formatIssuerRef, type IssuerRef, issuerOf, tlsStateOf } from '#model/tls';
import type { Draft, Step } from '../model/plan';
import type { Diff } from './diff';
import { isSelfSigned, issuerManifest, issuerStateOf } from './issuers';
import { type PlanInput, wantedCertificate } from './plan-input';

/** Adds the certificate request before all other steps where it is needed, and notes on how the root is checked. */
export function withProbe(input: PlanInput, diff: Diff, draft: Draft): Draft {
  const issuer = unreadIssuer(input, diff, draft);
  if (issuer === undefined) return draft;
  const failure = issuerStateOf(input.live, issuer)?.probeFailure;
  const name = formatIssuerRef(issuer);
  const { notes = [] } = draft;
  if (failure !== undefined) return { ...draft, notes: [...notes, unguarded(input, name, failure)] };
  const guard = `The CA of ${name} cannot be read. Before anything is changed, a certificate request shows which root it signs with.`;
  const other =
    input.dual === undefined
      ? 'If that is another root than pods trust, the run ends there unless it is acknowledged.'
      : 'If that is another root than pods trust, nodes trust both before the first of them serves it.';
  return { ...draft, steps: [probeStep(input, issuer), ...draft.steps], notes: [...notes, `${guard} ${other}`] };
}

function unguarded({ bundle }: PlanInput, issuer: string, failure: string): string {
  const known = `The root that ${issuer} signs with is not known (${failure}).`;
  return capabilitiesOf(bundle.desired).ownsCertificates
    ? `${known} The issued certificates are compared with what pods trust before the first pod restarts.`
    : `${known} KubeDB restarts pods as soon as certificates are issued: another root is reported then, but cannot be stopped.`;
}

/** Returns the issuer of the next server certificate, if its root is unknown and pods trust a root that it may differ from. */
function unreadIssuer(input: PlanInput, { cutoverCause, reissued }: Diff, { steps }: Draft): IssuerRef | undefined {
  const { bundle, live, dual } = input;
  if (dual !== undefined && dual.newRoot === undefined) return unreadableIssuer({ ...input, bundle: dual.wanted });
  if (bundle.tls === 'off' || tlsStateOf(live.kafka?.spec) === 'off' || !reissued.has('server') || cutoverCause?.kind === 'protocol')
    return undefined;
  // A request that the ops-manager has begun cannot be held back. A `native` run asks again, because the answer ended with the earlier run.
  const isRunning = capabilitiesOf(bundle.desired).needsOpsManager && steps.some((s) => s.kind === 'submitOpsRequest' && s.isContinued);
  const trusts = live.secrets.some((s) => (s.ca ?? []).length > 0 && live.pods.some((p) => p.certificateSecret === s.name));
  return isRunning || !trusts ? undefined : unreadableIssuer({ ...input, bundle: dual?.wanted ?? bundle });
}

/** Tells whether a certificate request will show the root of the next server certificate. */
export function isRootShownLater(input: PlanInput): boolean {
  const issuer = unreadableIssuer(input);
  return issuer !== undefined && issuerStateOf(input.live, issuer)?.probeFailure === undefined;
}

/** Returns the issuer of the server certificate if only a certificate request shows its root. */
function unreadableIssuer({ bundle, live }: PlanInput): IssuerRef | undefined {
  if (bundle.tls === 'off') return undefined;
  const issuer = issuerOf(bundle.tls, 'server');
  const state = issuerStateOf(live, issuer);
  const isOurs = issuerManifest(bundle, issuer) !== undefined;
  const exists = state?.object !== undefined || state?.unknown !== undefined;
  const isPublic = state?.object?.spec?.acme !== undefined;
  if (isOurs || !exists || isPublic || state?.caProblem !== undefined || state?.ca !== undefined || state?.caPublicKeys !== undefined)
    return undefined;
  return isSelfSigned(live, issuer) ? undefined : issuer;
}

function probeStep(input: PlanInput, issuer: IssuerRef): Step {
  const { bundle, live } = input;
  const subject = ref(KINDS[issuer.kind], live.namespace, issuer.name);
  const message = 'its CA cannot be read: a certificate request shows which root it signs with';
  const { commonName, dnsNames = [] } = wantedCertificate(input, 'server').spec as { commonName?: string; dnsNames?: readonly string[] };
  const { apiVersion, kind } = KINDS.Kafka;
  const request: KubeObject = {
    apiVersion: KINDS.CertificateRequest.apiVersion,
    kind: KINDS.CertificateRequest.kind,
    metadata: {
      ...ownedMetadata(bundle.desired, probeName(live.name)),
      ownerReferences: [{ apiVersion, kind, name: live.name, uid: live.kafka?.metadata.uid ?? '' }],
    },
    spec: { issuerRef: { group: issuer.apiGroup, kind: issuer.kind, name: issuer.name }, duration: PROBE_DURATION },
  };
  return {
    kind: 'probe',
    subject,
    findings: [{ subject, reason: 'CaUnknown', message }],
    request,
    names: { ...(commonName === undefined ? {} : { commonName }), dnsName: dnsNames[0] ?? live.name },
  };
}

/** The shortest duration that cert-manager accepts. */
const PROBE_DURATION = '1h';
