/**
 * Subject alternative names in the spelling in which they are compared. Two names are the same if a certificate with one of them serves the
 * same peers as a certificate with the other.
 *
 * A trailing dot counts: neither Java nor Go accepts a certificate with the name `a.example.org.` for the host `a.example.org`.
 */

/** Returns a DNS name in lower case: DNS names are compared without regard to case. Source: RFC 5280, 4.2.1.6. */
export function canonicalDnsName(name: string): string {
  return name.toLowerCase();
}

/**
 * Returns an IP address in its shortest spelling. An IPv4 address that is written as an IPv6 address is that IPv4 address: Go's `net.ParseIP`
 * makes no difference, and x509 writes four bytes for it. A text that is not an address is not changed.
 */
export function canonicalIpAddress(text: string): string {
  if (!/^[0-9a-f:.]+$/i.test(text) || !text.includes(':') || !URL.canParse(`http://[${text}]`)) return text;
  const address = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (mapped === null) return address;
  return mapped
    .slice(1)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}

/** Returns a URI with scheme and host in lower case. The case of path, query and fragment counts. */
export function canonicalUri(uri: string): string {
  return uri.replace(/^[a-z][a-z0-9+.-]*:(\/\/[^/?#]*)?/i, (start) => start.toLowerCase());
}

/** Returns an e-mail address with its domain in lower case. The case of the local part counts. */
export function canonicalEmailAddress(address: string): string {
  return address.replace(/@[^@]*$/, (domain) => domain.toLowerCase());
}
