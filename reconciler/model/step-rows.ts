/** The printed form of a step: one row for each pod, certificate or object that the step holds. */
import type { ObjectRef } from '#model/kube-object';
import { matchStep, type PlannedReload, type PlannedRestart, type Step, type StepCases, type StepPart } from './plan';

export interface StepRow {
  readonly subject: ObjectRef;
  /** What is done, in one word. */
  readonly change: string;
  /** What the step waits for; empty when it does not wait. */
  readonly waitsFor: string;
  readonly why: string;
}

/** Returns the rows of a step, in the order of `partsOf`. */
export function stepRows(step: Step): readonly StepRow[] {
  return matchStep(step, ROWS);
}

const ROWS: StepCases<readonly StepRow[]> = {
  probe: (s) => [row(s, 'probe', { waitsFor: 'answer' })],
  apply: (s) => [row(s, s.change)],
  publishTrustBundle: (s) => [row(s, s.change)],
  create: (s) => [row(s, 'create')],
  retryIssuance: (s) => [row(s, 'retry')],
  reissue: (s) => [row(s, 'issue', { waitsFor: 'issued' })],
  withdrawRoot: (s) => [row(s, 'configure')],
  widenTrust: (s) => [row(s, 'configure', { waitsFor: 'stores' })],
  awaitReady: (s) => [row(s, 'wait', { waitsFor: 'Ready' })],
  awaitHealth: (s) => [row(s, 'wait', { waitsFor: 'Ready', why: "KubeDB's health check must pass" })],
  claimOwnership: (s) => [row(s, 'annotate', { why: `owner ${s.owner}` })],
  record: (s) => [row(s, 'annotate', { why: `records that the change ${s.phase === 'begun' ? 'began' : 'is complete'}` })],
  configure: (s) => [row(s, 'configure')],
  submitOpsRequest: (s) => [
    s.isContinued ? row(s, 'continue') : row(s, 'create', { why: `${s.operation}: ${s.findings[0]?.message ?? ''}` }),
    ...numbered('restart', s.pods, 'Ready'),
  ],
  supersede: (s) => [row(s, 'supersede')],
  pause: (s) => [row(s, 'pause', { why: 'pauses the KubeDB provisioner' })],
  createPassword: (s) => [row(s, 'create')],
  issue: (s) => s.certificates.map((c) => row(c, 'issue', { waitsFor: 'issued' })),
  reconfigure: (s) => s.objects.map((o) => row(o, 'configure')),
  provisionerSync: (s) => [row(s, 'check', { waitsFor: 'KubeDB', why: 'KubeDB must keep what was written' })],
  evict: (s) => numbered('restart', s.pods, 'Ready'),
  reload: (s) => numbered('reload', s.nodes, 'handshakes'),
  verify: (s) => [row(s, 'verify', { waitsFor: 'handshake', why: 'every listener must serve what the TLS state asks for' })],
  resume: (s) => [row(s, 'resume', { why: messagesOf(s) || 'resumes the KubeDB provisioner' })],
  delete: (s) => [row(s, 'delete')],
};

function row(part: StepPart, change: string, { waitsFor = '', why = messagesOf(part) } = {}): StepRow {
  return { subject: part.subject, change, waitsFor, why };
}

function numbered(change: string, pods: readonly (PlannedRestart | PlannedReload)[], waitsFor: string): readonly StepRow[] {
  return pods.map((pod, i) => row(pod, change, { waitsFor, why: `${messagesOf(pod)} (${i + 1} of ${pods.length}, ${pod.place})` }));
}

function messagesOf({ findings }: StepPart): string {
  return [...new Set(findings.map((f) => f.message))].join('; ');
}
