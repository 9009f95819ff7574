/**
 * Which texts can stand in a certificate as a DNS name, an IP address, a URI or an e-mail address.
 *
 * cert-manager's webhook looks at addresses and e-mail only. Go refuses to encode what is not ASCII, so that such a Certificate is never
 * issued. Everything else would be issued, and no client would find a match in it. Each list is in the order in which its rules are asked;
 * the first one that applies explains the mistake.
 *
 * Source: cert-manager's webhook; Go `net.ParseIP`, `net/mail`, `net/url` and `crypto/x509`; RFC 1123 and RFC 9525; Java's HostnameChecker.
 */
import { isIpAddress } from './ip-address';

/** Why a text cannot stand where it does, and what to write instead. */
export interface NameProblem {
  readonly why: string;
  readonly hint: string;
}

interface NameRule extends Omit<NameProblem, 'hint'> {
  readonly applies: (text: string) => boolean;
  readonly hint: string | ((text: string) => string);
}

const SEPARATE = 'Write each one as a separate entry of the list, without spaces.';

const labels = (name: string) => name.split('.');

const DNS_NAME_RULES: readonly NameRule[] = [
  { applies: (name) => name === '', why: 'a DNS name is not empty', hint: 'Write a name, or remove the entry.' },
  {
    applies: (name) => isIpAddress(withoutBrackets(name)),
    why: 'it is an IP address, and clients do not look for addresses among the DNS names',
    hint: 'Put it into ipAddresses.',
  },
  { applies: isAddressRange, why: 'it is a range of addresses, and a certificate names single ones', hint: 'Put each into ipAddresses.' },
  {
    applies: (name) => name.includes('://'),
    why: 'it is a URL, and clients compare the host name alone',
    hint: (name) => `Write ${quotedHost(name)}. If the URL itself must be in the certificate, put it into uris.`,
  },
  { applies: (name) => /[\s,;]/.test(name), why: 'a DNS name has no spaces, commas or semicolons', hint: SEPARATE },
  { applies: (name) => name.includes('@'), why: 'it is an e-mail address', hint: 'Put it into emailAddresses.' },
  {
    applies: (name) => /:\d*$/.test(name),
    why: 'a certificate names hosts, not ports',
    hint: (name) => `Write ${quotedHost(`http://${name}`)}.`,
  },
  {
    applies: (name) => !isAscii(name),
    why: 'a certificate holds DNS names in ASCII, so cert-manager would never issue it',
    hint: (name) => `Write it in punycode: ${quotedHost(`http://${name}`)}.`,
  },
  {
    applies: (name) => name.endsWith('.'),
    why: 'a DNS name in a certificate has no final dot',
    hint: (name) => `Write "${name.replace(/\.+$/, '')}".`,
  },
  { applies: (name) => labels(name).includes(''), why: 'a part between two dots is empty', hint: 'Remove the dot.' },
  { applies: (name) => name.length > 253, why: 'a DNS name has at most 253 characters', hint: 'Use a shorter name.' },
  {
    applies: (name) => labels(name).some((label) => label.length > 63),
    why: 'each part of a DNS name has at most 63 characters',
    hint: 'Use a shorter name.',
  },
  {
    applies: (name) =>
      labels(name).length === 1 ? name.includes('*') : labels(name).some((l, i) => l.includes('*') && (i > 0 || l !== '*')),
    why: 'a wildcard stands for the whole first part of a name; clients match no other one',
    hint: 'Write it as "*.kafka.example.org", or list the names.',
  },
  {
    applies: (name) => name.includes('_'),
    why: 'a host name has no underscore, and Java clients refuse to compare one that has',
    hint: 'Give the host a name with "-" instead.',
  },
  {
    applies: (name) => labels(name).some((label) => label !== '*' && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(label)),
    why: 'a DNS name is made of letters, digits and "-", and no part begins or ends with "-"',
    hint: 'Correct the name, or remove it.',
  },
  {
    applies: (name) => /(^|\.)\d+$/.test(name),
    why: 'a host name does not end with a number, so clients take it for an IP address',
    hint: 'Correct the address and put it into ipAddresses, or correct the name.',
  },
];

