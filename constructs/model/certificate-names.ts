/**
 * Which texts can stand in a certificate as a DNS name, an IP address, a URI or an e-mail address.
 *
 * cert-manager's webhook looks at addresses and e-mail only. Go refuses to encode what is not ASCII, so that such a Certificate is never
 * issued. Everything else would be issued, and no client would find a match in it. Each list is in the order in which its rules are asked;
 * the first one that applies explains the mistake.
 *
 * Source: cert-manager's webhook; Go `net.ParseIP`, `net/mail`, `net/url` and `crypto/x509`; RFC 1123 and RFC 9525; Java's HostnameChecker.
 */
import type { AlternativeNameField } from './certificate-fields';
import { isIpAddress } from './ip-address';

interface NameRule {
  readonly applies: (text: string) => boolean;
  /** The reason, and a sentence that says what to write instead. */
  readonly message: string | ((text: string) => string);
}

const SEPARATE = 'Write each one as a separate entry of the list, without spaces.';

const labels = (name: string) => name.split('.');

const DNS_NAME_RULES: readonly NameRule[] = [
  { applies: (name) => name === '', message: 'a DNS name is not empty. Write a name, or remove the entry.' },
  {
    applies: (name) => isIpAddress(withoutBrackets(name)),
    message: 'it is an IP address, and clients do not look for addresses among the DNS names. Put it into ipAddresses.',
  },
  { applies: isAddressRange, message: 'it is a range of addresses, and a certificate names single ones. Put each into ipAddresses.' },
  {
    applies: (name) => name.includes('://'),
    message: (name) =>
      `it is a URL, and clients compare the host name alone. Write ${quotedHost(name)}. If the URL itself must be in the certificate, put it into uris.`,
  },
  { applies: (name) => /[\s,;]/.test(name), message: `a DNS name has no spaces, commas or semicolons. ${SEPARATE}` },
  { applies: (name) => name.includes('@'), message: 'it is an e-mail address. Put it into emailAddresses.' },
  {
    applies: (name) => /:\d*$/.test(name),
    message: (name) => `a certificate names hosts, not ports. Write ${quotedHost(`http://${name}`)}.`,
  },
  {
    applies: (name) => !isAscii(name),
    message: (name) =>
      `a certificate holds DNS names in ASCII, so cert-manager would never issue it. Write it in punycode: ${quotedHost(`http://${name}`)}.`,
  },
  {
    applies: (name) => name.endsWith('.'),
    message: (name) => `a DNS name in a certificate has no final dot. Write "${name.replace(/\.+$/, '')}".`,
  },
  { applies: (name) => labels(name).includes(''), message: 'a part between two dots is empty. Remove the dot.' },
  { applies: (name) => name.length > 253, message: 'a DNS name has at most 253 characters. Use a shorter name.' },
  {
    applies: (name) => labels(name).some((label) => label.length > 63),
    message: 'each part of a DNS name has at most 63 characters. Use a shorter name.',
  },
  {
    applies: (name) =>
      labels(name).length === 1 ? name.includes('*') : labels(name).some((l, i) => l.includes('*') && (i > 0 || l !== '*')),
    message:
      'a wildcard stands for the whole first part of a name; clients match no other one. Write it as "*.kafka.example.org", or list the names.',
  },
  {
    applies: (name) => name.includes('_'),
    message: 'a host name has no underscore, and Java clients refuse to compare one that has. Give the host a name with "-" instead.',
  },
  {
    applies: (name) => labels(name).some((label) => label !== '*' && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(label)),
    message: 'a DNS name is made of letters, digits and "-", and no part begins or ends with "-". Correct the name, or remove it.',
  },
  {
    applies: (name) => /(^|\.)\d+$/.test(name),
    message:
      'a host name does not end with a number, so clients take it for an IP address. Correct the address and put it into ipAddresses, or correct the name.',
  },
];

