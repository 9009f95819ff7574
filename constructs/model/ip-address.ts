/** IP addresses as Go's `net.ParseIP` parses them, which cert-manager's webhook uses. */

/** Tells whether Go's `net.ParseIP` accepts the text: no leading zeros, no zone, no prefix length, no brackets. */
export function isIpAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  // An embedded IPv4 address ends the text, and is as wide as two groups.
  const [hasIpv4, hex] = isIpv4(text.slice(text.lastIndexOf(':') + 1)) ? [true, groups.slice(0, -1)] : [false, groups];
  const width = groups.length + (hasIpv4 ? 1 : 0);
  return hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) && (halves.length === 2 ? width < 8 : width === 8);
}