const IP_ADDRESS_RULES: readonly NameRule[] = [
  { applies: (ip) => ip === '', why: 'an IP address is not empty', hint: 'Write an address, or remove the entry.' },
  { applies: (ip) => /[\s,;]/.test(ip), why: 'that is not an IP address: it has spaces, commas or semicolons', hint: SEPARATE },
  { applies: isAddressRange, why: 'it is a range of addresses, and a certificate names single ones', hint: 'List the addresses.' },
  {
    applies: (ip) => ip !== withoutBrackets(ip) && isIpAddress(withoutBrackets(ip)),
    why: 'that is not an IP address: the brackets belong to URLs',
    hint: (ip) => `Write "${withoutBrackets(ip)}".`,
  },
  {
    applies: (ip) => ip.includes('%') && isIpAddress(ip.split('%')[0] ?? ''),
    why: 'a certificate has no place for the zone of an address',
    hint: (ip) => `Write "${ip.split('%')[0]}".`,
  },
  {
    applies: (ip) => /^\d+(\.\d+){3}:\d+$|^\[.*\]:\d+$/.test(ip),
    why: 'a certificate names addresses, not ports',
    hint: 'Remove the port.',
  },
  {
    applies: (ip) => /^\d+(\.\d+){3}$/.test(ip) && /(^|\.)0\d/.test(ip),
    why: 'that is not an IP address: Go refuses leading zeros',
    hint: (ip) => `Write "${ip.split('.').map(Number).join('.')}".`,
  },
  { applies: (ip) => /^[\d.]+$/.test(ip) && !isIpAddress(ip), why: 'that is not an IP address', hint: 'Write four numbers up to 255.' },
  { applies: (ip) => !isIpAddress(ip), why: 'that is not an IP address', hint: 'Put names into dnsNames.' },
];

const example = 'such as "spiffe://example.org/billing"';

const URI_TEXT = /^([-\w.~:/?#[\]@!$&'()*+,;=]|%[0-9a-fA-F]{2})+$/;
/** Go drops an empty host and an empty fragment, and refuses an escaped host. */
const URI_PARTS = /^[^:]+:(?!\/\/([?#]|$))(?!\/\/[^/?#]*%)[^#]*(#[^#[\]]+)?$/;

/** cert-manager compares the text with what Go makes of it. A URI that Go would write differently is therefore issued again for ever. */
const URI_RULES: readonly NameRule[] = [
  { applies: (uri) => uri === '', why: 'a URI is not empty', hint: 'Write a URI, or remove the entry.' },
  {
    applies: (uri) => !isAscii(uri),
    why: 'a certificate holds URIs in ASCII, so cert-manager would never issue it',
    hint: 'Escape other characters with "%", and write host names in punycode.',
  },
  {
    applies: (uri) => !/^[a-z][-+.a-z0-9]*:/.test(uri),
    why: 'a URI begins with a scheme in lower-case letters',
    hint: `Write it with its scheme, ${example}. Put host names into dnsNames.`,
  },
  {
    applies: (uri) => !URI_TEXT.test(uri) || !URI_PARTS.test(uri) || !URL.canParse(uri),
    why: 'that is not a URI',
    hint: `Write it ${example}, and escape spaces and other special characters with "%".`,
  },
];

const atom = "[-\\w!#$%&'*+/=?^`{|}~]+";
const address = new RegExp(`^${atom}(\\.${atom})*@${atom}(\\.${atom})*$`);

const EMAIL_ADDRESS_RULES: readonly NameRule[] = [
  { applies: (mail) => mail === '', why: 'an e-mail address is not empty', hint: 'Write an address, or remove the entry.' },
  {
    applies: (mail) => !isAscii(mail),
    why: 'a certificate holds e-mail addresses in ASCII, so cert-manager would never issue it',
    hint: 'Use an address in ASCII, with its domain in punycode.',
  },
  { applies: (mail) => !address.test(mail), why: 'that is not a bare e-mail address', hint: 'Write it as "team@example.org".' },
];

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function withoutBrackets(text: string): string {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
}

function isAddressRange(text: string): boolean {
  const [address = '', length] = text.split('/');
  return length !== undefined && /^\d+$/.test(length) && isIpAddress(address);
}

/** Returns the host of a URL in quotes, in punycode where necessary. */
function quotedHost(url: string): string {
  return URL.canParse(url) && new URL(url).hostname !== '' ? `"${new URL(url).hostname}"` : 'the host name alone';
}

const RULES = { dnsNames: DNS_NAME_RULES, ipAddresses: IP_ADDRESS_RULES, uris: URI_RULES, emailAddresses: EMAIL_ADDRESS_RULES } as const;

/** Fields of a certificate that list such names. */
export type NameField = keyof typeof RULES;
export const NAME_FIELDS = Object.keys(RULES) as readonly NameField[];

/** Returns why a text cannot stand in one of these fields; undefined when it can. */
export function nameProblem(field: NameField, text: string): NameProblem | undefined {
  const rule = RULES[field].find((r) => r.applies(text));
  return rule && { why: rule.why, hint: typeof rule.hint === 'string' ? rule.hint : rule.hint(text) };
}
