/** The certificate that each listener serves, compared with the desired one. */
import { formatRef, KINDS, type ObjectRef, ref } from '#model/kube-object';
import { formatIssuerRef, type TlsState } from '#model/tls';
import type { Observation, Served } from '../model/observation';
import { printable, printableJson, sentence } from './printable';
import { painterOf, paragraph, type Style } from './style';
import { formatTable } from './table';

/** A listener that serves another certificate than desired, or whose certificate is unknown. */
export interface Mismatch {
  readonly subject: ObjectRef;
  readonly problem: string;
  readonly isUnknown: boolean;
}

export interface Verification {
  readonly live: Observation;
  /** The desired TLS state. */
  readonly tls: TlsState;
  readonly mismatches: readonly Mismatch[];
}

/** Returns a verification as text for a terminal, with a line break at its end. */
export function verificationText(verification: Verification, style: Style): string {
  const { live, tls, mismatches } = verification;
  const paint = painterOf(style);
  const state = tls === 'off' ? 'TLS: off' : `TLS: on (issuer ${formatIssuerRef(tls.issuerRef)})`;
  const blocks = [`${paint.bold(formatRef(subjectOf(live)))}  ${printable(state)}`];
  const rows = servedRows(live);
  if (rows.length > 0) {
    const heading = ['SUBJECT', 'LISTENER', 'SERVES', 'CERTIFICATE', 'UNTIL'];
    blocks.push(formatTable([heading, ...rows], style, (cell, _, row) => (row === 0 ? paint.dim(cell) : cell)).join('\n'));
  }
  if (mismatches.length > 0) {
    const lines = mismatches.map((m) => printable(sentence(`${formatRef(m.subject)}: ${m.problem}`)));
    blocks.push(lines.map((line, i) => (mismatches[i]?.isUnknown ? paint.yellow : paint.red)(paragraph(line, style, '  '))).join('\n'));
  }
  blocks.push(verdictLine(verification));
  return `${blocks.join('\n\n')}\n`;
}

/** Returns the verdict in one sentence. */
export function verdictLine({ live, tls, mismatches }: Verification): string {
  const listeners = live.pods.reduce((sum, pod) => sum + pod.served.length, 0);
  const wrong = mismatches.filter((m) => !m.isUnknown).length;
  const unknown = mismatches.length - wrong;
  if (live.pods.length === 0 && mismatches.length === 0) return 'Not verified: the Kafka has no pod.';
  if (mismatches.length === 0) {
    const served = tls === 'off' ? 'plaintext' : 'what its Secret holds';
    return `Verified: ${count(listeners, 'listener')} of ${count(live.pods.length, 'pod')}, each serves ${served}.`;
  }
  const parts = [wrong > 0 ? count(wrong, 'mismatch', 'mismatches') : '', unknown > 0 ? `${unknown} unknown` : ''];
  return `Not verified: ${parts.filter((part) => part !== '').join(', ')}.`;
}

/** Returns a verification for programs, as one JSON document with a line break at its end. */
export function verificationJson(verification: Verification): string {
  const { live, mismatches } = verification;
  const document = {
    subject: formatRef(subjectOf(live)),
    verified: mismatches.length === 0 && live.pods.length > 0,
    observedAt: live.observedAt,
    listeners: live.pods.flatMap((pod) => pod.served.map((s) => ({ pod: pod.name, ...s }))),
    mismatches: mismatches.map((m) => ({ subject: formatRef(m.subject), problem: m.problem, isUnknown: m.isUnknown })),
  };
  return `${printableJson(document, 2)}\n`;
}

function subjectOf(live: Observation): ObjectRef {
  return ref(KINDS.Kafka, live.namespace, live.name);
}

function servedRows(live: Observation): readonly (readonly string[])[] {
  return live.pods.flatMap((pod) =>
    pod.served.map((served) => {
      const subject = formatRef(ref(KINDS.Pod, live.namespace, pod.name));
      return [subject, served.listener, ...servedCells(served)].map(printable);
    }),
  );
}

function servedCells({ protocol, because, leaf }: Served): readonly string[] {
  if (protocol === 'unknown') return ['unknown', because ?? '', ''];
  if (leaf === undefined) return [protocol, '', ''];
  // 16 digits distinguish certificates and can be compared with the output of openssl.
  return ['TLS', `sha256:${leaf.fingerprint.slice(0, 16)}`, leaf.notAfter.replace(/\.\d+Z$/, 'Z')];
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
