/**
 * Issuers whose CA cannot be read (ClusterIssuers, Vault and others): before anything is issued for the brokers, a certificate request of ours
 * shows which root they sign with. Without it an unchanged issuer would be taken at its name, and a replaced root would be met only when the
 * certificates are there, or under `ops-request` when pods have restarted.
 *
 * What the answer shows is held for the rest of the run, as if the CA had been read; then all is planned again.
 */
import { KINDS, type KubeObject, ref } from '#model/kube-object';
import { ownedMetadata } from '#model/manifests';
import { probeName } from '#model/names';
import { formatIssuerRef, type IssuerRef, issuerOf, tlsStateOf } from '#model/tls';
import type { Draft, ProbeStep } from '../model/plan';
import { issuerStateOf } from './checks/cas';
import { isSelfSigned } from './cutover';
import type { Diff } from './diff';
import { type PlanInput, wantedCertificate } from './plan-input';

/** Returns a draft with the question before its steps, where there is one to ask, and what guards it else. */
export function withProbe(input: PlanInput, diff: Diff, draft: Draft): Draft {
  const issuer = unreadIssuer(input, diff, draft);
  if (issuer === undefined) return draft;
  const failure = issuerStateOf(input.live, issuer)?.probeFailure;
  const name = formatIssuerRef(issuer);
  const { notes = [] } = draft;
  if (failure !== undefined) return { ...draft, notes: [...notes, unguarded(input, name, failure)] };
  const guard = `The CA of ${name} cannot be read. Before anything is changed, a certificate request shows which root it signs with.`;
  const other = 'If that is another root than pods trust, the run ends there unless it is acknowledged.';
  return { ...draft, steps: [probeStep(input, issuer), ...draft.steps], notes: [...notes, `${guard} ${other}`] };
}

function unguarded({ bundle }: PlanInput, issuer: string, failure: string): string {
  const known = `Which root ${issuer} signs with could not be found out (${failure}).`;
  return bundle.desired.executor === 'native'
    ? `${known} The issued certificates are held against what pods trust before the first pod restarts.`
    : `${known} KubeDB restarts pods as soon as certificates are issued: another root is reported then, and cannot be stopped.`;
}

/** Returns the issuer of what pods will serve, if pods trust something by now that its root may differ from. */
function unreadIssuer(input: PlanInput, { cutoverCause, reissued }: Diff, { steps }: Draft): IssuerRef | undefined {
  const { bundle, live } = input;
  if (bundle.tls === 'off' || tlsStateOf(live.kafka?.spec) === 'off' || !reissued.has('server') || cutoverCause?.kind === 'protocol')
    return undefined;
  // A request that the ops-manager has begun cannot be held back. A run of `native` that was ended before it issued asks again:
  // what the first run learnt of the root went with it.
  const isRunning = bundle.desired.executor === 'ops-request' && steps.some((s) => s.kind === 'submitOpsRequest' && s.isContinued);
  const trusts = live.secrets.some((s) => (s.ca ?? []).length > 0 && live.pods.some((p) => p.certificateSecret === s.name));
  return isRunning || !trusts ? undefined : unreadableIssuer(input);
}

/** Tells whether a certificate request will show the root of what pods will serve. */
export function isRootShownLater(input: PlanInput): boolean {
  const issuer = unreadableIssuer(input);
  return issuer !== undefined && issuerStateOf(input.live, issuer)?.probeFailure === undefined;
}

/** Returns the issuer of what pods serve if only a certificate request shows what it signs with. */
function unreadableIssuer({ bundle, live }: PlanInput): IssuerRef | undefined {
  if (bundle.tls === 'off') return undefined;
  const issuer = issuerOf(bundle.tls, 'server');
  const state = issuerStateOf(live, issuer);
  const isOurs = bundle.issuerManifests.some((m) => m.kind === issuer.kind && m.metadata.name === issuer.name);
  const isThere = state?.object !== undefined || state?.unknown !== undefined;
  const isPublic = state?.object?.spec?.acme !== undefined;
  if (isOurs || !isThere || isPublic || state?.caProblem !== undefined || state?.ca !== undefined || state?.caPublicKeys !== undefined)
    return undefined;
  return isSelfSigned(live, issuer) ? undefined : issuer;
}

function probeStep(input: PlanInput, issuer: IssuerRef): ProbeStep {
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

/** As short as cert-manager's own certificates may be. */
const PROBE_DURATION = '1h';
