/**
 * Which texts can stand in a certificate as a DNS name, an IP address, a URI or an e-mail address.
 *
 * cert-manager's webhook looks at addresses and e-mail only. Go refuses to encode what is not ASCII, so that such a Certificate is never
 * issued. Everything else would be issued, and no client would find a match in it. Each function asks its questions in an order in which the
 * first answer explains the mistake.
 *
 * Source: cert-manager's webhook; Go `net.ParseIP`, `net/mail`, `net/url` and `crypto/x509`; RFC 1123 and RFC 9525; Java's HostnameChecker.
 */
import { isIP } from 'node:net';
import type { AlternativeNameField } from './certificate-fields';

/** Returns why a text cannot stand in one of these fields, and what to write instead; undefined when it can. */
export function nameProblem(field: AlternativeNameField, text: string): string | undefined {
  return PROBLEMS[field](text);
}

const PROBLEMS: Readonly<Record<AlternativeNameField, (text: string) => string | undefined>> = {
  dnsNames: dnsNameProblem,
  ipAddresses: ipAddressProblem,
  uris: uriProblem,
  emailAddresses: emailAddressProblem,
};

const SEPARATE = 'Write each one as a separate entry of the list, without spaces.';

function dnsNameProblem(name: string): string | undefined {
  const labels = name.split('.');
  if (name === '') return 'a DNS name is not empty. Write a name, or remove the entry.';
  if (isIpAddress(withoutBrackets(name)))
    return 'it is an IP address, and clients do not look for addresses among the DNS names. Put it into ipAddresses.';
  if (isAddressRange(name)) return 'it is a range of addresses, and a certificate names single ones. Put each into ipAddresses.';
  if (name.includes('://'))
    return `it is a URL, and clients compare the host name alone. Write ${quotedHost(name)}. If the URL itself must be in the certificate, put it into uris.`;
  if (/[\s,;]/.test(name)) return `a DNS name has no spaces, commas or semicolons. ${SEPARATE}`;
  if (name.includes('@')) return 'it is an e-mail address. Put it into emailAddresses.';
  if (/:\d*$/.test(name)) return `a certificate names hosts, not ports. Write ${quotedHost(`http://${name}`)}.`;
  if (!isAscii(name))
    return `a certificate holds DNS names in ASCII, so cert-manager would never issue it. Write it in punycode: ${quotedHost(`http://${name}`)}.`;
  if (name.endsWith('.')) return `a DNS name in a certificate has no final dot. Write "${name.replace(/\.+$/, '')}".`;
  if (labels.includes('')) return 'a part between two dots is empty. Remove the dot.';
  if (name.length > 253) return 'a DNS name has at most 253 characters. Use a shorter name.';
  if (labels.some((label) => label.length > 63)) return 'each part of a DNS name has at most 63 characters. Use a shorter name.';
  if (labels.some((label, i) => label.includes('*') && (i > 0 || label !== '*' || labels.length === 1)))
    return 'a wildcard stands for the whole first part of a name; clients match no other one. Write it as "*.kafka.example.org", or list the names.';
  if (name.includes('_'))
    return 'a host name has no underscore, and Java clients refuse to compare one that has. Give the host a name with "-" instead.';
  if (labels.some((label) => label !== '*' && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(label)))
    return 'a DNS name is made of letters, digits and "-", and no part begins or ends with "-". Correct the name, or remove it.';
  if (/(^|\.)\d+$/.test(name))
    return 'a host name does not end with a number, so clients take it for an IP address. Correct the address and put it into ipAddresses, or correct the name.';
  return undefined;
}

function ipAddressProblem(ip: string): string | undefined {
  const [withoutZone = ''] = ip.split('%');
  if (isIpAddress(ip)) return undefined;
  if (ip === '') return 'an IP address is not empty. Write an address, or remove the entry.';
  if (/[\s,;]/.test(ip)) return `that is not an IP address: it has spaces, commas or semicolons. ${SEPARATE}`;
  if (isAddressRange(ip)) return 'it is a range of addresses, and a certificate names single ones. List the addresses.';
  if (isIpAddress(withoutBrackets(ip))) return `that is not an IP address: the brackets belong to URLs. Write "${withoutBrackets(ip)}".`;
  if (isIpAddress(withoutZone)) return `a certificate has no place for the zone of an address. Write "${withoutZone}".`;
  if (/^\d+(\.\d+){3}:\d+$|^\[.*\]:\d+$/.test(ip)) return 'a certificate names addresses, not ports. Remove the port.';
  if (/^\d+(\.\d+){3}$/.test(ip) && /(^|\.)0\d/.test(ip))
    return `that is not an IP address: Go refuses leading zeros. Write "${ip.split('.').map(Number).join('.')}".`;
  if (/^[\d.]+$/.test(ip)) return 'that is not an IP address. Write four numbers up to 255.';
  return 'that is not an IP address. Put names into dnsNames.';
}

const EXAMPLE = 'such as "spiffe://example.org/billing"';
const URI_TEXT = /^([-\w.~:/?#[\]@!$&'()*+,;=]|%[0-9a-fA-F]{2})+$/;
/** Go drops an empty host and an empty fragment, and refuses an escaped host. */
const URI_PARTS = /^[^:]+:(?!\/\/([?#]|$))(?!\/\/[^/?#]*%)[^#]*(#[^#[\]]+)?$/;

/** cert-manager compares the text with what Go makes of it. A URI that Go would write differently is therefore issued again for ever. */
function uriProblem(uri: string): string | undefined {
  if (uri === '') return 'a URI is not empty. Write a URI, or remove the entry.';
  if (!isAscii(uri))
    return 'a certificate holds URIs in ASCII, so cert-manager would never issue it. Escape other characters with "%", and write host names in punycode.';
  if (!/^[a-z][-+.a-z0-9]*:/.test(uri))
    return `a URI begins with a scheme in lower-case letters. Write it with its scheme, ${EXAMPLE}. Put host names into dnsNames.`;
  if (!URI_TEXT.test(uri) || !URI_PARTS.test(uri) || !URL.canParse(uri))
    return `that is not a URI. Write it ${EXAMPLE}, and escape spaces and other special characters with "%".`;
  return undefined;
}

const ATOM = "[-\\w!#$%&'*+/=?^`{|}~]+";
const MAIL = new RegExp(`^${ATOM}(\\.${ATOM})*@${ATOM}(\\.${ATOM})*$`);

function emailAddressProblem(mail: string): string | undefined {
  if (mail === '') return 'an e-mail address is not empty. Write an address, or remove the entry.';
  if (!isAscii(mail))
    return 'a certificate holds e-mail addresses in ASCII, so cert-manager would never issue it. Use an address in ASCII, with its domain in punycode.';
  return MAIL.test(mail) ? undefined : 'that is not a bare e-mail address. Write it as "team@example.org".';
}

/** Tells whether Go's `net.ParseIP` accepts the text, which cert-manager's webhook uses. Unlike Node, Go knows no zones there. */
function isIpAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

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