const IP_ADDRESS_RULES: readonly NameRule[] = [
  { applies: (ip) => ip === '', message: 'an IP address is not empty. Write an address, or remove the entry.' },
  { applies: (ip) => /[\s,;]/.test(ip), message: `that is not an IP address: it has spaces, commas or semicolons. ${SEPARATE}` },
  { applies: isAddressRange, message: 'it is a range of addresses, and a certificate names single ones. List the addresses.' },
  {
    applies: (ip) => ip !== withoutBrackets(ip) && isIpAddress(withoutBrackets(ip)),
    message: (ip) => `that is not an IP address: the brackets belong to URLs. Write "${withoutBrackets(ip)}".`,
  },
  {
    applies: (ip) => ip.includes('%') && isIpAddress(ip.split('%')[0] ?? ''),
    message: (ip) => `a certificate has no place for the zone of an address. Write "${ip.split('%')[0]}".`,
  },
  {
    applies: (ip) => /^\d+(\.\d+){3}:\d+$|^\[.*\]:\d+$/.test(ip),
    message: 'a certificate names addresses, not ports. Remove the port.',
  },
  {
    applies: (ip) => /^\d+(\.\d+){3}$/.test(ip) && /(^|\.)0\d/.test(ip),
    message: (ip) => `that is not an IP address: Go refuses leading zeros. Write "${ip.split('.').map(Number).join('.')}".`,
  },
  { applies: (ip) => /^[\d.]+$/.test(ip) && !isIpAddress(ip), message: 'that is not an IP address. Write four numbers up to 255.' },
  { applies: (ip) => !isIpAddress(ip), message: 'that is not an IP address. Put names into dnsNames.' },
];

const example = 'such as "spiffe://example.org/billing"';

const URI_TEXT = /^([-\w.~:/?#[\]@!$&'()*+,;=]|%[0-9a-fA-F]{2})+$/;
/** Go drops an empty host and an empty fragment, and refuses an escaped host. */
const URI_PARTS = /^[^:]+:(?!\/\/([?#]|$))(?!\/\/[^/?#]*%)[^#]*(#[^#[\]]+)?$/;

/** cert-manager compares the text with what Go makes of it. A URI that Go would write differently is therefore issued again for ever. */
const URI_RULES: readonly NameRule[] = [
  { applies: (uri) => uri === '', message: 'a URI is not empty. Write a URI, or remove the entry.' },
  {
    applies: (uri) => !isAscii(uri),
    message:
      'a certificate holds URIs in ASCII, so cert-manager would never issue it. Escape other characters with "%", and write host names in punycode.',
  },
  {
    applies: (uri) => !/^[a-z][-+.a-z0-9]*:/.test(uri),
    message: `a URI begins with a scheme in lower-case letters. Write it with its scheme, ${example}. Put host names into dnsNames.`,
  },
  {
    applies: (uri) => !URI_TEXT.test(uri) || !URI_PARTS.test(uri) || !URL.canParse(uri),
    message: `that is not a URI. Write it ${example}, and escape spaces and other special characters with "%".`,
  },
];

const atom = "[-\\w!#$%&'*+/=?^`{|}~]+";
const address = new RegExp(`^${atom}(\\.${atom})*@${atom}(\\.${atom})*$`);

const EMAIL_ADDRESS_RULES: readonly NameRule[] = [
  { applies: (mail) => mail === '', message: 'an e-mail address is not empty. Write an address, or remove the entry.' },
  {
    applies: (mail) => !isAscii(mail),
    message:
      'a certificate holds e-mail addresses in ASCII, so cert-manager would never issue it. Use an address in ASCII, with its domain in punycode.',
  },
  { applies: (mail) => !address.test(mail), message: 'that is not a bare e-mail address. Write it as "team@example.org".' },
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

const RULES: Readonly<Record<AlternativeNameField, readonly NameRule[]>> = {
  dnsNames: DNS_NAME_RULES,
  ipAddresses: IP_ADDRESS_RULES,
  uris: URI_RULES,
  emailAddresses: EMAIL_ADDRESS_RULES,
};

/** Returns why a text cannot stand in one of these fields, and what to write instead; undefined when it can. */
export function nameProblem(field: AlternativeNameField, text: string): string | undefined {
  const message = RULES[field].find((rule) => rule.applies(text))?.message;
  return typeof message === 'function' ? message(text) : message;
}
