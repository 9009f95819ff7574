/**
 * Changes that were acknowledged in Git. Each acknowledgement names the end state of one change so exactly that it approves no other one.
 *
 *     kind                  exact form                                    short form
 *     clientsMoveToTls      `content`: the TLS state that is turned on    none: the first time that TLS is turned on
 *     clientsLeaveTls       `content`: the TLS state that is turned off   none: the first time that TLS is turned off
 *     trustRootChangesTo    `root`: SHA-256 of the root certificate       `issuer`: the Kafka changes to another issuer of this name
 *     ephemeralDataIsLost   `content`: the desired TLS state              -
 *
 * Which of them a change needs is decided by `reconciler/plan/acknowledgement.ts`.
 */
import { isDnsSubdomain } from './kubernetes-names';
import type { Rule } from './rules';
import { type Infer, map, NON_EMPTY, oneOf, optional, stringThat } from './schema';

export const ACKNOWLEDGEMENTS = ['clientsMoveToTls', 'clientsLeaveTls', 'trustRootChangesTo', 'ephemeralDataIsLost'] as const;

/** Content hash of a TLS state, which is also the end of the name of a converging request. */
const CONTENT = /^[0-9a-f]{8}(-[1-9]\d{0,5})?$/;
const FINGERPRINT = /^[0-9a-f]{64}$/;

export const ACKNOWLEDGED = map({
  kind: oneOf(ACKNOWLEDGEMENTS),
  /** Only for `trustRootChangesTo`: the name of the issuer that the Kafka changes to. */
  issuer: optional(NON_EMPTY),
  /** Only for `trustRootChangesTo`: SHA-256 of the root certificate, 64 lower-case hexadecimal digits. */
  root: optional(stringThat('a SHA-256 fingerprint of 64 hexadecimal digits', isFingerprint)),
  /** Not for `trustRootChangesTo`: the content hash of a TLS state; for `ephemeralDataIsLost` with `-2`, `-3` from the second loss on. */
  content: optional(stringThat('the content of a TLS state such as 22be769b', isContent)),
});
/** An acknowledgement in a bundle. */
export type Acknowledged = Infer<typeof ACKNOWLEDGED>;

/** Returns the acknowledgement of a root: by its fingerprint if the text is one in any usual spelling, else by the name of an issuer. */
export function acknowledgedRoot(text: string): Acknowledged {
  const root = fingerprintIn(text);
  return root === undefined ? { kind: 'trustRootChangesTo', issuer: text } : { kind: 'trustRootChangesTo', root };
}

/** Reads `sha256:ab..`, OpenSSL's `sha256 Fingerprint=AB:CD:..` and keytool's `SHA256: AB:CD:..`. */
function fingerprintIn(text: string): string | undefined {
  const digits = text
    .trim()
    .replace(/^sha-?256(\s+fingerprint)?\s*[:=]\s*/i, '')
    .toLowerCase();
  if (FINGERPRINT.test(digits)) return digits;
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/.test(digits) ? digits.replaceAll(':', '') : undefined;
}

/** Returns the acknowledgement as the user writes it: `Acknowledgement.trustRootChangesTo('orders-ca-2')`. */
export function formatAcknowledgement({ kind, root, issuer, content }: Acknowledged): string {
  const argument = root ?? issuer ?? content;
  return `Acknowledgement.${kind}(${argument === undefined ? '' : `'${argument}'`})`;
}

/** Tells whether a value is a SHA-256 fingerprint in the spelling of a bundle. */
export function isFingerprint(text: unknown): boolean {
  return typeof text === 'string' && FINGERPRINT.test(text);
}

/** Tells whether a value is the content of a TLS state. */
export function isContent(text: unknown): boolean {
  return typeof text === 'string' && CONTENT.test(text);
}

export const ACKNOWLEDGEMENT_RULES: readonly Rule[] = [
  {
    field: 'acknowledge[].issuer',
    // A name of nothing but 40 or more hexadecimal digits is a fingerprint of another kind, or one that was cut.
    must: (issuer) => isDnsSubdomain(issuer) && !/^[0-9a-f]{40,}$/.test(issuer),
    message:
      'that is neither the SHA-256 fingerprint of a root certificate nor the name of an issuer. ' +
      'Use 64 hexadecimal digits, or the name of the issuer that the Kafka changes to.',
  },
  {
    field: 'acknowledge[].content',
    must: isContent,
    message: 'that is not the content of a TLS state, such as "22be769b". Copy the acknowledgement from the plan.',
  },
];
